// Where the API is and how we prove who we are: in a browser a cookie together with what this page was told, in the desktop shell a key.
import createClient, { type Client } from "openapi-fetch";
import { kept } from "./page-secret";
import { problemFrom, unreachable, type Problem } from "./problem";
import type { paths } from "./schema";

export interface Connection {
  /** Empty in a browser: the same origin. */
  base: string;
  key: string | null;
}

const ANSWER_WITHIN_MS = 20_000;

/** The headers of every request, reading ones too. A cookie alone is nobody's: other ports of this host are sent it as well. */
export function credentials(connection: Connection): Record<string, string> {
  if (connection.key) return { Authorization: `Bearer ${connection.key}` };
  const page = kept();
  return page ? { "X-WhatIsUp": page } : {};
}

export class Api {
  readonly http: Client<paths>;

  constructor(readonly connection: Connection) {
    this.http = createClient<paths>({
      baseUrl: connection.base,
      fetch: (request: Request) => {
        const asked = new Request(request, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
        for (const [name, value] of Object.entries(credentials(connection))) asked.headers.set(name, value);
        return fetch(asked);
      },
    });
  }

  /** A request by its path, answered as JSON. */
  async plain<T>(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<T> {
    const response = await this.request(method, path, body, more);
    return parse(await response.text()) as T;
  }

  /** A request that is answered with a file, and the name that the answer suggests. */
  async bytes(method: string, path: string, body: unknown, more: Record<string, string> = {}): Promise<{ blob: Blob; named: string | null }> {
    const response = await this.request(method, path, body, more);
    const named = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "");
    return { blob: await response.blob(), named: named?.[1] ?? null };
  }

  private async request(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(this.connection.base + path, {
      method,
      headers: { ...credentials(this.connection), ...more, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }).catch(() => {
      throw unreachable();
    });
    if (!response.ok) throw problemFrom(response.status, parse(await response.text()));
    return response;
  }

  /** Opens the event stream, from after `after` when it is known. */
  stream(after: number | null, signal: AbortSignal): Promise<Response> {
    return this.open("/v1/events", signal, after === null ? {} : { "Last-Event-ID": String(after) });
  }

  /** Opens any stream of server-sent events. */
  open(path: string, signal: AbortSignal, more: Record<string, string> = {}): Promise<Response> {
    return fetch(this.connection.base + path, {
      headers: { ...credentials(this.connection), Accept: "text/event-stream", ...more },
      signal,
      cache: "no-store",
    });
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What a call answered; throws a Problem otherwise. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (thrown) {
    throw thrown instanceof DOMException ? thrown : (unreachable() satisfies Problem);
  }
  if (!answer.response.ok) throw problemFrom(answer.response.status, answer.error);
  return answer.data as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
