import { describe, expect, it, vi } from "vitest";
import type { Channel, Message } from "../src/api/types";
import { each, heldBack, shelfOf, whyWaiting } from "../src/parts/outbox";
import { asLocal, fromLocal, wrongTimes } from "../src/parts/moment";
import { contentText, messageFace, reactionsOf } from "../src/parts/words";
import { soon } from "../src/state/soon";
import { message, NOW, at } from "./message";

const channel = (status: string): Channel => ({ id: "ch_a", name: "Front desk", state: { status } }) as Channel;

describe("the outbox", () => {
  it("has a shelf for each message that has not left, and none for others", () => {
    expect(["queued", "sending", "failed", "sent", "delivered", "read", "cancelled", "expired"].map((status) => shelfOf(message(status), NOW))).toEqual([
      "waiting",
      "waiting",
      "failed",
      null,
      null,
      null,
      null,
      null,
    ]);
    expect(shelfOf(message("queued", { send_at: at(60_000) }), NOW)).toBe("scheduled");
    expect(shelfOf(message("queued", { send_at: at(-60_000) }), NOW)).toBe("waiting");
    expect(shelfOf(message("received", { direction: "inbound" }), NOW)).toBeNull();
  });

  it("says why a message waits", () => {
    const why = (more: Partial<Message>, status = "connected", behind = false) => whyWaiting(message("queued", more), channel(status), NOW, behind);
    expect(why({})).toBe("Next in line");
    expect(why({}, "reconnecting")).toBe("Leaves when Front desk is connected");
    expect(why({}, "connected", true)).toContain("Waits behind an earlier message");
    expect(why({ send_at: at(3_600_000) })).toMatch(/^Leaves .*, in 1 h$/);
    expect(why({ next_attempt_at: at(29_500), attempts: 1 })).toBe("Next try in 30 s, after 1 try");
    expect(why({ next_attempt_at: at(-10), attempts: 3 })).toBe("Trying again, after 3 tries");
    expect(whyWaiting(message("sending"), channel("connected"), NOW)).toBe("On its way to WhatsApp");
  });

  it("knows what waits behind a message that waits for its retry, and what was before it", () => {
    const waits = [
      message("sending", { id: "before", at: at(-9_000) }),
      message("sending", { id: "behind and marked", at: at(-2_000) }),
      message("queued", { id: "tried", at: at(-5_000), next_attempt_at: at(5_000) }),
      message("queued", { id: "behind", at: at(-1_000) }),
      message("queued", { id: "elsewhere", at: at(-1_000), chat: "another" }),
      message("queued", { id: "due", at: at(-8_000), chat: "another", next_attempt_at: at(-1) }),
    ];
    expect([...heldBack(waits, NOW)]).toEqual(["behind and marked", "behind"]);
    expect(whyWaiting(message("sending"), channel("connected"), NOW, true)).toContain("Waits behind");
  });

  it("works through many, a few at a time, and goes on past what fails", async () => {
    let under = 0;
    let most = 0;
    const counts: number[] = [];
    const wrong = await each(
      [1, 2, 3, 4, 5],
      2,
      async (n) => {
        most = Math.max(most, (under += 1));
        await Promise.resolve();
        under -= 1;
        if (n === 3) throw new Error("three");
      },
      (count) => counts.push(count),
    );
    expect([most, counts.at(-1), wrong.length]).toEqual([2, 5, 1]);
  });
});

describe("a message's words", () => {
  it("tell every status, also of one that waits for its time or for another try", () => {
    expect(messageFace(message("queued", { send_at: at(1000) }), NOW).word).toBe("Scheduled");
    expect(messageFace(message("queued", { setback: { reason: "refused", summary: "" } }), NOW).word).toBe("Retrying");
    expect(["queued", "sending", "sent", "failed", "cancelled", "expired"].map((status) => messageFace(message(status), NOW).word)).toEqual([
      "Queued",
      "Sending",
      "Sent",
      "Failed",
      "Cancelled",
      "Expired",
    ]);
  });

  it("tell reactions, edits and what was taken back without showing what is gone", () => {
    expect(contentText(message("received", { content: { type: "reaction", target: "X", emoji: "👍" } })).text).toBe("Reacted with 👍");
    expect(contentText(message("received", { content: { type: "edit", target: "X", text: "Ten" } })).text).toContain("“Ten”");
    expect(contentText(message("received", { revoked_at: at(0) }))).toEqual({ text: "Taken back by its sender.", plain: false });
    const by = (name: string) => ({ phone: null, lid: null, name });
    const reactions = [
      { by: by("Ada"), emoji: "👍", at: at(0) },
      { by: by("Alan"), emoji: "👍", at: at(0) },
      { by: by("Grace"), emoji: "", at: at(0) },
    ];
    expect(reactionsOf(message("received", { reactions }))).toEqual([{ emoji: "👍", by: ["Ada", "Alan"] }]);
  });
});

describe("a moment that a person types", () => {
  it("is the local one, to the minute and back", () => {
    expect(fromLocal(asLocal(NOW))?.getTime()).toBe(NOW);
    expect([fromLocal(""), fromLocal("soon")]).toEqual([null, null]);
  });

  it("must lie ahead, and a message cannot be given up before it leaves", () => {
    const typed = (ms: number) => asLocal(NOW + ms);
    expect(wrongTimes("", "", NOW)).toEqual({});
    expect(wrongTimes(typed(3_600_000), typed(7_200_000), NOW)).toEqual({});
    expect(wrongTimes(typed(-3_600_000), "", NOW).sendAt).toContain("passed");
    expect(wrongTimes("", typed(-60_000), NOW).expiresAt).toContain("passed");
    expect(wrongTimes(typed(3_600_000), typed(1_800_000), NOW).expiresAt).toContain("later");
    // A minute that has begun is still meant as now.
    expect(wrongTimes(asLocal(NOW), "", NOW + 30_000)).toEqual({});
  });
});

describe("work asked for often", () => {
  it("is done at once, then once more for all that was asked meanwhile", async () => {
    vi.useFakeTimers();
    let done = 0;
    const work = soon(async () => {
      done += 1;
      if (done === 2) throw new Error("a failure is tried again when next asked");
    }, 100);
    for (let n = 0; n < 5; n += 1) work.ask();
    expect(done).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(done).toBe(2);
    await vi.advanceTimersByTimeAsync(500);
    expect(done).toBe(2);
    work.ask();
    expect(done).toBe(3);
    work.stop();
    vi.useRealTimers();
  });
});
