// Single keys that do things, out of the way while somebody types; they can be switched off in the settings.
import { router } from "./route.svelte";

const KEPT_AS = "whatisup.shortcuts";

class Shortcuts {
  on = $state(read());
  helpOpen = $state(false);
  #keys = new Map<string, () => void>();
  #leader = 0;

  constructor() {
    addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** `key` does `work` until the returned function is called. */
  bind(key: string, work: () => void): () => void {
    this.#keys.set(key, work);
    return () => {
      if (this.#keys.get(key) === work) this.#keys.delete(key);
    };
  }

  switch(on: boolean): void {
    this.on = on;
    try {
      localStorage.setItem(KEPT_AS, on ? "on" : "off");
    } catch {
      // Then it holds until the window closes.
    }
  }

  #pressed(event: KeyboardEvent): void {
    if (!this.on || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    // A dialog has the keyboard to itself; Esc closes it by its own means.
    if (document.querySelector("[role='dialog'],[role='alertdialog'],[role='menu']")) return;
    const afterG = Date.now() - this.#leader < 1000;
    this.#leader = 0;
    const pages: Record<string, string> = { c: "/channels", v: "/overview", o: "/outbox", w: "/webhooks", e: "/events", a: "/apps", l: "/audit", s: "/settings", x: "/sandbox" };
    if (afterG && pages[event.key]) router.go(pages[event.key]!);
    else if (event.key === "g") this.#leader = Date.now();
    else if (event.key === "?") this.helpOpen = true;
    else if (this.#keys.has(event.key)) this.#keys.get(event.key)!();
    else return;
    event.preventDefault();
  }
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

function read(): boolean {
  try {
    return localStorage.getItem(KEPT_AS) !== "off";
  } catch {
    return true;
  }
}

export const shortcuts = new Shortcuts();
