// The delivery log of one webhook: its newest page asked for again while somebody looks, older pages kept as they were.
import { asProblem, type Problem } from "../api/problem";
import { webhooks, type DeliveryQuery } from "../api/webhooks";
import type { Delivery } from "../api/types";
import { app } from "./app.svelte";
import { soon } from "./soon";

const PAGE = 40;
const LOOK_EVERY_MS = 2_500;

export class Deliveries {
  list = $state.raw<Delivery[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  next = $state<string | null>(null);

  #older = false;
  #soon = soon(() => this.load(), 700);

  constructor(
    readonly webhook: string,
    readonly status: string,
    readonly type: string,
  ) {}

  /** Follows what happens until the returned function is called. */
  follow(): () => void {
    this.#soon.ask();
    const unlisten = app.live.listen(() => this.#soon.ask());
    const timer = setInterval(() => {
      if (!document.hidden && app.live.link === "live") this.#soon.ask();
    }, LOOK_EVERY_MS);
    return () => {
      unlisten();
      clearInterval(timer);
      this.#soon.stop();
    };
  }

  refresh(): void {
    this.#soon.ask();
  }

  put(delivery: Delivery): void {
    this.list = this.list?.map((known) => (known.id === delivery.id ? { ...known, ...delivery } : known)) ?? null;
  }

  async load(): Promise<void> {
    try {
      const page = await this.#page();
      this.problem = null;
      if (!this.#older) this.next = page.next_cursor ?? null;
      const fresh = new Set(page.items.map((delivery) => delivery.id));
      const oldest = page.items.at(-1)?.seq ?? 0;
      const kept = this.#older ? (this.list ?? []).filter((known) => !fresh.has(known.id) && known.seq < oldest) : [];
      this.list = [...page.items, ...kept];
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  async more(): Promise<void> {
    const page = await this.#page(this.next ?? undefined);
    this.#older = true;
    this.next = page.next_cursor ?? null;
    const known = new Set(this.list?.map((delivery) => delivery.id));
    this.list = [...(this.list ?? []), ...page.items.filter((delivery) => !known.has(delivery.id))];
  }

  #page(cursor?: string) {
    return webhooks.deliveries(app.api, this.webhook, {
      status: (this.status || undefined) as DeliveryQuery["status"],
      type: this.type || undefined,
      cursor,
      limit: PAGE,
    });
  }
}
