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
    expect(live.events.map((event) => event.seq)).toEqual([8]);
  });

  it("lists an event once, the newest first, however it came", () => {
    const live = new Live();
    send(live, "message.sent", news(3, "message.sent", {}));
    live.addHistory([news(1, "message.queued", {}), news(3, "message.sent", {}), news(2, "message.sending", {})]);
    send(live, "message.sent", news(3, "message.sent", {}));
    expect(live.events.map((event) => event.seq)).toEqual([3, 2, 1]);
  });

  it("knows which channels are stuck", () => {
    const live = new Live();
    send(live, "snapshot", { seq: 1, channels: [channel("ch_a", "reconnecting", { stuck_since: "2026-01-01T00:00:30Z" }), channel("ch_b", "connected")] });
    expect(live.stuck.map((known) => known.id)).toEqual(["ch_a"]);
    send(live, "channel.recovered", news(2, "channel.recovered", { channel_id: "ch_a", data: { channel: channel("ch_a", "connected") } }));
    expect(live.stuck).toEqual([]);
  });
});
