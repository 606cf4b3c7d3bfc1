// The recent messages of one channel: loaded once, then kept current by the event stream.
import { answered } from "../api/connection";
import { asProblem, type Problem } from "../api/problem";
import type { Message } from "../api/types";
import { app } from "./app.svelte";

const PAGE = 30;

export class Messages {
  list = $state.raw<Message[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  next = $state<string | null>(null);

  constructor(readonly channel: string) {}

  async load(): Promise<void> {
    this.problem = null;
    try {
      const page = await this.#page(null);
      this.list = page.items;
      this.next = page.next_cursor;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  async more(): Promise<void> {
    const page = await this.#page(this.next);
    const known = new Set(this.list?.map((message) => message.id));
    this.list = [...(this.list ?? []), ...page.items.filter((message) => !known.has(message.id))];
    this.next = page.next_cursor;
  }

  /** Follows the stream until the returned function is called. */
  follow(): () => void {
    return app.live.listen((event) => {
      if (event.channel_id === this.channel && event.data.message) this.put(event.data.message);
    });
  }

  /** The message as its newest event shows it: events come in the order of what happened. */
  put(message: Message): void {
    const list = this.list ?? [];
    const at = list.findIndex((known) => known.id === message.id);
    this.list = at < 0 ? [message, ...list] : list.with(at, message);
  }

  /** A message as a request was answered, which may be later than the events that made the answer old. */
  add(message: Message): void {
    if (!this.get(message.id)) this.put(message);
  }

  get(id: string): Message | undefined {
    return this.list?.find((known) => known.id === id);
  }

  #page(cursor: string | null) {
    return answered(
      app.api.http.GET("/v1/channels/{id}/messages", {
        params: { path: { id: this.channel }, query: cursor ? { limit: PAGE, cursor } : { limit: PAGE } },
      }),
    );
  }
}
