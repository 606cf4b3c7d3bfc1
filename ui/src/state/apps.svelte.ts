// The apps with their keys, asked for while a page shows them, and again when an event says that they changed.
import { apps, type App } from "../api/apps";
import { asProblem, type Problem } from "../api/problem";
import { app } from "./app.svelte";
import { soon } from "./soon";

const LOOK_EVERY_MS = 10_000;

class Apps {
  list = $state.raw<App[] | null>(null);
  problem = $state.raw<Problem | null>(null);

  #soon = soon(() => this.load(), 500);

  get(id: string): App | undefined {
    return this.list?.find((known) => known.id === id);
  }

  /** Follows what happens until the returned function is called. */
  follow(): () => void {
    this.#soon.ask();
    const unlisten = app.live.listen(({ type }) => {
      if (type.startsWith("app.")) this.#soon.ask();
    });
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

  put(changed: App): void {
    const list = this.list ?? [];
    const at = list.findIndex(({ id }) => id === changed.id);
    this.list = at < 0 ? [...list, changed] : list.with(at, changed);
  }

  remove(id: string): void {
    this.list = this.list?.filter((known) => known.id !== id) ?? null;
  }

  async load(): Promise<void> {
    try {
      this.list = await apps.list(app.api);
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}

export const allApps = new Apps();
