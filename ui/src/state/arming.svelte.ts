// Buttons that decide something take no click before a person can have seen what they decide: a window that comes up under
// the pointer must not be answered by a click that was meant for what lay there.

export const ARMED_AFTER_MS = 500;

export class Arming {
  armed = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #since = Number.POSITIVE_INFINITY;
  #pressed = Number.NEGATIVE_INFINITY;

  /** Takes no click from now on until the time has passed: something else is shown, or the window came to the front. */
  begin(): void {
    clearTimeout(this.#timer);
    this.armed = false;
    this.#since = Number.POSITIVE_INFINITY;
    this.#timer = setTimeout(() => {
      this.armed = true;
      this.#since = performance.now();
    }, ARMED_AFTER_MS);
  }

  /** Begins, and again whenever the page is seen anew, until the returned function is called. */
  watch(): () => void {
    const again = () => this.begin();
    const pressed = () => (this.#pressed = performance.now());
    addEventListener("focus", again);
    document.addEventListener("visibilitychange", again);
    addEventListener("pointerdown", pressed, true);
    this.begin();
    return () => {
      clearTimeout(this.#timer);
      removeEventListener("focus", again);
      document.removeEventListener("visibilitychange", again);
      removeEventListener("pointerdown", pressed, true);
    };
  }

  /** Whether a click counts: it has to have begun after the button was armed, not only to end then. */
  allows(event: MouseEvent): boolean {
    const byPointer = event.detail > 0;
    return this.armed && (!byPointer || this.#pressed >= this.#since);
  }
}

/** For the keys on a button that gives something away: Enter is what one presses by habit, so only Space presses it. */
export function notByEnter(event: KeyboardEvent): void {
  if (event.key === "Enter") event.preventDefault();
}
