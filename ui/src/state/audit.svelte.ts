// The audit log as far as it was read, newest first. It grows by itself while somebody looks at its beginning.
import { audit, type AuditEntry, type AuditQuery } from "../api/audit";
import { asProblem, type Problem } from "../api/problem";
import { app } from "./app.svelte";
import { soon } from "./soon";

const PAGE = 50;
const LOOK_EVERY_MS = 5_000;

export class AuditLog {
  list = $state.raw<AuditEntry[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  next = $state<string | null>(null);

  #older = false;
  #soon = soon(() => this.load(), 1_000);

  constructor(readonly asked: AuditQuery) {}

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

  async load(): Promise<void> {
    try {
      const page = await audit.page(app.api, this.asked, null, PAGE);
      this.problem = null;
      const known = this.list ?? [];
      const oldest = page.items.at(-1)?.seq ?? 0;
      const newest = known[0]?.seq ?? 0;
      // More came than fits a page: what was read before no longer joins on to it.
      const joins = known.length > 0 && (oldest <= newest || page.items.length < PAGE);
      const kept = this.#older && joins ? known.filter(({ seq }) => seq < oldest) : [];
      if (kept.length === 0) {
        this.#older = false;
        this.next = page.next_cursor ?? null;
      }
      this.list = [...page.items, ...kept];
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  async more(): Promise<void> {
    const page = await audit.page(app.api, this.asked, this.next, PAGE);
    this.#older = true;
    this.next = page.next_cursor ?? null;
    const known = new Set(this.list?.map(({ seq }) => seq));
    this.list = [...(this.list ?? []), ...page.items.filter(({ seq }) => !known.has(seq))];
  }
}
