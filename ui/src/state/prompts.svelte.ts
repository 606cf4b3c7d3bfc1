// What waits for a person's word: programs that ask to be let in, messages that an app proposes.
import { requests, type AppRequest } from "../api/apps";
import { asks, type Ask } from "../api/asks";
import { asProblem, type Problem } from "../api/problem";
import { app } from "./app.svelte";
import { clock } from "./clock.svelte";
import { soon } from "./soon";

const LOOK_EVERY_MS = 10_000;
const AT_MOST_EVERY_MS = 300;

class Prompts {
  /** As last told; null until then. */
  allRequests = $state.raw<AppRequest[] | null>(null);
  allAsks = $state.raw<Ask[] | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Put off by the person: not shown by itself again. */
  later = $state.raw<string[]>([]);

  requests = $derived((this.allRequests ?? []).filter(({ expires_at }) => Date.parse(expires_at) > clock.now));
  asks = $derived((this.allAsks ?? []).filter(({ expires_at }) => !expires_at || Date.parse(expires_at) > clock.now));
  count = $derived(this.requests.length + this.asks.length);

  #requests = soon(() => this.#askRequests(), AT_MOST_EVERY_MS);
  #asks = soon(() => this.#askAsks(), AT_MOST_EVERY_MS);

  /** Follows the stream until the returned function is called. */
  follow(): () => void {
    this.refresh();
    const unlisten = app.live.listen(({ type, data }) => {
      if (type.startsWith("app.")) this.#requests.ask();
      const id = data.message?.id;
      if (type === "message.asking" || this.allAsks?.some((known) => known.id === id)) this.#asks.ask();
    });
    const timer = setInterval(() => {
      if (!document.hidden && app.live.link === "live") this.refresh();
    }, LOOK_EVERY_MS);
    return () => {
      unlisten();
      clearInterval(timer);
      this.#requests.stop();
      this.#asks.stop();
    };
  }

  refresh(): void {
    this.#requests.ask();
    this.#asks.ask();
  }

  putOff(id: string): void {
    this.later = [...this.later, id];
  }

  requestDone(id: string): void {
    this.allRequests = this.allRequests?.filter((known) => known.id !== id) ?? null;
  }

  askDone(id: string): void {
    this.allAsks = this.allAsks?.filter((known) => known.id !== id) ?? null;
  }

  async #askRequests(): Promise<void> {
    await this.#told(async () => {
      this.allRequests = (await requests.waiting(app.api)).toSorted((a, b) => a.made_at.localeCompare(b.made_at));
    });
  }

  async #askAsks(): Promise<void> {
    await this.#told(async () => {
      this.allAsks = (await asks.waiting(app.api)).toSorted((a, b) => a.message.at.localeCompare(b.message.at));
    });
  }

  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}

export const prompts = new Prompts();
