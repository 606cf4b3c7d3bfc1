import { describe, expect, it } from "vitest";
import type { LogEvent } from "../src/api/types";
import { CAUGHT_UP, Monitor, SHOWN } from "../src/state/monitor.svelte";

const event = (seq: number): LogEvent => ({ id: `evt_${seq}`, seq, type: "message.sent", timestamp: "", channel_id: null, data: {} });

/** A log of `length` events, and the monitor that reads it. */
function monitorOf(length: number) {
  const log = { length };
  const monitor = new Monitor(async (after, limit) =>
    Array.from({ length: Math.max(0, Math.min(limit, log.length - after)) }, (_, n) => event(after + n + 1)),
  );
  monitor.tip = length;
  const happens = (count: number) => {
    for (let n = 0; n < count; n += 1) monitor.take(event((log.length += 1)));
  };
  return { monitor, happens };
}
const seqs = (monitor: Monitor) => monitor.list.map((known) => known.seq);
const gapless = (monitor: Monitor) => seqs(monitor).every((seq, n, all) => n === 0 || all[n - 1] === seq + 1);

describe("the event monitor", () => {
  it("lists the newest first and never more than it has room for", async () => {
    const { monitor, happens } = monitorOf(100);
    await monitor.older();
    happens(SHOWN);
    expect([seqs(monitor)[0], monitor.list.length, gapless(monitor)]).toEqual([600, SHOWN, true]);
  });

  it("counts what waits while it is held, and shows all of it afterwards", async () => {
    const { monitor, happens } = monitorOf(10);
    await monitor.older();
    monitor.pause();
    happens(1234);
    expect([monitor.waiting, seqs(monitor)[0]]).toEqual([1234, 10]);
    await monitor.resume();
    expect([monitor.waiting, seqs(monitor)[0], monitor.list.length, gapless(monitor), monitor.heldAt]).toEqual([0, 1244, 1244, true, 10]);
    happens(1);
    expect([seqs(monitor)[0], gapless(monitor)]).toEqual([1245, true]);
    monitor.trim();
    expect(monitor.list.length).toBe(SHOWN);
  });

  it("loses nothing that happens while it catches up", async () => {
    const { monitor, happens } = monitorOf(0);
    monitor.pause();
    happens(700);
    const resumed = monitor.resume();
    happens(3);
    await resumed;
    expect([seqs(monitor)[0], seqs(monitor).at(-1), gapless(monitor)]).toEqual([703, 1, true]);
  });

  it("says how much it left out when more waited than anybody reads", async () => {
    const { monitor, happens } = monitorOf(5);
    await monitor.older();
    monitor.pause();
    happens(CAUGHT_UP + 40);
    await monitor.resume();
    expect([monitor.skipped, seqs(monitor)[0]]).toEqual([40, CAUGHT_UP + 45]);
    expect(monitor.list.length).toBeLessThanOrEqual(CAUGHT_UP + SHOWN);
  });

  it("stays held when the log cannot be read, so that nothing is skipped", async () => {
    const monitor = new Monitor(async () => {
      throw new Error("no answer");
    });
    monitor.pause();
    monitor.take(event(1));
    await expect(monitor.resume()).rejects.toThrow("no answer");
    expect([monitor.paused, monitor.waiting]).toEqual([true, 1]);
  });

  it("reads further back page by page until the log begins", async () => {
    const { monitor } = monitorOf(600);
    const answers = [await monitor.older(), await monitor.older(), await monitor.older(), await monitor.older()];
    expect(answers).toEqual([true, true, true, false]);
    expect([seqs(monitor).at(-1), monitor.list.length, gapless(monitor)]).toEqual([1, 600, true]);
  });
});
