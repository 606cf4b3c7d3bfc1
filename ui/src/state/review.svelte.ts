// Which dialog of what waits for a person's word is open in the dashboard.

class Review {
  open = $state<"consent" | "ask" | null>(null);
  id = $state<string | null>(null);

  show(what: "consent" | "ask", id: string | null = null): void {
    this.id = id;
    this.open = what;
  }

  hide(): void {
    this.open = null;
    this.id = null;
  }
}

export const review = new Review();
