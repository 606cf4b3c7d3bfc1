// What the sandbox can make go wrong, in words.
export interface Trouble {
  kind: string;
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
  { kind: "passkey", label: "Ask for a passkey", what: "New links need a passkey of the account.", lasts: true },
];

export function faultLabel(kind: string): string {
  return troubles.find((trouble) => trouble.kind === kind)?.label ?? kind.replaceAll("_", " ");
}
