// What waits to be sent, and what a person can do about it.
import type { Api } from "./connection";
import type { Message, OutboxPage } from "./types";

export type Part = "queued" | "sending" | "scheduled" | "failed";
export interface OutboxQuery {
  channel?: string;
  status?: Part;
  cursor?: string;
  limit?: number;
}

export function outboxPage(api: Api, asked: OutboxQuery): Promise<OutboxPage> {
  return api.plain("GET", `/v1/outbox${query(asked)}`);
}

export interface Outgoing {
  to: string;
  content: { type: "text"; text: string };
  send_at?: string;
  expires_at?: string;
}

/** A key that no other message has (randomUUID is missing where a page came over plain http from another machine). */
export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hands a message over; the same `key` and message are accepted once, however often they come. */
export function send(api: Api, channel: string, message: Outgoing, key: string): Promise<Message> {
  return api.plain("POST", `/v1/channels/${channel}/messages`, message, { "Idempotency-Key": key });
}

/** Puts a failed message back into the queue. */
export function retryMessage(api: Api, id: string): Promise<Message> {
  return api.plain("POST", `/v1/messages/${id}/retry`);
}

/** Cancels a message that waits, or discards one that failed. */
export function cancelMessage(api: Api, id: string): Promise<Message> {
  return api.plain("DELETE", `/v1/messages/${id}`);
}

/** `?a=1&b=2` of what is given. */
export function query(asked: object): string {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined && value !== "" && value !== null);
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}` : "";
}
