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

  put(message: Message): void {
    const list = this.list ?? [];
    const at = list.findIndex((known) => known.id === message.id);
    if (at < 0) this.list = [message, ...list];
    // An answer to a request may arrive after the event that made it old.
    else if (list[at]!.updated_at <= message.updated_at) this.list = list.with(at, message);
  }

  #page(cursor: string | null) {
    return answered(
      app.api.http.GET("/v1/channels/{id}/messages", {
        params: { path: { id: this.channel }, query: cursor ? { limit: PAGE, cursor } : { limit: PAGE } },
      }),
    );
  }
}
