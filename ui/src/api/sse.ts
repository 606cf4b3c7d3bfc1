// The text/event-stream format, parsed from chunks as they arrive (EventSource cannot send a key).

export interface SseMessage {
  event: string;
  data: string;
  id: string | null;
}

export class SseParser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id: string | null = null;

  /** The messages completed by this chunk, in order. Comments (heartbeats) give none. */
  push(chunk: string): SseMessage[] {
    const messages: SseMessage[] = [];
    this.#rest += chunk;
    for (;;) {
      const end = this.#rest.search(/\r\n|\n|\r/);
      // A lone CR at the end may be half of a CRLF: wait for the next chunk.
      if (end < 0 || (this.#rest[end] === "\r" && end === this.#rest.length - 1)) return messages;
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + (this.#rest.startsWith("\r\n", end) ? 2 : 1));
      const message = this.#line(line);
      if (message) messages.push(message);
    }
  }

  #line(line: string): SseMessage | null {
    if (line === "") {
      const message = this.#data.length ? { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id } : null;
      this.#event = "";
      this.#data = [];
      this.#id = null;
      return message;
    }
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id") this.#id = value;
    return null;
  }
}
