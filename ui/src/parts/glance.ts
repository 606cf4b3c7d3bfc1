// All channels in one line.
import type { Channel } from "../api/types";
import { stateWord } from "./words";

/** `3 connected, 1 reconnecting`: the worst last, so that it is what one reads last. */
export function summary(channels: Channel[]): string {
  if (channels.length > 0 && channels.every((channel) => stateWord(channel) === "Connected")) {
    return channels.length === 1 ? "Connected, all is well" : `All ${channels.length} connected`;
  }
  const order = ["Connected", "Stopped", "Not paired", "Pairing", "Unsteady", "Reconnecting", "Reconnecting often", "Stuck reconnecting", "Disconnected"];
  const counts = new Map<string, number>();
  for (const channel of channels) counts.set(stateWord(channel), (counts.get(stateWord(channel)) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
    .map(([word, count]) => `${count} ${word.toLowerCase()}`)
    .join(", ");
}

/** Whether a channel is meant by what was typed: name, number, person or state. */
export function matches(channel: Channel, typed: string): boolean {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const about = [channel.name, channel.account?.phone, channel.account?.name, stateWord(channel)].join(" ").toLowerCase();
  return words.every((word) => about.includes(word));
}
