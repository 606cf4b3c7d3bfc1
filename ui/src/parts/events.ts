// An event in a line.
import { Bell, MessageSquare, ReceiptText } from "@lucide/svelte";
import type { LogEvent, Tone } from "../api/types";
import { correspondent } from "./person";
import { messageFace, stateSymbol, toneOf, type Symbol } from "./words";

export function eventFace(event: LogEvent): { symbol: Symbol; tone: Tone; about: string } {
  const { channel, message } = event.data;
  if (channel) {
    const tone = toneOf(channel) ?? "idle";
    return { symbol: stateSymbol(tone, channel.state.status), tone, about: channel.state.status === "connected" ? "" : channel.state.summary };
  }
  if (message) {
    const face = messageFace(message);
    // What people wrote stays behind the row: a glance at the screen should not read it.
    const about = `${message.direction === "outbound" || message.from_me ? "to" : "from"} ${correspondent(message)}`;
    return { symbol: face.word === "Received" ? MessageSquare : face.symbol, tone: face.tone, about: message.failure ? `${about}: ${message.failure.summary}` : about };
  }
  return { symbol: event.type.startsWith("receipt.") ? ReceiptText : Bell, tone: "idle", about: "" };
}
