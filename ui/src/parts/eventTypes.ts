// The types of events, grouped as a person chooses among them, and what a choice matches.

export interface Family {
  name: string;
  label: string;
  what: string;
  types: { name: string; what: string }[];
}

export const families: Family[] = [
  {
    name: "message",
    label: "Messages",
    what: "What is received, and how far a sent one has come.",
    types: [
      { name: "message.received", what: "Somebody wrote." },
      { name: "message.asking", what: "An app proposes it; it waits for a person." },
      { name: "message.denied", what: "The person did not let it be sent." },
      { name: "message.queued", what: "Accepted; it will be sent." },
      { name: "message.sending", what: "On its way to WhatsApp." },
      { name: "message.sent", what: "WhatsApp has it." },
      { name: "message.delivered", what: "It is on the phone." },
      { name: "message.read", what: "It was read." },
      { name: "message.played", what: "A voice message was played." },
      { name: "message.failed", what: "It waits for a person: retry or discard." },
      { name: "message.cancelled", what: "Cancelled before it left." },
      { name: "message.expired", what: "Its time ran out before it left." },
      { name: "message.resolved", what: "Could not be decrypted before, now it could." },
      { name: "message.edited", what: "Its sender changed it." },
      { name: "message.revoked", what: "Its sender took it back." },
      { name: "message.reaction", what: "Somebody reacted, or took that back." },
    ],
  },
  {
    name: "channel",
    label: "Channels",
    what: "Pairing, connecting, and what goes wrong.",
    types: [
      { name: "channel.created", what: "A channel was added." },
      { name: "channel.updated", what: "Its name or proxy changed." },
      { name: "channel.pairing", what: "A QR or code waits to be used." },
      { name: "channel.connected", what: "The session is up." },
      { name: "channel.reconnecting", what: "The connection broke; it comes back by itself." },
      { name: "channel.disconnected", what: "It is down, and why." },
      { name: "channel.stuck", what: "Reconnecting for more than 30 seconds." },
      { name: "channel.flapping", what: "It keeps losing its connection." },
      { name: "channel.recovered", what: "Stuck or flapping is over." },
      { name: "channel.deleted", what: "It was deleted." },
    ],
  },
  { name: "receipt", label: "Receipts", what: "Receipts of messages sent elsewhere.", types: [{ name: "receipt.unmatched", what: "For a message not known here." }] },
  {
    name: "webhook",
    label: "Webhooks",
    what: "About no channel: these come only to webhooks for all channels.",
    types: [
      { name: "webhook.paused", what: "A webhook was paused, by hand or because it failed for long." },
      { name: "webhook.resumed", what: "It runs again." },
      { name: "webhook.disabled", what: "Its receiver said that it is gone (410)." },
    ],
  },
  {
    name: "app",
    label: "Apps",
    what: "Programs that ask to be let in. About no channel.",
    types: [
      { name: "app.requested", what: "A program asks for access." },
      { name: "app.allowed", what: "It was let in." },
      { name: "app.denied", what: "It was not." },
      { name: "app.revoked", what: "A key or a whole app was taken back." },
    ],
  },
  { name: "access", label: "Access", what: "Attempts with keys that open nothing.", types: [{ name: "access.attempts", what: "Many failed attempts in a short time." }] },
];

export const allTypes = families.flatMap((family) => family.types.map((type) => type.name));
export const everything = (types: string[]) => types.length === 0 || types.includes("*");

/** Whether what was chosen (`*`, `message.*`, `message.sent`) takes in a type. */
export function takes(types: string[], type: string): boolean {
  return everything(types) || types.some((chosen) => chosen === type || (chosen.endsWith(".*") && type.startsWith(chosen.slice(0, -1))));
}

/** What was chosen after a person switched one name (a type or `family.*`) on or off; nothing is listed twice. */
export function switched(types: string[], name: string, on: boolean): string[] {
  const without = types.filter((chosen) => chosen !== name);
  if (!on) return without;
  // The family takes in its members, so naming them too would say the same twice.
  return name.endsWith(".*") ? [...without.filter((chosen) => !chosen.startsWith(name.slice(0, -1))), name] : [...without, name];
}

/** `All events`, `All message events`, `message.sent and 2 more types`. */
export function typesInWords(types: string[]): string {
  if (everything(types)) return "All events";
  const named = types.map((type) => {
    const family = families.find((known) => type === `${known.name}.*`);
    return family ? `all ${family.name} events` : type;
  });
  const said = named.length > 3 ? [...named.slice(0, 2), `${named.length - 2} more types`] : named;
  const line = said.length > 1 ? `${said.slice(0, -1).join(", ")} and ${said.at(-1)}` : (said[0] ?? "");
  return line.startsWith("all ") ? `A${line.slice(1)}` : line;
}
