// Faces and words for apps and their keys.
import { Ban, CircleCheck, CirclePause, CircleX, Clock, Hourglass, KeyRound } from "@lucide/svelte";
import type { App, Key } from "../api/apps";
import type { Face } from "./webhook";
import { span } from "./when";

const revoked = (key: Key) => key.state === "revoked" || Boolean(key.revoked_at);
const expired = (key: Key, now: number) => key.state === "expired" || Boolean(key.expires_at && Date.parse(key.expires_at) <= now);
/** Whether it opens anything. */
export const works = (key: Key, now: number) => !revoked(key) && !expired(key, now);

export function keyFace(key: Key, now: number): Face {
  if (revoked(key)) return { word: "Revoked", symbol: Ban, tone: "idle" };
  if (expired(key, now)) return { word: "Expired", symbol: Hourglass, tone: "idle" };
  if (key.expires_at && Date.parse(key.expires_at) - now < 3 * 86_400_000) return { word: "Ends soon", symbol: Clock, tone: "attention" };
  return { word: "Works", symbol: CircleCheck, tone: "connected" };
}

/** How an app stands. */
export function appFace(app: App, now: number): Face {
  const { keys } = app;
  if (app.disabled_at) return { word: "Disabled", symbol: CirclePause, tone: "idle" };
  if (!keys.some((key) => works(key, now)) && app.programs.length === 0) return { word: "No key works", symbol: CircleX, tone: "idle" };
  if (!app.last_used_at) return { word: "Not used yet", symbol: KeyRound, tone: "working" };
  return { word: "Allowed", symbol: CircleCheck, tone: "connected" };
}

/** When and from where an app came last, over all its keys. */
export function lastUse(keys: Key[]): { at: string; from: string | null } | null {
  const used = keys.filter((key) => key.last_used_at).toSorted((a, b) => (b.last_used_at ?? "").localeCompare(a.last_used_at ?? ""))[0];
  return used?.last_used_at ? { at: used.last_used_at, from: used.last_from ?? null } : null;
}

/** How long a key has, as one reads it after its name. */
export function endOf(key: Key, now: number): string {
  if (key.revoked_at) return "";
  if (key.expires_at) {
    const left = Date.parse(key.expires_at) - now;
    return left > 0 ? `ends in ${span(left)}` : `ended ${span(-left)} ago`;
  }
  return key.until_quit ? "ends when WhatIsUp quits" : "does not expire";
}

/** Where from, as a person reads it: the program of a path, an address as it is. */
export function whence(from: string): { short: string; whole: string } {
  const at = from.lastIndexOf("/");
  return { short: at > 0 ? from.slice(at + 1) : from, whole: from };
}

/** What is wrong with an origin as it was typed, or null. Browsers send scheme, host and port, and nothing more. */
export function wrongOrigin(typed: string): string | null {
  let url: URL;
  try {
    url = new URL(typed);
  } catch {
    return "Write it with its scheme, as https://example.org.";
  }
  if (!["http:", "https:", "chrome-extension:", "moz-extension:"].includes(url.protocol)) return "An origin begins with https:// or http://.";
  if (url.protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) return "Without https only this machine's own pages can be trusted.";
  if (url.origin !== "null" && typed.replace(/\/$/, "").toLowerCase() !== url.origin) return `Only scheme, host and port: ${url.origin}`;
  return null;
}

/** An origin as browsers write it. */
export const asOrigin = (typed: string) => typed.trim().replace(/\/$/, "").toLowerCase();
