// Faces and words for webhooks, deliveries and attempts. What they mean was decided by the server.
import { CircleCheck, CirclePause, CircleX, Clock, RefreshCw, SkipForward, TriangleAlert } from "@lucide/svelte";
import { sentence } from "../api/problem";
import type { Attempt, Delivery, TestAnswer, Tone, Webhook } from "../api/types";
import type { Symbol } from "./words";

export interface Face {
  word: string;
  symbol: Symbol;
  tone: Tone;
}

export function webhookFace(webhook: Webhook): Face {
  switch (webhook.status) {
    case "active":
      return webhook.failing_since
        ? { word: "Failing", symbol: TriangleAlert, tone: "attention" }
        : { word: "Active", symbol: CircleCheck, tone: "connected" };
    case "paused":
      return byHand(webhook) ? { word: "Paused", symbol: CirclePause, tone: "idle" } : { word: "Paused", symbol: CirclePause, tone: "broken" };
    case "disabled":
      return { word: "Disabled", symbol: CircleX, tone: "broken" };
    default:
      return { word: webhook.status, symbol: CirclePause, tone: "idle" };
  }
}

/** Whether a person paused it: then nothing is wrong. */
export function byHand(webhook: Webhook): boolean {
  return webhook.status === "paused" && webhook.status_reason === "by_hand";
}

/** Webhooks that stopped by themselves. */
export function stopped(all: Webhook[]): Webhook[] {
  return all.filter((webhook) => webhook.status === "disabled" || (webhook.status === "paused" && !byHand(webhook)));
}

export function deliveryFace(delivery: Delivery): Face {
  switch (delivery.status) {
    case "delivered":
      return { word: "Delivered", symbol: CircleCheck, tone: "connected" };
    case "skipped":
      return { word: "Skipped", symbol: SkipForward, tone: "idle" };
    default:
      return delivery.attempts > 0
        ? { word: "Retrying", symbol: RefreshCw, tone: "attention" }
        : { word: "Waiting", symbol: Clock, tone: "working" };
  }
}

export function attemptFace(attempt: Attempt | TestAnswer): Face {
  const word = attempt.status ? String(attempt.status) : "No answer";
  return attempt.delivered ? { word, symbol: CircleCheck, tone: "connected" } : { word, symbol: CircleX, tone: "broken" };
}

/** What went wrong with a try, unless the status says it all. */
export function wentWrong(attempt: Attempt | TestAnswer): string | null {
  return attempt.error && !/^answered \d+\.?$/i.test(attempt.error) ? sentence(attempt.error) : null;
}

/** `34 ms`, `1.2 s`. */
export function latency(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `https://example.com/hooks/in?x` as what one reads first and what one reads then. */
export function address(url: string): { host: string; rest: string } {
  try {
    const parsed = new URL(url);
    return { host: parsed.host, rest: `${parsed.pathname}${parsed.search}`.replace(/^\/$/, "") };
  } catch {
    return { host: url, rest: "" };
  }
}
