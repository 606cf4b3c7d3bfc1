// What waits in the outbox, sorted into the three parts a person thinks in, and why it waits.
import type { Channel, Message } from "../api/types";
import { span, shortTime } from "./when";

export type Shelf = "failed" | "waiting" | "scheduled";

/** Where a message belongs in the outbox now, or null when it is out of it. */
export function shelfOf(message: Message, now: number): Shelf | null {
  if (message.direction !== "outbound") return null;
  switch (message.status) {
    case "failed":
      return "failed";
    case "sending":
      return "waiting";
    case "queued":
      return message.send_at && Date.parse(message.send_at) > now ? "scheduled" : "waiting";
    default:
      return null;
  }
}

const BEHIND = "Waits behind an earlier message to the same chat";

/** Why a message that waits has not left yet, as a sentence without a full stop. */
export function whyWaiting(message: Message, channel: Channel | undefined, now: number, behind = false): string {
  if (message.status === "sending") return behind ? BEHIND : "On its way to WhatsApp";
  if (message.send_at && Date.parse(message.send_at) > now) {
    return `Leaves ${shortTime(message.send_at, now)}, in ${span(Date.parse(message.send_at) - now)}`;
  }
  if (channel && channel.state.status !== "connected") return `Leaves when ${channel.name} is connected`;
  if (message.next_attempt_at) {
    const due = Date.parse(message.next_attempt_at) - now;
    const tries = message.attempts ?? 0;
    const before = tries ? `, after ${tries} ${tries === 1 ? "try" : "tries"}` : "";
    return due > 0 ? `Next try in ${span(due + 999)}${before}` : `Trying again${before}`;
  }
  if (behind) return BEHIND;
  return "Next in line";
}

/** The messages that wait behind an earlier one of their chat, which waits for its retry: so order holds. */
export function heldBack(messages: Message[], now: number): Set<string> {
  const chat = (message: Message) => `${message.channel_id} ${message.chat}`;
  const first = new Map<string, Message>();
  for (const message of messages) {
    const known = first.get(chat(message));
    if (message.next_attempt_at && Date.parse(message.next_attempt_at) > now && (!known || message.at < known.at)) first.set(chat(message), message);
  }
  const behind = messages.filter((message) => {
    const known = first.get(chat(message));
    return known && known.id !== message.id && message.at >= known.at;
  });
  return new Set(behind.map((message) => message.id));
}

/** Works through `ids`, a few at a time; `done` hears of each, and it goes on past what fails. */
export async function each<T>(all: T[], atOnce: number, work: (one: T) => Promise<unknown>, done: (count: number) => void): Promise<unknown[]> {
  const failed: unknown[] = [];
  let next = 0;
  let count = 0;
  const lane = async () => {
    while (next < all.length) {
      const one = all[next++] as T;
      try {
        await work(one);
      } catch (thrown) {
        failed.push(thrown);
      }
      done(++count);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, lane));
  return failed;
}
