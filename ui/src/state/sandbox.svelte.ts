// The simulated phones as they are, kept current by the sandbox's own events while somebody looks.
import { asProblem, type Problem } from "../api/problem";
import { Sandbox, type Fault, type Phone, type PhoneMessage } from "../api/sandbox";
import { EventStream } from "../api/stream";
import { app } from "./app.svelte";

export class SandboxView {
  readonly call: Sandbox;
  phones = $state.raw<Phone[] | null>(null);
  faults = $state.raw<Fault[]>([]);
  problem = $state.raw<Problem | null>(null);
  /** The phone in the person's hand. */
  held = $state<string | null>(null);
  messages = $state.raw<PhoneMessage[]>([]);

  #again = 0;

  constructor(control: string) {
    this.call = new Sandbox(app.api, control);
  }

  /** Follows the sandbox until the returned function is called. */
  follow(): () => void {
    const stream = new EventStream({
      open: (_, signal) => this.call.stream(signal),
      message: () => this.#soon(),
      up: () => this.#soon(),
      down: () => this.#soon(),
      signedOut: () => {},
    });
    void stream.run();
    return () => {
      clearTimeout(this.#again);
      stream.stop();
    };
  }

  hold(number: string): void {
    if (this.held === number) return;
    this.held = number;
    this.messages = [];
    void this.refresh();
  }

  async refresh(): Promise<void> {
    try {
      const state = await this.call.state();
      this.phones = state.phones;
      this.faults = state.faults;
      if (!state.phones.some((phone) => phone.number === this.held)) this.held = state.phones[0]?.number ?? null;
      const held = this.held;
      const messages = held ? await this.call.messages(held) : [];
      if (held === this.held) this.messages = messages;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  // One thing that happens is several events: ask once for all of them.
  #soon(): void {
    clearTimeout(this.#again);
    this.#again = window.setTimeout(() => void this.refresh(), 80);
  }
}
