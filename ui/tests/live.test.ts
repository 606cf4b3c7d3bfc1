import { describe, expect, it } from "vitest";
import type { Channel, LogEvent } from "../src/api/types";
import { Live } from "../src/state/live.svelte";

function channel(id: string, status: string, more: Partial<Channel> = {}): Channel {
  return {
    id,
    name: id,
    created_at: "2026-01-01T00:00:00Z",
    desired: "running",
    state: { status, since: "2026-01-01T00:00:00Z", summary: "" },
    tone: "connected",
    paired: true,
    ...more,
  };
}

const send = (live: Live, event: string, data: unknown) => live.take({ event, data: JSON.stringify(data), id: null });
const news = (seq: number, type: string, about: Partial<LogEvent>): LogEvent => ({
  id: `evt_${seq}`,
  seq,
  type,
  timestamp: "2026-01-01T00:00:00Z",
  channel_id: null,
  data: {},
  ...about,
});

describe("the live picture", () => {
  it("starts with the snapshot and follows the events", () => {
    const live = new Live();
    send(live, "snapshot", { seq: 5, channels: [channel("ch_a", "connected")] });
    expect(live.known).toBe(true);
    send(live, "channel.reconnecting", news(6, "channel.reconnecting", { channel_id: "ch_a", data: { channel: channel("ch_a", "reconnecting") } }));
    expect(live.channel("ch_a")?.state.status).toBe("reconnecting");
    send(live, "channel.created", news(7, "channel.created", { channel_id: "ch_b", data: { channel: channel("ch_b", "pairing") } }));
    expect(live.channels.map((known) => known.id)).toEqual(["ch_a", "ch_b"]);
    send(live, "channel.deleted", news(8, "channel.deleted", { channel_id: "ch_a", data: { name: "a" } }));
    expect(live.channels.map((known) => known.id)).toEqual(["ch_b"]);
  });

  it("does not show the past as the present when history is replayed after a snapshot", () => {
    const live = new Live();
    send(live, "snapshot", { seq: 9, channels: [channel("ch_a", "connected")] });
    send(live, "channel.disconnected", news(8, "channel.disconnected", { channel_id: "ch_a", data: { channel: channel("ch_a", "disconnected") } }));
    expect(live.channel("ch_a")?.state.status).toBe("connected");
    expect(live.last?.seq).toBe(8);
  });

  it("tells of an event once, however often it comes", () => {
    const live = new Live();
    const heard: number[] = [];
    live.listen((event) => heard.push(event.seq));
    for (const seq of [3, 4, 3, 4, 5]) send(live, "message.sent", news(seq, "message.sent", {}));
    expect(heard).toEqual([3, 4, 5]);
  });

  it("begins anew when the log is another one, as after a backup was brought back", () => {
    const live = new Live();
    const heard: number[] = [];
    live.listen((event) => heard.push(event.seq));
    send(live, "message.sent", news(90, "message.sent", {}));
    send(live, "snapshot", { seq: 7, channels: [] });
    send(live, "message.sent", news(8, "message.sent", {}));
    expect(heard).toEqual([90, 8]);
  });

  it("knows which channels are stuck", () => {
    const live = new Live();
    send(live, "snapshot", { seq: 1, channels: [channel("ch_a", "reconnecting", { stuck_since: "2026-01-01T00:00:30Z" }), channel("ch_b", "connected")] });
    expect(live.stuck.map((known) => known.id)).toEqual(["ch_a"]);
    send(live, "channel.recovered", news(2, "channel.recovered", { channel_id: "ch_a", data: { channel: channel("ch_a", "connected") } }));
    expect(live.stuck).toEqual([]);
  });

  it("knows which channels keep losing their connection, apart from those that are stuck", () => {
    const live = new Live();
    const since = "2026-01-01T00:00:30Z";
    send(live, "snapshot", {
      seq: 1,
      channels: [
        channel("ch_a", "connected", { flapping_since: since }),
        channel("ch_b", "reconnecting", { flapping_since: since, stuck_since: since }),
        channel("ch_c", "connected"),
      ],
    });
    expect(live.flapping.map((known) => known.id)).toEqual(["ch_a"]);
    send(live, "channel.recovered", news(2, "channel.recovered", { channel_id: "ch_a", data: { channel: channel("ch_a", "connected") } }));
    expect(live.flapping).toEqual([]);
  });
});
