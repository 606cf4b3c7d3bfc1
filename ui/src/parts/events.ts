// An event in a line, and whether it is one that a person looks for.
import { AppWindow, Bell, CirclePause, MessageSquare, Pencil, ReceiptText, ShieldQuestionMark, SmilePlus, Undo2, Webhook } from "@lucide/svelte";
import type { LogEvent, Tone } from "../api/types";
import { correspondent } from "./person";
import { plainly } from "./untrusted";
import { address } from "./webhook";
import { messageFace, stateSymbol, toneOf, type Symbol } from "./words";

const changes: Record<string, Symbol> = { "message.edited": Pencil, "message.revoked": Undo2, "message.reaction": SmilePlus };

export function eventFace(event: LogEvent): { symbol: Symbol; tone: Tone; about: string } {
  const { channel, message, url, summary } = event.data;
  if (channel) {
    const tone = toneOf(channel) ?? "idle";
    return { symbol: stateSymbol(tone, channel.state.status), tone, about: channel.state.status === "connected" ? "" : channel.state.summary };
  }
  if (message) {
    const face = messageFace(message, Date.parse(event.timestamp));
    // What people wrote stays behind the row: a glance at the screen should not read it.
    const about = `${message.direction === "outbound" || message.from_me ? "to" : "from"} ${correspondent(message)}`;
    const why = message.failure?.summary ?? (message.status === "queued" ? message.setback?.summary : undefined);
    const changed = changes[event.type];
    if (changed) return { symbol: changed, tone: "idle", about };
    return { symbol: face.word === "Received" ? MessageSquare : face.symbol, tone: face.tone, about: why ? `${about}: ${why}` : about };
  }
  if (event.type.startsWith("webhook.")) {
    const tone = event.type === "webhook.resumed" ? "connected" : event.type === "webhook.disabled" ? "broken" : "attention";
    const where = typeof url === "string" ? address(url).host : "";
    return { symbol: event.type === "webhook.paused" ? CirclePause : Webhook, tone, about: [where, typeof summary === "string" ? summary : ""].filter(Boolean).join(": ") };
  }
  if (event.type.startsWith("app.") || event.type.startsWith("access.")) {
    const asks = event.type === "app.requested";
    const tone = asks || event.type === "access.attempts" ? "attention" : event.type === "app.allowed" ? "connected" : "idle";
    const named = typeof event.data.app_name === "string" ? plainly(event.data.app_name) : "";
    return { symbol: asks || event.type === "access.attempts" ? ShieldQuestionMark : AppWindow, tone, about: [named, typeof summary === "string" ? summary : ""].filter(Boolean).join(": ") };
  }
  return { symbol: event.type.startsWith("receipt.") ? ReceiptText : Bell, tone: "idle", about: "" };
}

/** Whether an event has to do with what was typed: any part of what a program gets, or the channel's name. */
export function mentions(event: LogEvent, channel: string, typed: string): boolean {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const about = `${whole(event)} ${channel.toLowerCase()}`;
  return words.every((word) => about.includes(word));
}

const wholes = new WeakMap<LogEvent, string>();

function whole(event: LogEvent): string {
  const known = wholes.get(event) ?? JSON.stringify(event).toLowerCase();
  wholes.set(event, known);
  return known;
}
