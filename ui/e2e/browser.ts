// Debian's Chromium with the dashboard in it, signed in by a one-use link.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import type { App } from "./app";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export class Desk {
  private constructor(
    private readonly browser: Browser,
    private readonly app: App,
  ) {}

  // Refused by the policy, or thrown by a script.
  #complaints: string[] = [];

  /** The complaints since the last call. */
  complaints(): string[] {
    return this.#complaints.splice(0);
  }

  static async open(app: App): Promise<Desk> {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    return new Desk(await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] }), app);
  }

  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => this.#complaints.push(error.message));
    page.on("console", (line) => {
      if (line.type() === "error" && /Content Security Policy|Uncaught/.test(line.text())) this.#complaints.push(line.text());
    });
    return page;
  }

  /** A page that is signed in, at `route` (`/channels`, …). */
  async dashboard(route = "/channels", options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.page(options);
    const { url } = await this.app.call<{ url: string }>("POST", "/v1/sign-in-links");
    const ticket = new URL(url).hash;
    await page.goto(`${this.app.url}/${ticket}`);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await this.go(page, route);
    return page;
  }

  async go(page: Page, route: string): Promise<void> {
    await page.evaluate((to) => {
      location.hash = to;
    }, route);
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

/** What axe finds that is serious, as `rule: where`. */
export async function serious(page: Page): Promise<string[]> {
  // axe is put in past the page's policy, as a person's own tool would be.
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setBypassCSP", { enabled: true });
  await page.evaluate(await readFile(axe, "utf8"));
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe.run();
    type Violation = { id: string; impact: string; nodes: { target: string[] }[] };
    return violations
      .filter((violation) => ["serious", "critical"].includes(violation.impact))
      .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).join(" | ")}`);
  });
  return found;
}
