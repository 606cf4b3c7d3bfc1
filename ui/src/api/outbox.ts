// Handing messages over, what waits to be sent, and what a person can do about it.
import { answered, type Api } from "./connection";
import type { components } from "./schema";
import type { Message } from "./types";

type Schemas = components["schemas"];

export type Part = "queued" | "sending" | "scheduled" | "failed";
export interface OutboxQuery {
  channel?: string;
  status?: Part;
  cursor?: string;
  limit?: number;
}

/** A key that no other message has (randomUUID is missing where a page came over plain http from another machine). */
export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hands a message over; the same `key` and message are accepted once, however often they come. */
export function send(api: Api, channel: string, message: Schemas["MessageIn"], key: string): Promise<Message> {
  return answered(
    api.http.POST("/v1/channels/{id}/messages", { params: { path: { id: channel }, header: { "Idempotency-Key": key } }, body: message }),
  );
}

export function outboxPage(api: Api, query: OutboxQuery): Promise<Schemas["Outbox"]> {
  return answered(api.http.GET("/v1/outbox", { params: { query } }));
}

/** Puts a failed message back into the queue. */
export function retryMessage(api: Api, id: string): Promise<Message> {
  return answered(api.http.POST("/v1/messages/{id}/retry", { params: { path: { id } } }));
}

/** Cancels a message that waits, or discards one that failed. */
export function cancelMessage(api: Api, id: string): Promise<Message> {
  return answered(api.http.DELETE("/v1/messages/{id}", { params: { path: { id } } }));
}
