// The words and shapes for states. What a state means was decided by the server; here it only gets a face.
import { Ban, CalendarClock, Check, CheckCheck, CircleCheck, CircleDashed, CircleX, Clock, Hand, Hourglass, Power, QrCode, RefreshCw, TriangleAlert } from "@lucide/svelte";
import type { Channel, Message, Tone } from "../api/types";
import { personName } from "./person";

export type Symbol = typeof Check;

export function toneOf(channel: Channel): Tone {
  return channel.tone as Tone;
}

const statusWords: Record<string, string> = {
  connected: "Connected",
  pairing: "Pairing",
  reconnecting: "Reconnecting",
  disconnected: "Disconnected",
};

/** The state in one word, two when it is stuck. */
export function stateWord(channel: Channel): string {
  if (channel.stuck_since && channel.state.status === "reconnecting") return "Stuck reconnecting";
  if (channel.flapping_since) return channel.state.status === "connected" ? "Unsteady" : "Reconnecting often";
  if (channel.state.reason === "new") return "Not paired";
  if (channel.state.reason === "stopped") return "Stopped";
  return statusWord(channel.state.status);
}

/** Since when it has been as the word says. */
export function stateSince(channel: Channel): string {
  return stateWord(channel) === "Unsteady" ? (channel.flapping_since ?? channel.state.since) : channel.state.since;
}

/** Why, as a sentence; of one that is simply connected there is nothing to say. */
export function stateWhy(channel: Channel): string {
  if (stateWord(channel) === "Unsteady") return "Connected just now, but it keeps losing its connection. It counts as steady again after five minutes without a loss.";
  return channel.state.status === "connected" ? "" : channel.state.summary;
}

export function statusWord(status: string): string {
  return statusWords[status] ?? status;
}

/** How a plain status feels where only that is known (timeline, uptime). */
export function statusTone(status: string): Tone {
  if (status === "connected") return "connected";
  if (status === "pairing" || status === "reconnecting") return "working";
  return "idle";
}

export function stateSymbol(tone: Tone, status: string): Symbol {
  if (tone === "attention") return TriangleAlert;
  if (tone === "broken") return CircleX;
  if (status === "pairing") return QrCode;
  if (tone === "working") return RefreshCw;
  if (tone === "connected") return CircleCheck;
  return Power;
}

/** The step with which a disconnected channel goes on. */
export function nextStep(channel: Channel): { verb: "start" | "pair" | "stop"; label: string } {
  const { status, reason } = channel.state;
  if (status === "pairing") return { verb: "pair", label: "Show the QR" };
  if (status !== "disconnected") return { verb: "stop", label: "Stop" };
  if (!channel.paired) return { verb: "pair", label: reason === "new" ? "Pair with a phone" : "New QR" };
  if (reason === "stopped") return { verb: "start", label: "Start" };
  if (reason === "replaced") return { verb: "start", label: "Use it here" };
  return { verb: "start", label: "Try again" };
}

export interface MessageFace {
  word: string;
  symbol: Symbol;
  tone: Tone;
}

export function messageFace(message: Message, now = Date.now()): MessageFace {
  switch (message.status) {
    case "asking":
      return { word: "Asking you", symbol: Hand, tone: "attention" };
    case "denied":
      return { word: "Denied", symbol: Ban, tone: "idle" };
    case "queued":
      if (message.send_at && Date.parse(message.send_at) > now) return { word: "Scheduled", symbol: CalendarClock, tone: "idle" };
      if (message.setback) return { word: "Retrying", symbol: RefreshCw, tone: "attention" };
      return { word: "Queued", symbol: Clock, tone: "working" };
    case "sending":
      return { word: "Sending", symbol: CircleDashed, tone: "working" };
    case "sent":
      return { word: "Sent", symbol: Check, tone: "idle" };
    case "delivered":
      return { word: "Delivered", symbol: CheckCheck, tone: "idle" };
    case "read":
      return { word: "Read", symbol: CheckCheck, tone: "connected" };
    case "played":
      return { word: "Played", symbol: CheckCheck, tone: "connected" };
    case "failed":
      return { word: "Failed", symbol: CircleX, tone: "broken" };
    case "cancelled":
      return { word: "Cancelled", symbol: Ban, tone: "idle" };
    case "expired":
      return { word: "Expired", symbol: Hourglass, tone: "attention" };
    default:
      return { word: "Received", symbol: CircleCheck, tone: "idle" };
  }
}

/** What a message says, in a line. */
export function contentText(message: Message): { text: string; plain: boolean } {
  const { content } = message;
  const note = (text: string) => ({ text, plain: false });
  if (message.revoked_at) return note("Taken back by its sender.");
  switch (content.type) {
    case "text":
      return { text: content.text, plain: true };
    case "reaction":
      return note(content.emoji ? `Reacted with ${content.emoji}` : "Took a reaction back.");
    case "edit":
      return note(`Changed a message to “${content.text}”`);
    case "revoke":
      return note("Took a message back.");
    case "undecryptable":
      return note("Could not be decrypted yet; the phone was asked to send it again.");
    default:
      return note(`A message of a kind not shown here (${content.kind.replaceAll("_", " ")}).`);
  }
}

/** The reactions to a message, each emoji once with who gave it. */
export function reactionsOf(message: Message): { emoji: string; by: string[] }[] {
  const byEmoji = new Map<string, string[]>();
  for (const { emoji, by } of message.reactions ?? []) {
    if (emoji) byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), personName(by) ?? "somebody"]);
  }
  return [...byEmoji].map(([emoji, by]) => ({ emoji, by }));
}
