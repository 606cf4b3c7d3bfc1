// Short words about what was just done, shown in a corner and said to a screen reader.

export interface Toast {
  id: number;
  tone: "connected" | "broken" | "working";
  text: string;
}

const SHOWN_MS = 5_000;
const SHOWN_WHEN_WRONG_MS = 12_000;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  say(text: string, tone: Toast["tone"] = "connected"): void {
    const id = this.#next++;
    this.list = [...this.list.slice(-2), { id, tone, text }];
    setTimeout(() => this.drop(id), tone === "broken" ? SHOWN_WHEN_WRONG_MS : SHOWN_MS);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
