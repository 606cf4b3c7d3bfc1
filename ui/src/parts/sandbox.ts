// What the sandbox can make go wrong, in words.
export interface Trouble {
  kind: string;
  /** WhatsApp's code, for those kinds that come with one. */
  code?: number;
  label: string;
  what: string;
  /** It stays until healed or for a while, rather than happening once. */
  lasts: boolean;
}

export const troubles: Trouble[] = [
  { kind: "half_open", label: "Half-open connection", what: "The connection stays, but nobody is there any more.", lasts: false },
  { kind: "replaced", label: "Opened elsewhere", what: "As if the same session came up on another machine.", lasts: false },
  { kind: "hang", label: "No answer", what: "Connections open, and then nothing answers. Leads to a stuck channel.", lasts: true },
  { kind: "refuse", label: "Refuse connections", what: "New connections are closed at once.", lasts: true },
  { kind: "unavailable", label: "Overloaded", what: "WhatsApp says that it is overloaded (503).", lasts: true },
  { kind: "slow", label: "Slow link", what: "Every frame takes half a second.", lasts: true },
  { kind: "banned", label: "Temporary ban", what: "The account is banned for a while.", lasts: true },
  { kind: "outdated", label: "Client too old", what: "Logins are told to update.", lasts: true },
  { kind: "nack", code: 503, label: "Refuse messages for now", what: "Messages are refused as when WhatsApp is overloaded. They are tried again by themselves.", lasts: true },
  { kind: "nack", code: 463, label: "Refuse messages for good", what: "Messages are refused, and trying again will not help: they wait in the outbox for you.", lasts: true },
  { kind: "swallow_acks", label: "No word on messages", what: "Messages arrive, but WhatsApp does not say so.", lasts: true },
  { kind: "passkey", label: "Ask for a passkey", what: "New links need a passkey of the account.", lasts: true },
];

/** What tells a trouble from the others of its kind. */
export const troubleKey = (trouble: Trouble) => (trouble.code ? `${trouble.kind} ${trouble.code}` : trouble.kind);

export function faultLabel(kind: string, code?: number | null): string {
  return (troubles.find((trouble) => trouble.kind === kind && trouble.code === (code ?? undefined)) ?? troubles.find((trouble) => trouble.kind === kind))?.label ?? kind.replaceAll("_", " ");
}
