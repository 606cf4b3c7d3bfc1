import { describe, expect, it } from "vitest";
import { backoff, EventStream, type StreamHooks } from "../src/api/stream";

function hooks(open: StreamHooks["open"], over: Partial<StreamHooks> = {}): StreamHooks {
  return { open, message: () => {}, up: () => {}, down: () => {}, signedOut: () => {}, ...over };
}

const body = (text: string) => new Response(text, { status: 200 });

describe("the event stream", () => {
  it("waits longer after each failure, and never much longer than ten seconds", () => {
    expect(backoff(0, 0.5)).toBe(500);
    expect(backoff(3, 0.5)).toBe(4000);
    expect(Math.max(...Array.from({ length: 50 }, (_, n) => backoff(n, 1)))).toBeLessThanOrEqual(12_500);
  });

  it("resumes after the last event it saw", async () => {
    const asked: (number | null)[] = [];
    const stream: EventStream = new EventStream(
      hooks(
        async (after) => {
          asked.push(after);
          if (asked.length === 3) stream.stop();
          return body("event: a\nid: 41\ndata: {}\n\n");
        },
        { down: () => queueMicrotask(() => stream.retryNow()) },
      ),
    );
    await stream.run();
    expect(asked).toEqual([null, 41, 41]);
  });

  it("resumes from the snapshot when nothing happened since", async () => {
    const asked: (number | null)[] = [];
    const stream: EventStream = new EventStream(
      hooks(
        async (after) => {
          asked.push(after);
          if (asked.length === 2) stream.stop();
          return body("event: snapshot\ndata: {}\n\n");
        },
        { message: () => stream.resumeFrom(12), down: () => queueMicrotask(() => stream.retryNow()) },
      ),
    );
    await stream.run();
    expect(asked).toEqual([null, 12]);
  });

  it("does not knock again where it is not let in", async () => {
    let knocks = 0;
    let out = false;
    await new EventStream(hooks(async () => ((knocks += 1), new Response("", { status: 401 })), { signedOut: () => (out = true) })).run();
    expect([knocks, out]).toEqual([1, true]);
  });
});
