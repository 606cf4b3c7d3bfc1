// The event monitor: a bounded list of the newest events, that can be held still without losing what comes meanwhile.
import type { LogEvent } from "../api/types";

export const SHOWN = 500;
const ASKED_AT_ONCE = 500;
/** What waited and is more than this is left in the log when the list moves again; the page says so. */
export const CAUGHT_UP = 5_000;

export type Pages = (after: number, limit: number) => Promise<LogEvent[]>;

export class Monitor {
  /** The newest first. */
  list = $state.raw<LogEvent[]>([]);
  /** How many the list may hold: more once a person asked for older ones, or held it for long. */
  room = $state(SHOWN);
  paused = $state(false);
  /** The newest event that there is, shown or waiting. */
  tip = $state(0);
  // The newest event that was shown when it was held.
  #from = $state(0);
  /** How many were left out when the list moved on. */
  skipped = $state(0);
  /** Between which two events the list was held. */
  heldAt = $state<number | null>(null);

  /** Events that came since it was held. The log has no holes, so that is a subtraction. */
  waiting = $derived(this.paused ? this.tip - this.#from : 0);
  oldest = $derived(this.list.at(-1)?.seq ?? null);

  constructor(private readonly pages: Pages) {}

  /** Takes one event of the stream. */
  take(event: LogEvent): void {
    this.tip = Math.max(this.tip, event.seq);
    if (!this.paused) this.#add([event]);
  }

  pause(): void {
    if (this.paused) return;
    this.#from = this.tip;
    this.paused = true;
  }

  /** Shows what waited, read from the log: whatever was held back is there, however much it was. */
  async resume(): Promise<void> {
    const from = this.#from;
    let after = Math.max(from, this.tip - CAUGHT_UP);
    const skipped = after - from;
    const fresh: LogEvent[] = [];
    while (after < this.tip) {
      const page = await this.pages(after, ASKED_AT_ONCE);
      if (page.length === 0) break;
      fresh.push(...page);
      after = page.at(-1)?.seq ?? after;
    }
    this.paused = false;
    this.skipped = skipped;
    this.heldAt = fresh.length ? from : null;
    this.room = Math.max(this.room, Math.min(fresh.length + SHOWN, CAUGHT_UP + SHOWN));
    this.#add(fresh);
  }

  /** Reads the page before the oldest event shown; whether there was any. */
  async older(): Promise<boolean> {
    const before = this.oldest ?? this.tip + 1;
    const page = await this.pages(Math.max(0, before - 1 - ASKED_AT_ONCE / 2), ASKED_AT_ONCE / 2);
    const fresh = page.filter((event) => event.seq < before);
    if (this.list.length + fresh.length > this.room) this.room = this.list.length + fresh.length;
    this.#add(fresh);
    return fresh.length > 0;
  }

  /** Back to the newest few, when a person is done with the rest. */
  trim(): void {
    this.room = SHOWN;
    this.heldAt = null;
    this.skipped = 0;
    this.list = this.list.slice(0, SHOWN);
  }

  #add(events: LogEvent[]): void {
    const newest = this.list[0]?.seq ?? 0;
    const [one] = events;
    // The usual case, without a look at the whole list.
    if (events.length === 1 && one && one.seq > newest) {
      this.list = [one, ...this.list.slice(0, this.room - 1)];
      return;
    }
    const have = new Set(this.list.map((event) => event.seq));
    const fresh = events.filter((event) => !have.has(event.seq));
    this.list = [...this.list, ...fresh].sort((a, b) => b.seq - a.seq).slice(0, this.room);
    this.tip = Math.max(this.tip, this.list[0]?.seq ?? 0);
  }
}
