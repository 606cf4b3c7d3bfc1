// How things stand beyond the channels: the outbox in numbers, the webhooks, and whether what happens can be written down.
// Asked for at the start, and again when an event says that it changed.
import { outboxPage } from "../api/outbox";
import { failedChecks, type Check } from "../api/standing";
import { webhooks } from "../api/webhooks";
import type { LogEvent, OutboxCounts, Webhook } from "../api/types";
import { stopped } from "../parts/webhook";
import { app } from "./app.svelte";
import { soon } from "./soon";

const NOTHING: OutboxCounts = { queued: 0, sending: 0, scheduled: 0, failed: 0 };
const LOOK_EVERY_MS = 15_000;
const AT_MOST_EVERY_MS = 800;

class Standing {
  counts = $state.raw<OutboxCounts>(NOTHING);
  /** Null until they were asked for once. */
  webhooks = $state.raw<Webhook[] | null>(null);
  checks = $state.raw<Check[]>([]);

  stopped = $derived(stopped(this.webhooks ?? []));
  ledger = $derived(this.checks.find((check) => check.name === "ledger") ?? null);

  #counts = soon(() => this.#askCounts(), AT_MOST_EVERY_MS);
  #webhooks = soon(() => this.#askWebhooks(), AT_MOST_EVERY_MS);

  /** Follows the stream until the returned function is called. */
  follow(): () => void {
    const all = () => {
      this.#counts.ask();
      this.#webhooks.ask();
      void this.check();
    };
    all();
    const unlisten = app.live.listen((event) => this.#heard(event));
    const timer = setInterval(() => {
      if (!document.hidden && app.live.link === "live") void this.check();
    }, LOOK_EVERY_MS);
    return () => {
      unlisten();
      clearInterval(timer);
      this.#counts.stop();
      this.#webhooks.stop();
    };
  }

  /** Asks again now: something was changed from here. */
  refresh(): void {
    this.#counts.ask();
    this.#webhooks.ask();
  }

  put(webhook: Webhook): void {
    const known = this.webhooks ?? [];
    const at = known.findIndex((one) => one.id === webhook.id);
    this.webhooks = at < 0 ? [...known, webhook] : known.with(at, webhook);
  }

  remove(id: string): void {
    this.webhooks = (this.webhooks ?? []).filter((one) => one.id !== id);
  }

  async check(): Promise<void> {
    try {
      this.checks = await failedChecks(app.api);
    } catch {
      // No answer at all is told by the stream's own banner.
    }
  }

  #heard(event: LogEvent): void {
    if (event.type.startsWith("webhook.")) this.#webhooks.ask();
    else if (event.data.message?.direction === "outbound" || event.type === "channel.deleted") this.#counts.ask();
  }

  async #askCounts(): Promise<void> {
    this.counts = (await outboxPage(app.api, { limit: 1 })).counts;
  }

  async #askWebhooks(): Promise<void> {
    this.webhooks = await webhooks.list(app.api);
  }
}

export const standing = new Standing();
