// What a person approves has been in front of them to its end: a text that the window cannot show at once must have been
// scrolled through first.

/** How much of a text is in sight. */
export interface Sight {
  /** From its first line to its last, at once. */
  whole: boolean;
  /** Its last line. */
  end: boolean;
}

export class Reading {
  /** Null until it was looked at. */
  #whole = $state<boolean | null>(null);
  #original = $state(false);
  #changed = $state(false);

  /** As the page stands now; `changed`: it shows what the person made of the text. */
  look({ whole, end }: Sight, changed: boolean): void {
    this.#whole = whole;
    // In whole it is in sight as long as it is; only having come to the end of something longer is remembered. What a person
    // emptied has not been read when it comes back.
    if (!end || whole) return;
    if (changed) this.#changed = true;
    else this.#original = true;
  }

  /** Whether the end has been seen; what a person changed in a text that was read is read. */
  done(changed: boolean): boolean {
    return this.#whole === true || this.#original || (changed && this.#changed);
  }

  /** Whether it is known that something is to be scrolled first. */
  waits(changed: boolean): boolean {
    return this.#whole !== null && !this.done(changed);
  }
}

/** Pages are laid out in fractions of a pixel. */
const SLACK = 2;

/** How much of `field`, which may scroll, is to be seen in `view`, which may scroll too. */
export function sightOf(field: HTMLElement, view: HTMLElement): Sight {
  const box = field.getBoundingClientRect();
  const frame = view.getBoundingClientRect();
  const top = Math.max(frame.top, 0);
  const bottom = Math.min(frame.bottom, innerHeight);
  const over = field.scrollHeight - field.clientHeight;
  const end = over - field.scrollTop <= SLACK && box.bottom <= bottom + SLACK && box.bottom > top;
  return { end, whole: end && over <= SLACK && box.top >= top - SLACK };
}
