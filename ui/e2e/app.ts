// The running application (a sandbox build) for a test: started from WHATISUPD=/path/to/whatisupd with a data directory
// of its own, or one that runs already at WHATISUP_URL with WHATISUP_KEY.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { harvest, keep } from "./leaks";

export interface Channel {
  id: string;
  name: string;
  state: { status: string; reason?: string; summary: string };
  stuck_since: string | null;
  account: { phone: string | null } | null;
}

export class App {
  #child: ChildProcess | null = null;
  #said = "";

  private constructor(
    readonly url: string,
    private readonly program: string | null,
    private readonly folder: string,
    private given: string,
  ) {}

  static async start(): Promise<App> {
    const { WHATISUPD: program, WHATISUP_URL: url, WHATISUP_KEY: key } = process.env;
    if (url && key) return new App(url, null, "", key);
    if (!program) throw new Error("set WHATISUPD to a sandbox build of whatisupd, or WHATISUP_URL and WHATISUP_KEY");
    const folder = await mkdtemp(join(tmpdir(), "whatisup-e2e-"));
    const app = new App(`http://127.0.0.1:${await freePort()}`, program, folder, "");
    await app.run();
    return app;
  }

  get key(): string {
    return this.given;
  }

  /** Whether it can be killed and started again here. */
  get ours(): boolean {
    return this.program !== null;
  }

  /** Starts the process and waits until it is ready. */
  async run(): Promise<void> {
    const { program } = this;
    if (!program) throw new Error("this application was not started here");
    const own = ["--data-dir", join(this.folder, "data"), "--key-file", join(this.folder, "keys.json")];
    const child = spawn(program, ["run", "--port", new URL(this.url).port, ...own], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (text: Buffer) => (this.#said += text.toString()));
    child.stderr.on("data", (text: Buffer) => (this.#said += text.toString()));
    this.#child = child;
    try {
      await until("the API answers", async () => {
        if (child.exitCode !== null) throw new Error("whatisupd ended");
        return (await fetch(`${this.url}/livez`).catch(() => null))?.ok;
      });
      const { stdout } = await promisify(execFile)(program, ["key", ...own]);
      this.given = /wiu_\S+/.exec(stdout)?.[0] ?? "";
      await until("it is ready", async () => (await fetch(`${this.url}/readyz`, { headers: this.credentials }).catch(() => null))?.ok);
    } catch (error) {
      await this.kill();
      throw new Error(`${String(error)}\n${this.#said}`, { cause: error });
    }
  }

  /** Ends the process without asking it. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await gone;
    clearTimeout(late);
  }

  get credentials(): Record<string, string> {
    return { Authorization: `Bearer ${this.key}` };
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method,
      headers: { ...this.credentials, Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    }).catch((error: unknown) => {
      throw new Error(`${method} ${path}: ${String(error)}; the application (${this.#child?.exitCode ?? "running"}) said:\n${this.#said}`, { cause: error });
    });
    const text = await response.text();
    await harvest(body);
    if (response.ok && text.startsWith("{")) await harvest(JSON.parse(text));
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
    if (!this.ours) return;
    await this.kill("SIGTERM");
    await keep(join(this.folder, "data"), join(this.folder, "keys.json"), this.#said);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Asks again until the answer is truthy. */
export async function until<T>(what: string, ask: () => Promise<T | null | undefined | false>, patience = 60_000): Promise<T> {
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
