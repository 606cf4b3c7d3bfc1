// One shelf of the outbox (failed, waiting, scheduled): loaded once, then kept current by the event stream.
import { outboxPage, type Part } from "../api/outbox";
import { asProblem, type Problem } from "../api/problem";
import type { Message } from "../api/types";
import { shelfOf, type Shelf as Name } from "../parts/outbox";
import { app } from "./app.svelte";

const PAGE = 50;
const PARTS: Record<Name, Part[]> = { failed: ["failed"], waiting: ["sending", "queued"], scheduled: ["scheduled"] };

export class Shelf {
  list = $state.raw<Message[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  more = $state(false);

  #next: (string | null)[];
  // What the stream said while a page was on its way is newer than the page.
  #meanwhile = new Map<string, Message>();
  #asking = 0;

  constructor(
    readonly name: Name,
    readonly channel: string,
  ) {
    this.#next = PARTS[name].map(() => null);
  }

  async load(): Promise<void> {
    try {
      const pages = await this.#asked(() => Promise.all(PARTS[this.name].map((part) => this.#page(part, null))));
      this.problem = null;
      this.#next = pages.map((page) => page.next_cursor ?? null);
      this.#fill(pages.flatMap((page) => page.items));
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  async further(): Promise<void> {
    const pages = await this.#asked(() =>
      Promise.all(PARTS[this.name].map((part, n) => (this.#next[n] ? this.#page(part, this.#next[n] ?? null) : null))),
    );
    this.#next = pages.map((page) => page?.next_cursor ?? null);
    this.#fill([...(this.list ?? []), ...pages.flatMap((page) => page?.items ?? [])]);
  }

  /** A message as it is now: here, gone from here, or none of this shelf's business. */
  put(message: Message): void {
    if (this.channel && message.channel_id !== this.channel) return;
    if (this.#asking > 0) this.#meanwhile.set(message.id, message);
    if (this.list) this.list = this.#placed(this.list, message);
  }

  remove(id: string): void {
    this.list = this.list?.filter((known) => known.id !== id) ?? null;
  }

  /** Takes off what no longer belongs here because time passed: a scheduled message whose moment came. */
  sweep(now: number): Message[] {
    const gone = this.list?.filter((message) => shelfOf(message, now) !== this.name) ?? [];
    if (gone.length) this.list = this.list?.filter((message) => shelfOf(message, now) === this.name) ?? null;
    return gone;
  }

  #placed(list: Message[], message: Message): Message[] {
    const at = list.findIndex((known) => known.id === message.id);
    const here = shelfOf(message, Date.now()) === this.name;
    if (at >= 0) return here ? list.with(at, message) : list.toSpliced(at, 1);
    if (!here) return list;
    // The newest failures first; what waits joins at the end, if the end is in sight.
    if (this.name === "failed") return [message, ...list];
    return this.more ? list : [...list, message];
  }

  #fill(messages: Message[]): void {
    this.more = this.#next.some((next) => next !== null);
    const known = new Set<string>();
    let list = messages.filter((message) => !known.has(message.id) && known.add(message.id));
    for (const message of this.#meanwhile.values()) list = this.#placed(list, message);
    if (this.#asking === 0) this.#meanwhile.clear();
    this.list = list;
  }

  async #asked<T>(work: () => Promise<T>): Promise<T> {
    this.#asking += 1;
    try {
      return await work();
    } finally {
      this.#asking -= 1;
    }
  }

  #page(status: Part, cursor: string | null) {
    return outboxPage(app.api, { status, limit: PAGE, channel: this.channel || undefined, cursor: cursor ?? undefined });
  }
}
