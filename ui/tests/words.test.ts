import { describe, expect, it } from "vitest";
import { chatName, personName, phoneNumber, readPhone, whichChat, whichChatInWords } from "../src/parts/person";
import { pairingView, wholeLife } from "../src/parts/pairing";
import { bars, share } from "../src/parts/uptime";
import { span, spokenSpan } from "../src/parts/when";
import { parseRoute } from "../src/state/route.svelte";
import { afterSignIn, ticketIn } from "../src/state/app.svelte";
import { Problem, problemFrom } from "../src/api/problem";
import type { Channel } from "../src/api/types";

describe("people", () => {
  it("are shown by name or number, never by an address of WhatsApp's", () => {
    expect(phoneNumber("+15550100123")).toBe("+1 555 010 0123");
    expect(personName({ phone: "+15550100123", lid: "100@lid", name: null })).toBe("+1 555 010 0123");
    expect(personName({ phone: null, lid: "100@lid", name: null })).toBeNull();
    for (const chat of ["15550100123@s.whatsapp.net", "100000012345678@lid", "1203630000@g.us", "status@broadcast"]) {
      expect(chatName(chat)).not.toContain("@");
    }
    expect(chatName("100000012345678@lid", { phone: null, lid: null, name: "Ada" })).toBe("Ada");
  });

  it("are told apart where something is decided: a chat without a number by its address, in whole", () => {
    const said = (chat: string) => whichChatInWords(chat);
    expect(said("15550100123@s.whatsapp.net")).toBe("+1 555 010 0123");
    expect(said("120363041234567890@g.us")).toBe("Group 120363041234567890@g.us");
    expect(said("100000012345678@lid")).toBe("Number hidden 100000012345678@lid");
    expect(said("120363049876543210@newsletter")).toBe("Newsletter 120363049876543210@newsletter");
    expect(said("1700000000@broadcast")).toBe("Broadcast list 1700000000@broadcast");
    expect(said("status@broadcast")).toBe("Status updates");
    for (const odd of ["ada", "ada@s.whatsapp.net", "15550100123@elsewhere"]) expect(said(odd)).toContain(odd);
    // A name is no proof of who it is: it stands beside the number or address.
    const ada = { phone: "+15550100199", lid: null, name: "Ada" };
    expect(whichChat("100000012345678@lid", ada)).toEqual({ name: "Ada", label: "Number hidden", address: "100000012345678@lid" });
    expect(whichChatInWords("15550100123@s.whatsapp.net", ada)).toBe("Ada +1 555 010 0123");
  });

  it("have numbers that may be written in any usual way", () => {
    for (const written of ["+1 555 010 0123", "1-555-010-0123", "001 (555) 010.0123"]) expect(readPhone(written)).toBe("+15550100123");
    for (const written of ["", "555", "ada", "+1 555 010 0123 ext 9"]) expect(readPhone(written)).toBeNull();
  });
});

describe("times", () => {
  it("are said as people say them", () => {
    expect([-5, 9_000, 61_000, 7_500_000, 100_000_000, 400_000_000].map(span)).toEqual(["0 s", "9 s", "1 min", "2 h 5 min", "1 d 3 h", "4 d"]);
    expect(spokenSpan(7_260_000)).toBe("2 hours 1 minute");
  });
});

describe("the pairing view", () => {
  const of = (state: Partial<Channel["state"]>) => pairingView({ state: { since: "", summary: "", ...state } } as Channel).show;

  it("shows what the state asks for", () => {
    expect(of({ status: "pairing", method: "qr", step: "waiting" })).toBe("waiting");
    expect(of({ status: "pairing", method: "qr", step: "shown" })).toBe("qr");
    expect(of({ status: "pairing", method: "code", step: "shown" })).toBe("code");
    expect(of({ status: "pairing", method: "passkey", step: "shown" })).toBe("passkey");
    expect(of({ status: "pairing", method: "qr", step: "scanned" })).toBe("finishing");
    expect(of({ status: "reconnecting", cause: "paired" })).toBe("finishing");
    expect(of({ status: "connected" })).toBe("done");
    expect(of({ status: "disconnected", reason: "pairing_expired" })).toBe("ended");
  });

  it("says why there is nothing to scan when WhatsApp cannot be reached, whatever was asked for", () => {
    for (const method of ["qr", "code"]) {
      expect(of({ status: "pairing", method, step: "waiting", cause: "proxy_failed" })).toBe("trouble");
    }
    // What is on show is worth more than what went wrong before.
    expect(of({ status: "pairing", method: "qr", step: "shown" })).toBe("qr");
  });

  it("knows how long a QR lives as a whole, even when it is seen late", () => {
    expect([60_000, 41_000, 20_000, 3_000, 90_000].map(wholeLife)).toEqual([60_000, 60_000, 20_000, 20_000, 90_000]);
  });
});

describe("the uptime strip", () => {
  const at = (ms: number) => new Date(ms).toISOString();

  it("goes on with the present state until now, and tells nothing of the time before the channel", () => {
    const drawn = bars(
      [
        { from: at(0), to: at(40_000), status: "absent" },
        { from: at(40_000), to: at(70_000), status: "connected" },
        { from: at(70_000), to: at(80_000), status: "connected" },
      ],
      { status: "reconnecting", since: at(70_000) },
      0,
      100_000,
    );
    expect(drawn).toEqual([
      { x: 0.4, width: 0.3, status: "connected" },
      { x: 0.7, width: 0.3, status: "reconnecting" },
    ]);
    expect(share(drawn, "connected")).toBeCloseTo(0.5);
  });
});

describe("addresses within the page", () => {
  it("name a page", () => {
    expect(parseRoute("")).toEqual({ page: "channels", add: false });
    expect(parseRoute("#/channels?add")).toEqual({ page: "channels", add: true });
    expect(parseRoute("#/channels/ch_1")).toEqual({ page: "channel", id: "ch_1" });
    expect(parseRoute("#/pair/ch_1?window=pairing")).toEqual({ page: "pair", id: "ch_1", window: true });
    expect(parseRoute("#/pair/ch_1", "?window=pairing")).toEqual({ page: "pair", id: "ch_1", window: true });
    expect(parseRoute("#/pair/ch_1")).toEqual({ page: "pair", id: "ch_1", window: false });
    expect(parseRoute("#/events?channel=ch_1")).toEqual({ page: "events", channel: "ch_1" });
    expect(parseRoute("#/nowhere")).toEqual({ page: "unknown" });
  });

  it("may carry a sign-in ticket", () => {
    expect(ticketIn("#sign-in=abc-_")).toBe("abc-_");
    expect(ticketIn("#/channels")).toBeNull();
    expect(ticketIn("#sign-in=abc-_&then=/docs")).toBe("abc-_");
    expect(afterSignIn("#sign-in=abc-_&then=/docs")).toBe("/docs");
    expect(afterSignIn("#sign-in=abc-_&then=https://example.com/docs")).toBeNull();
  });
});

describe("problems", () => {
  it("say what the server said, field by field", () => {
    const problem = problemFrom(422, { code: "invalid", title: "Request not valid", detail: "See errors.", errors: [{ pointer: "/proxy", detail: "No such scheme." }] });
    expect(problem).toBeInstanceOf(Problem);
    expect([problem.code, problem.message, problem.about("proxy"), problem.about("name")]).toEqual(["invalid", "See errors.", "No such scheme.", undefined]);
  });

  it("have words even when the server has none", () => {
    expect(problemFrom(500, undefined).message).toContain("log");
  });
});
