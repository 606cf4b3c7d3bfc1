// The sandbox's control calls (docs/sandbox.md): drive the simulated phones, make things go wrong.
import type { Api } from "./connection";

export interface LinkedDevice {
  device: string;
  platform: string;
  online: boolean;
  queued: number;
}

export interface Phone {
  /** Digits, country code first. */
  number: string;
  name: string;
  lid: string;
  online: boolean;
  auto_reply: boolean;
  unread: number;
  linked_devices: LinkedDevice[];
}

export interface PhoneMessage {
  id: string;
  chat: string;
  direction: "in" | "out";
  by_companion: boolean;
  kind: string;
  text: string | null;
  at: string;
  status: "pending" | "sent" | "delivered" | "read" | "failed";
}

export interface Fault {
  kind: string;
  code?: number | null;
  device?: string | null;
  number?: string | null;
  seconds?: number | null;
}

export interface SandboxState {
  phones: Phone[];
  counters: Record<string, unknown>;
  faults: Fault[];
}

export class Sandbox {
  constructor(
    readonly api: Api,
    readonly control: string,
  ) {}

  state = () => this.#call<SandboxState>("GET", "/state");
  addPhone = (name?: string) => this.#call<Phone>("POST", "/phones", name ? { name } : {});
  changePhone = (number: string, patch: { online?: boolean; auto_reply?: boolean }) =>
    this.#call<Phone>("PATCH", `/phones/${number}`, patch);
  scan = (qr: string, number?: string) => this.#call<{ number: string }>("POST", "/scan", number ? { qr, number } : { qr });
  enterCode = (number: string, code: string) => this.#call<{ number: string }>("POST", `/phones/${number}/enter-code`, { code });
  unlink = (number: string) => this.#call<unknown>("POST", `/phones/${number}/unlink`, {});
  messages = (number: string) => this.#call<PhoneMessage[]>("GET", `/phones/${number}/messages`);
  write = (number: string, to: string, text: string) => this.#call<{ id: string }>("POST", `/phones/${number}/messages`, { to, text });
  read = (number: string, id: string) => this.#call<unknown>("POST", `/phones/${number}/messages/${encodeURIComponent(id)}/read`);
  inject = (fault: Fault) => this.#call<unknown>("POST", "/faults", fault);
  heal = () => this.#call<unknown>("DELETE", "/faults");
  stream = (signal: AbortSignal) => this.api.open(`${this.control}/events`, signal);

  #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.api.plain<T>(method, this.control + path, body);
  }
}
