// The words and shapes for states. What a state means was decided by the server; here it only gets a face.
import { Check, CheckCheck, CircleCheck, CircleDashed, CircleX, Clock, Power, QrCode, RefreshCw, TriangleAlert } from "@lucide/svelte";
import type { Channel, Message, Tone } from "../api/types";

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
  if (channel.state.reason === "new") return "Not paired";
  if (channel.state.reason === "stopped") return "Stopped";
  return statusWord(channel.state.status);
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

export function messageFace(message: Message): MessageFace {
  switch (message.status) {
    case "queued":
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
    default:
      return { word: "Received", symbol: CircleCheck, tone: "idle" };
  }
}

/** What a message says, in a line. */
export function contentText(message: Message): { text: string; plain: boolean } {
  const content = message.content;
  if (content.type === "text") return { text: content.text, plain: true };
  if (content.type === "undecryptable") return { text: "Could not be decrypted yet; the phone was asked to send it again.", plain: false };
  return { text: `A message of a kind not shown here (${content.kind.replaceAll("_", " ")}).`, plain: false };
}
