// Who did what, in words.
import { AppWindow, Cog, KeyRound, User, UserX } from "@lucide/svelte";
import type { Actor, AuditEntry } from "../api/audit";
import type { Tone } from "../api/types";
import { fromWhere } from "./program";
import { plainly } from "./untrusted";
import type { Symbol } from "./words";

const via: Record<string, string> = { dashboard: "in the dashboard", desktop: "at the desktop", cli: "on the command line" };

export function actorFace(actor: Actor): { word: string; how: string; symbol: Symbol } {
  switch (actor.kind) {
    case "admin":
      return { word: "Admin key", how: "", symbol: KeyRound };
    case "person":
      return { word: "You", how: (actor.via && via[actor.via]) ?? "", symbol: User };
    case "app":
      return { word: actor.name ? plainly(actor.name, 40) : "An app", how: actor.key_id ? "" : "without a key", symbol: AppWindow };
    case "itself":
      return { word: "WhatIsUp", how: "by itself", symbol: Cog };
    default:
      return { word: "Nobody known", how: "", symbol: UserX };
  }
}

const done: Record<string, string> = {
  "app.request": "asked to be let in",
  "app.allow": "let it in",
  "app.deny": "denied it",
  "app.expire": "ended a request",
  "app.collect": "fetched its key",
  "app.create": "made an app",
  "app.rename": "renamed an app",
  "app.narrow": "took rights away",
  "app.widen": "gave more rights",
  "app.patch": "changed an app",
  "app.disable": "disabled an app",
  "app.enable": "enabled an app",
  "app.revoke": "took an app back",
  "app.delete": "deleted an app",
  "key.create": "made a key",
  "key.make": "made a key",
  "key.rotate": "rotated a key",
  "key.revoke": "revoked a key",
  "key.expire": "ended a key",
};

/** What was done, for people; null when only its name says it. */
export function doneInWords(action: string): string | null {
  return done[action] ?? null;
}

export const outcomeTone: Record<string, Tone> = { done: "idle", refused: "attention", failed: "broken" };
export const outcomeWord: Record<string, string> = { done: "Done", refused: "Refused", failed: "Failed" };

/** Whether an entry has to do with what was typed. */
export function about(entry: AuditEntry, typed: string): boolean {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const actor = actorFace(entry.actor);
  const all = [actor.word, actor.how, doneInWords(entry.action), entry.peer ? fromWhere(entry.peer) : "", JSON.stringify(entry)].join(" ").toLowerCase();
  return words.every((word) => all.includes(word));
}
