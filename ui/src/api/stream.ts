// Keeps one event stream open: resumes after the last event, backs off when nobody answers, notices silence.
import { SseParser, type SseMessage } from "./sse";

export interface StreamHooks {
  open(after: number | null, signal: AbortSignal): Promise<Response>;
  message(message: SseMessage): void;
  up(): void;
  /** No stream; the next try is at this time (ms since the epoch). */
  down(retryAt: number): void;
  signedOut(): void;
}

// The server says something every 15 s, so two missed heartbeats and a bit mean that nobody is there.
const SILENCE_MS = 40_000;
const LONGEST_WAIT_MS = 10_000;

export function backoff(failures: number, chance: number): number {
  return Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(failures, 6)) * (0.75 + 0.5 * chance);
}

export class EventStream {
  #hooks: StreamHooks;
  #last: number | null = null;
  #stopped = false;
  #attempt: AbortController | null = null;
  #wake: (() => void) | null = null;

  constructor(hooks: StreamHooks) {
    this.#hooks = hooks;
  }

  async run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      const outcome = await this.#once(() => (failures = 0));
      if (this.#stopped) return;
      if (outcome === "signed_out") {
        this.#hooks.signedOut();
        return;
      }
      const wait = backoff(failures++, Math.random());
      this.#hooks.down(Date.now() + wait);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  /** Where a later attempt resumes from if no event has come yet: the snapshot's place in the log. */
  resumeFrom(seq: number): void {
    this.#last ??= seq;
  }

  /** Does not wait for the rest of the back-off. */
  retryNow(): void {
    this.#wake?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#attempt?.abort();
    this.#wake?.();
  }

  async #once(opened: () => void): Promise<"ended" | "signed_out"> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    let watchdog = setTimeout(() => attempt.abort(), SILENCE_MS);
    try {
      const response = await this.#hooks.open(this.#last, attempt.signal);
      if (response.status === 401) return "signed_out";
      if (!response.ok || !response.body) return "ended";
      opened();
      this.#hooks.up();
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return "ended";
        clearTimeout(watchdog);
        watchdog = setTimeout(() => attempt.abort(), SILENCE_MS);
        for (const message of parser.push(value)) {
          if (message.id !== null && /^\d+$/.test(message.id)) this.#last = Number(message.id);
          this.#hooks.message(message);
        }
      }
    } catch {
      return "ended";
    } finally {
      clearTimeout(watchdog);
      attempt.abort();
    }
  }
}
