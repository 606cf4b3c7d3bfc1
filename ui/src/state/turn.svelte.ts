// One thing after another is put to a person. What is shown stays until they go on: it is never swapped under the pointer.

export class Turn<T extends { id: string }, Result> {
  shown = $state.raw<T | null>(null);
  /** What became of the shown one; `gone`: it was answered elsewhere, or its time ran out. */
  result = $state.raw<Result | "gone" | null>(null);
  #answered = new Set<string>();

  /** Takes the things that wait now, oldest first. `first` comes before the others. */
  see(waiting: T[], first: string | null = null): void {
    if (this.shown) {
      const now = waiting.find(({ id }) => id === this.shown?.id);
      if (!now && !this.result) this.result = "gone";
      return;
    }
    const open = waiting.filter(({ id }) => !this.#answered.has(id));
    this.shown = open.find(({ id }) => id === first) ?? open[0] ?? null;
  }

  answered(result: Result): void {
    if (this.shown) this.#answered.add(this.shown.id);
    this.result = result;
  }

  next(waiting: T[]): void {
    if (this.shown) this.#answered.add(this.shown.id);
    this.shown = null;
    this.result = null;
    this.see(waiting);
  }

  /** How many wait behind the shown one. */
  behind(waiting: T[]): number {
    return waiting.filter(({ id }) => id !== this.shown?.id && !this.#answered.has(id)).length;
  }
}
