// A program's webhook receiver: keeps what it was sent, and answers as it is told to.
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "./app";

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  event: { id: string; seq: number; type: string; data: { message?: { content: { text?: string } } } };
}

export class Receiver {
  readonly received: Received[] = [];
  status = 200;
  answer = '{"ok":true}';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const receiver = new Receiver(server);
    server.on("request", async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      receiver.received.push({ headers: request.headers, body, event: JSON.parse(body) as Received["event"] });
      response.writeHead(receiver.status, { "Content-Type": "application/json" });
      response.end(receiver.answer);
    });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks`;
  }

  /** The first request that fits, waited for. */
  gets(what: string, fits: (received: Received) => boolean): Promise<Received> {
    return until(what, async () => this.received.find(fits));
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** How many of the signatures of a request were made with this secret (Standard Webhooks). */
export function signedWith(received: Received, secret: string): number {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signatures } = received.headers;
  const right = `v1,${createHmac("sha256", key).update(`${String(id)}.${String(at)}.${received.body}`).digest("base64")}`;
  return String(signatures).split(" ").filter((signature) => signature === right).length;
}
