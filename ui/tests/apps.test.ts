import { describe, expect, it } from "vitest";
import type { App, Key } from "../src/api/apps";
import type { Actor, AuditEntry } from "../src/api/audit";
import { appFace, asOrigin, endOf, keyFace, lastUse, whence, works, wrongOrigin } from "../src/parts/apps";
import { about, actorFace } from "../src/parts/audit";
import { eventFace } from "../src/parts/events";
import { fromWhere, interprets, programName } from "../src/parts/program";
import { parseRoute } from "../src/state/route.svelte";
import { NOW, at } from "./message";

const key = (more: Partial<Key> = {}): Key => ({ id: "key_1", app_id: "app_1", label: "", state: "good", made_at: at(-1000), expires_at: null, revoked_at: null, until_quit: false, replaces: null, last_used_at: null, last_from: null, requests_today: 0, ...more });
const app = (more: Partial<App> = {}): App => ({ id: "app_1", name: "Till", created_at: at(0), disabled_at: null, last_used_at: null, limits: null, permits: [], words: [], origins: [], programs: [], requests_today: 0, keys: [key()], ...more });

describe("a key", () => {
  it("tells whether it opens anything, and until when", () => {
    const day = 86_400_000;
    expect([key(), key({ expires_at: at(day) }), key({ expires_at: at(-1) }), key({ state: "revoked", revoked_at: at(-5) })].map((one) => keyFace(one, NOW).word)).toEqual([
      "Works",
      "Ends soon",
      "Expired",
      "Revoked",
    ]);
    expect([key(), key({ expires_at: at(7_200_000) }), key({ until_quit: true })].map((one) => endOf(one, NOW))).toEqual(["does not expire", "ends in 2 h", "ends when WhatIsUp quits"]);
    // Revoked stays revoked, whatever its time says.
    expect(works(key({ state: "revoked", revoked_at: at(-5), expires_at: at(day) }), NOW)).toBe(false);
  });
});

describe("an app", () => {
  it("tells how it stands", () => {
    expect(appFace(app(), NOW).word).toBe("Not used yet");
    expect(appFace(app({ last_used_at: at(-5) }), NOW).word).toBe("Allowed");
    expect(appFace(app({ keys: [] }), NOW).word).toBe("No key works");
    expect(appFace(app({ keys: [], programs: ["/usr/bin/till"] }), NOW).word).toBe("Not used yet");
    expect(appFace(app({ disabled_at: at(-5), last_used_at: at(-5) }), NOW).word).toBe("Disabled");
  });

  it("was last where its last key was", () => {
    const keys = [key({ last_used_at: at(-9000), last_from: "192.0.2.1" }), key({ last_used_at: at(-10), last_from: "/usr/bin/till" }), key()];
    expect(lastUse(keys)).toEqual({ at: at(-10), from: "/usr/bin/till" });
    expect(lastUse([key()])).toBeNull();
    expect([whence("/usr/bin/till").short, whence("192.0.2.1").short]).toEqual(["till", "192.0.2.1"]);
  });

  it("is reached from origins as browsers write them", () => {
    for (const good of ["https://example.org", "https://example.org:8443", "http://localhost:5173", "https://Example.org/"]) expect([good, wrongOrigin(good)]).toEqual([good, null]);
    for (const bad of ["example.org", "https://example.org/app", "ftp://example.org", "http://example.org", "null", "*"]) expect([bad, wrongOrigin(bad)]).not.toEqual([bad, null]);
    expect(asOrigin(" https://Example.org/ ")).toBe("https://example.org");
  });
});

describe("the program behind a request", () => {
  it("is told by its file, and an interpreter as what it is", () => {
    expect(programName("/usr/bin/python3.12")).toEqual({ name: "python3.12", folder: "/usr/bin/" });
    expect(programName("C:\\Tools\\till.exe").name).toBe("till.exe");
    expect(["/usr/bin/python3.12", "/usr/bin/node", "/bin/sh", "/opt/order-bot", "/usr/bin/nodejs-thing"].map(interprets)).toEqual([true, true, true, false, false]);
    expect(fromWhere({ door: "tcp", address: "127.0.0.1", program: null })).toBe("127.0.0.1");
    expect(fromWhere({ door: "unix", program: { pid: 7, path: "/opt/till", uid: 1000 } })).toBe("till, process 7");
  });
});

describe("the audit log", () => {
  const actor = (kind: string, more: Partial<Actor> = {}): Actor => ({ kind, via: null, app_id: null, key_id: null, name: null, ...more });
  const entry: AuditEntry = {
    seq: 3, at: at(0), actor: actor("app", { app_id: "app_1", key_id: "key_1", name: "Order\u202ebot" }), peer: null, action: "app.allow", target: "app_9", outcome: "done", detail: null, prev_hash: "0", hash: "1",
  };
  it("says who, and is searched by what is seen", () => {
    expect(actorFace(entry.actor).word).toBe("Order[U+202E]bot");
    expect([actorFace(actor("person", { via: "desktop" })).how, actorFace(actor("itself")).word]).toEqual(["at the desktop", "WhatIsUp"]);
    expect([about(entry, "let it in"), about(entry, "APP_9 done"), about(entry, "denied"), about(entry, " ")]).toEqual([true, true, false, true]);
  });
});

describe("addresses and events of apps", () => {
  it("have pages and windows", () => {
    expect(parseRoute("#/apps")).toEqual({ page: "apps", add: false });
    expect(parseRoute("#/apps?add")).toEqual({ page: "apps", add: true });
    expect(parseRoute("#/apps/app_1")).toEqual({ page: "app", id: "app_1" });
    expect(parseRoute("#/audit?app=app_1")).toEqual({ page: "audit", app: "app_1" });
    expect(parseRoute("#/consent?window=consent")).toEqual({ page: "consent", window: true });
    expect(parseRoute("#/ask?window=ask")).toEqual({ page: "ask", window: true });
    // One window does not become another by its address.
    expect(parseRoute("#/consent?window=pairing")).toEqual({ page: "consent", window: false });
  });

  it("name the program without letting its name do harm", () => {
    const event = { id: "evt_1", seq: 1, type: "app.requested", timestamp: at(0), channel_id: null, data: { app_name: "Till\u202e", summary: "A program asks to be let in." } };
    expect(eventFace(event)).toMatchObject({ tone: "attention", about: "Till[U+202E]: A program asks to be let in." });
  });
});
