import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Message } from "../src/api/types";
import { message } from "./message";

const pages = vi.hoisted(() => ({ answer: (_: { status?: string; cursor?: string }): Promise<unknown> => Promise.reject(new Error("not asked for")) }));
vi.mock("../src/api/outbox", () => ({ outboxPage: (_: unknown, asked: { status?: string; cursor?: string }) => pages.answer(asked) }));
vi.mock("../src/state/app.svelte", () => ({ app: { api: {} } }));
const { Shelf } = await import("../src/state/shelf.svelte");

const counts = { queued: 0, sending: 0, scheduled: 0, failed: 0 };
const page = (messages: Message[], next: string | null = null) => Promise.resolve({ items: messages, next_cursor: next, counts });
const ids = (shelf: InstanceType<typeof Shelf>) => shelf.list?.map((known) => known.id);
const one = (id: string, status: string, more: Partial<Message> = {}) => message(status, { id, ...more });

describe("a shelf of the outbox", () => {
  beforeEach(() => {
    pages.answer = () => page([]);
  });

  it("shows what is on its way before what waits", async () => {
    pages.answer = ({ status }) => page(status === "sending" ? [one("s", "sending")] : [one("q", "queued")]);
    const shelf = new Shelf("waiting", "");
    await shelf.load();
    expect(ids(shelf)).toEqual(["s", "q"]);
  });

  it("follows a message from its coming to its leaving", async () => {
    const shelf = new Shelf("waiting", "");
    await shelf.load();
    shelf.put(one("a", "queued"));
    shelf.put(one("b", "queued"));
    shelf.put(one("a", "sending"));
    expect(shelf.list?.map((known) => known.status)).toEqual(["sending", "queued"]);
    shelf.put(one("a", "sent"));
    expect(ids(shelf)).toEqual(["b"]);
    shelf.put(one("c", "received", { direction: "inbound" }));
    shelf.put(one("d", "queued", { send_at: new Date(Date.now() + 60_000).toISOString() }));
    expect(ids(shelf)).toEqual(["b"]);
  });

  it("keeps what the stream said while a page was on its way, which is newer than the page", async () => {
    let answer: (page: unknown) => void = () => {};
    pages.answer = () => new Promise((resolve) => (answer = resolve));
    const shelf = new Shelf("failed", "");
    const loading = shelf.load();
    shelf.put(one("old", "queued"));
    shelf.put(one("new", "failed"));
    answer({ items: [one("old", "failed"), one("other", "failed")], next_cursor: null, counts });
    await loading;
    expect(ids(shelf)).toEqual(["new", "other"]);
  });

  it("adds to its end only when the end is in sight, so that order is not made up", async () => {
    pages.answer = ({ status, cursor }) => page(status === "queued" ? [one(cursor ? "second" : "first", "queued")] : [], cursor ? null : "more");
    const shelf = new Shelf("waiting", "");
    await shelf.load();
    shelf.put(one("late", "queued"));
    expect([ids(shelf), shelf.more]).toEqual([["first"], true]);
    await shelf.further();
    expect([ids(shelf), shelf.more]).toEqual([["first", "second"], false]);
    shelf.put(one("last", "queued"));
    expect(ids(shelf)).toEqual(["first", "second", "last"]);
  });

  it("leaves other channels' messages alone, and gives up what its time has moved on", async () => {
    const due = one("due", "queued", { send_at: new Date(Date.now() + 1000).toISOString() });
    pages.answer = () => page([due]);
    const shelf = new Shelf("scheduled", "ch_a");
    await shelf.load();
    shelf.put(one("x", "queued", { channel_id: "ch_b", send_at: due.send_at }));
    expect(ids(shelf)).toEqual(["due"]);
    expect(shelf.sweep(Date.now() + 2000).map((known) => known.id)).toEqual(["due"]);
    expect(ids(shelf)).toEqual([]);
  });
});
