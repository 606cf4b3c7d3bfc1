// A program that asks to be let in, as any would: without a key, with nothing but the public API.
import type { App } from "./app";

export interface Permit {
  scope: string;
  channels?: string[] | null;
  recipients?: string[] | null;
}

interface Answer {
  state: string;
  key?: string;
  app?: string;
  permits?: Permit[];
}

export class Program {
  key = "";

  private constructor(
    private readonly app: App,
    readonly id: string,
    readonly code: string,
    private readonly token: string,
  ) {}

  static async asks(app: App, name: string, scopes: string[], more: { reason?: string; channels?: string[]; recipients?: string[] } = {}): Promise<Program> {
    const response = await fetch(`${app.url}/v1/apps/requests`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name, reason: "To help at the desk", scopes, channels: null, recipients: null, ...more }),
    });
    if (response.status !== 202) throw new Error(`the request was answered ${response.status}: ${await response.text()}`);
    const made = (await response.json()) as { id: string; code: string; poll_token: string };
    return new Program(app, made.id, made.code, made.poll_token);
  }

  /** How its request stands, after at most `wait` seconds. Keeps the key that it is told. */
  async answer(wait = 20): Promise<Answer> {
    const response = await fetch(`${this.app.url}/v1/apps/requests/${this.id}?wait=${wait}`, { headers: { Authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    const answer = (await response.json()) as Answer;
    if (answer.key) this.key = answer.key;
    return answer;
  }

  /** Uses its key. */
  async call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(this.app.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.key}`, Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }

  /** Opens the event stream; the promise ends with it. */
  async stream(): Promise<{ ends: Promise<string> }> {
    const response = await fetch(`${this.app.url}/v1/events`, { headers: { Authorization: `Bearer ${this.key}`, Accept: "text/event-stream" } });
    if (!response.ok) throw new Error(`the stream was answered ${response.status}`);
    return { ends: response.text().catch(() => "") };
  }
}
