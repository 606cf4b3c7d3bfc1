// The running application (a sandbox build) for a test: started from WHATISUPD=/path/to/whatisupd with a data directory
// of its own, or one that runs already at WHATISUP_URL with WHATISUP_KEY.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Channel {
  id: string;
  name: string;
  state: { status: string; reason?: string; summary: string };
  stuck_since: string | null;
  account: { phone: string | null } | null;
}

export class App {
  private constructor(
    readonly url: string,
    readonly key: string,
    private readonly process: ChildProcess | null,
    private readonly folder: string | null,
  ) {}

  static async start(): Promise<App> {
    const { WHATISUPD: program, WHATISUP_URL: url, WHATISUP_KEY: given } = process.env;
    if (url && given) return new App(url, given, null, null);
    if (!program) throw new Error("set WHATISUPD to a sandbox build of whatisupd, or WHATISUP_URL and WHATISUP_KEY");
    const folder = await mkdtemp(join(tmpdir(), "whatisup-e2e-"));
    const port = await freePort();
    const own = ["--data-dir", join(folder, "data"), "--key-file", join(folder, "keys.json")];
    const child = spawn(program, ["run", "--port", String(port), ...own], { stdio: ["ignore", "pipe", "pipe"] });
    const base = `http://127.0.0.1:${port}`;
    let said = "";
    child.stdout.on("data", (text: Buffer) => (said += text.toString()));
    child.stderr.on("data", (text: Buffer) => (said += text.toString()));
    try {
      await until("the API answers", async () => {
        if (child.exitCode !== null) throw new Error("whatisupd ended");
        return (await fetch(`${base}/livez`).catch(() => null))?.ok;
      });
      const { stdout } = await promisify(execFile)(program, ["key", ...own]);
      const key = /wiu_\S+/.exec(stdout)?.[0];
      if (!key) throw new Error(`whatisupd key printed no key: ${stdout}`);
      const app = new App(base, key, child, folder);
      await until("it is ready", async () => (await fetch(`${base}/readyz`, { headers: app.credentials }).catch(() => null))?.ok);
      return app;
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`${String(error)}\n${said}`, { cause: error });
    }
  }

  get credentials(): Record<string, string> {
    return { Authorization: `Bearer ${this.key}` };
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.credentials, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  channel(id: string): Promise<Channel> {
    return this.call("GET", `/v1/channels/${id}`);
  }

  async reaches(id: string, status: string): Promise<Channel> {
    return until(`${id} is ${status}`, async () => {
      const channel = await this.channel(id);
      return channel.state.status === status ? channel : null;
    });
  }

  /** A channel, paired with a simulated phone and connected. */
  async paired(name: string): Promise<{ channel: Channel; number: string }> {
    const { id } = await this.call<Channel>("POST", "/v1/channels", { name });
    const qr = await until("there is a QR", () => this.call<{ text: string }>("GET", `/v1/channels/${id}/qr`).catch(() => null));
    const { number } = await this.call<{ number: string }>("POST", "/sandbox/scan", { qr: qr.text });
    return { channel: await this.reaches(id, "connected"), number };
  }

  async stop(): Promise<void> {
    if (!this.process || !this.folder) return;
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process?.kill("SIGKILL"), 10_000);
    if (this.process.exitCode === null) await once(this.process, "exit");
    clearTimeout(late);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Asks again until the answer is truthy. */
export async function until<T>(what: string, ask: () => Promise<T | null | undefined | false>, patience = 30_000): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (!address || typeof address === "string") throw new Error("no port");
  return address.port;
}
