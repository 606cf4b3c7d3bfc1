import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { Problem } from "../src/api/problem";
import type { Delivery, Webhook } from "../src/api/types";
import { allTypes, switched, takes, typesInWords } from "../src/parts/eventTypes";
import { pieces } from "../src/parts/json";
import { filled, scale, stacked, totals } from "../src/parts/series";
import { address, deliveryFace, latency, stopped, webhookFace } from "../src/parts/webhook";
import { parseRoute } from "../src/state/route.svelte";

describe("the choice of events", () => {
  it("offers exactly the types that there are", async () => {
    const source = await readFile("../crates/domain/src/event.rs", "utf8");
    const known = [...source.matchAll(/EventKind\("([a-z.]+)"\)/g)].map(([, name]) => name);
    expect(known.length).toBeGreaterThan(20);
    expect([...allTypes].sort()).toEqual(known.sort());
  });

  it("takes in what the server would: all, a family, or a type", () => {
    expect(takes([], "message.sent")).toBe(true);
    expect(takes(["*"], "channel.stuck")).toBe(true);
    expect(takes(["message.*"], "message.sent")).toBe(true);
    expect(takes(["message.*"], "messages.sent")).toBe(false);
    expect(takes(["message.sent"], "message.read")).toBe(false);
  });

  it("never says the same twice", () => {
    expect(switched(["message.sent", "channel.stuck"], "message.*", true)).toEqual(["channel.stuck", "message.*"]);
    expect(switched(["message.*"], "message.*", false)).toEqual([]);
    expect(switched(["a.b"], "a.b", true)).toEqual(["a.b"]);
  });

  it("is said in words", () => {
    expect(typesInWords([])).toBe("All events");
    expect(typesInWords(["message.*"])).toBe("All message events");
    expect(typesInWords(["message.*", "channel.stuck"])).toBe("All message events and channel.stuck");
    expect(typesInWords(["a.a", "a.b", "a.c", "a.d"])).toBe("a.a, a.b and 2 more types");
  });
});

describe("a webhook's face", () => {
  const webhook = (status: string, more: Partial<Webhook> = {}) => ({ status, ...more }) as Webhook;

  it("tells pausing by hand from stopping by itself", () => {
    const all = [
      webhook("active"),
      webhook("active", { failing_since: "2026-01-01T00:00:00Z" }),
      webhook("paused", { status_reason: "by_hand" }),
      webhook("paused", { status_reason: "failing" }),
      webhook("disabled", { status_reason: "gone" }),
    ];
    expect(all.map((one) => `${webhookFace(one).word} ${webhookFace(one).tone}`)).toEqual([
      "Active connected",
      "Failing attention",
      "Paused idle",
      "Paused broken",
      "Disabled broken",
    ]);
    expect(stopped(all)).toEqual(all.slice(3));
  });

  it("tells a delivery that waits from one that was tried in vain", () => {
    const delivery = (status: string, attempts: number) => deliveryFace({ status, attempts } as Delivery).word;
    expect([delivery("pending", 0), delivery("pending", 2), delivery("delivered", 1), delivery("skipped", 0)]).toEqual(["Waiting", "Retrying", "Delivered", "Skipped"]);
    expect([latency(34.4), latency(15_000)]).toEqual(["34 ms", "15.0 s"]);
  });

  it("shows the host first, and never fails on an address", () => {
    expect(address("https://example.com/")).toEqual({ host: "example.com", rest: "" });
    expect(address("http://127.0.0.1:8080/a?b=c")).toEqual({ host: "127.0.0.1:8080", rest: "/a?b=c" });
    expect(address("nonsense")).toEqual({ host: "nonsense", rest: "" });
  });

  it("puts the server's words below the right field, whatever part of it they name", () => {
    const problem = new Problem("invalid", "", "", 422, [
      { pointer: "/headers/x-team", detail: "is not allowed" },
      { pointer: "/types/3", detail: "there is no such type" },
    ]);
    expect(problem.within("headers")).toBe("X-team is not allowed.");
    expect(problem.within("types")).toBe("There is no such type.");
    expect(problem.within("url")).toBeUndefined();
  });
});

describe("the charts", () => {
  const hour = 3600;
  const from = "2026-01-01T00:00:00Z";
  const at = (n: number) => new Date(Date.parse(from) + n * hour * 1000).toISOString();

  it("show hours in which nothing happened, up to the present one", () => {
    const rows = filled([{ at: at(1), sent: 3, failed: 1 }, { at: at(3), sent: 2 }], ["sent", "failed"], from, hour, Date.parse(from) + 3.5 * hour * 1000);
    expect(rows.map((row) => row.values)).toEqual([[0, 0], [3, 1], [0, 0], [2, 0]]);
    expect(stacked(rows, 2)).toEqual([[0, 3, 0, 2], [0, 4, 0, 2]]);
    expect(totals(rows, 2)).toEqual([5, 1]);
  });

  it("leave out what lies outside instead of breaking", () => {
    expect(filled([{ at: at(-5), sent: 3 }, { at: at(99), sent: 3 }], ["sent"], from, hour, Date.parse(from)).map((row) => row.values)).toEqual([[0]]);
  });

  it("have an axis of round whole numbers that holds the highest bar", () => {
    expect([0, 1, 4, 5, 19, 118, 1_000_000].map((highest) => scale(highest))).toEqual([
      { top: 4, step: 1 },
      { top: 4, step: 1 },
      { top: 4, step: 1 },
      { top: 8, step: 2 },
      { top: 20, step: 5 },
      { top: 200, step: 50 },
      { top: 2_000_000, step: 500_000 },
    ]);
  });
});

describe("JSON in pieces", () => {
  it("loses no letter and tells keys, texts and values apart", () => {
    const value = { id: "evt_1", seq: 12, "a \"quoted\" key": [true, null, -1.5e3, "text: with {marks}"], nothing: {} };
    const text = JSON.stringify(value, null, 2);
    const parts = pieces(text);
    expect(parts.map((piece) => piece.text).join("")).toBe(text);
    expect(parts.filter((piece) => piece.kind === "key").map((piece) => piece.text)).toEqual(['"id"', '"seq"', '"a \\"quoted\\" key"', '"nothing"']);
    expect(parts.filter((piece) => piece.kind === "plain").map((piece) => piece.text)).toEqual(["12", "true", "null", "-1500"]);
  });
});

describe("addresses of the new pages", () => {
  it("name a webhook, one of its deliveries, the outbox of a channel", () => {
    expect(parseRoute("#/webhooks")).toEqual({ page: "webhooks", add: false });
    expect(parseRoute("#/webhooks/wh_1")).toEqual({ page: "webhook", id: "wh_1" });
    expect(parseRoute("#/webhooks/wh_1/dlv_2")).toEqual({ page: "delivery", webhook: "wh_1", id: "dlv_2" });
    expect(parseRoute("#/outbox?channel=ch_1")).toEqual({ page: "outbox", channel: "ch_1" });
    expect(parseRoute("#/overview")).toEqual({ page: "overview" });
  });
});
