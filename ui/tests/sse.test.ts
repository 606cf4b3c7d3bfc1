import { describe, expect, it } from "vitest";
import { SseParser } from "../src/api/sse";

const whole = "event: snapshot\ndata: {\"seq\":1}\n\n: heartbeat\n\nevent: channel.connected\nid: 7\ndata: one\ndata: two\n\n";
const messages = [
  { event: "snapshot", data: '{"seq":1}', id: null },
  { event: "channel.connected", data: "one\ntwo", id: "7" },
];

describe("the event stream's format", () => {
  it("gives messages in order and skips comments", () => {
    expect(new SseParser().push(whole)).toEqual(messages);
  });

  it("does not care where chunks are cut, nor which line ends are used", () => {
    for (const text of [whole, whole.replaceAll("\n", "\r\n")]) {
      const parser = new SseParser();
      expect([...text].flatMap((letter) => parser.push(letter))).toEqual(messages);
    }
  });

  it("keeps an unfinished message to itself", () => {
    expect(new SseParser().push("data: half\n")).toEqual([]);
  });
});
