// For everybody: by keyboard alone, in the dark, with a screen reader, on a narrow window, and signed out.
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { App, until } from "./app";
import { Desk, serious } from "./browser";

let app: App;
let desk: Desk;
let paired: string;
let waiting: string;
let webhook: string;
let delivery: string;

beforeAll(async () => {
  app = await App.start();
  desk = await Desk.open(app);
  paired = (await app.paired("Paired")).channel.id;
  waiting = (await app.call<{ id: string }>("POST", "/v1/channels", { name: "Waiting" })).id;
  // A receiver that is not there, and a message to nobody: something to see on every page.
  webhook = (await app.call<{ id: string }>("POST", "/v1/webhooks", { url: "http://127.0.0.1:9/", description: "Nobody" })).id;
  await app.call("POST", `/v1/channels/${paired}/messages`, { to: "+15550100999", content: { type: "text", text: "Hello?" } });
  await app.call("POST", `/v1/channels/${paired}/messages`, {
    to: "+15550100999",
    content: { type: "text", text: "Later" },
    send_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  delivery = await until("something is owed to the webhook", async () => {
    const { items } = await app.call<{ items: { id: string; attempts: number }[] }>("GET", `/v1/webhooks/${webhook}/deliveries`);
    return items.find((one) => one.attempts > 0)?.id;
  });
});
afterEach(() => expect(desk.complaints()).toEqual([]));
afterAll(async () => {
  await desk?.close();
  await app?.stop();
});

it("can be used with the keyboard alone", async () => {
  const page = await desk.dashboard();
  const press = (keys: string) => page.keyboard.press(keys);
  const reach = async (name: string) => {
    for (let presses = 0; presses < 40; presses += 1) {
      await press("Tab");
      const focused = await page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
      if (focused.startsWith(name)) return;
    }
    throw new Error(`Tab never reached ${name}`);
  };
  await page.getByRole("article", { name: "Paired" }).waitFor();
  await press("n");
  await page.getByRole("dialog", { name: "Add channel" }).waitFor();
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await press("n");
  await page.getByLabel("Name").fill("");
  await page.keyboard.type("By keyboard");
  await press("Enter");
  await page.getByRole("img", { name: /QR code/ }).waitFor();
  await reach("Scan with phone");
  await press("Enter");
  await page.getByRole("heading", { name: "Paired and connected" }).waitFor();
  await reach("Done");
  await press("Enter");
  await page.getByRole("heading", { name: "By keyboard", level: 1 }).waitFor();
  await press("Escape");
  await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
  await press("g");
  await press("e");
  await page.getByRole("heading", { name: "Events", level: 1 }).waitFor();
  await press("/");
  expect(await page.getByLabel("Filter events").evaluate((field) => field === document.activeElement)).toBe(true);
  await press("Escape");
  await press("p");
  await page.getByRole("button", { name: "Resume" }).waitFor();
  await press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
});

it("follows the system into the dark and remembers what one chose", async () => {
  const page = await desk.dashboard("/settings", { colorScheme: "dark" });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await theme()).toBe("dark");
  const dark = await ground();
  await page.getByText("Light", { exact: true }).click();
  expect(await theme()).toBe("light");
  expect(await ground()).not.toBe(dark);
  await page.reload();
  expect(await theme()).toBe("light");
  await page.getByText("System", { exact: true }).click();
  expect(await theme()).toBe("dark");
});

it("has nothing serious for axe to find, on any page, light or dark, wide or narrow", { timeout: 300_000 }, async () => {
  const routes = ["/channels", `/channels/${paired}`, `/pair/${waiting}`, `/pair/${waiting}?window=pairing`, "/events", "/settings", "/sandbox", "/apps", "/audit", "/overview", "/outbox", "/webhooks", `/webhooks/${webhook}`, `/webhooks/${webhook}/${delivery}`];
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1280, 400]) {
      const page = await desk.dashboard("/channels", { colorScheme, viewport: { width, height: 800 } });
      for (const route of routes) {
        await desk.go(page, route);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
        expect({ route, colorScheme, width, found: await serious(page) }).toEqual({ route, colorScheme, width, found: [] });
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      }
      await page.context().close();
    }
  }
});

it("explains itself: every page that it links to for reading is there", async () => {
  const page = await desk.dashboard();
  const found = new Set<string>();
  for (const route of [`/channels/${paired}`, "/events", "/overview", "/outbox", "/webhooks", "/apps", `/webhooks/${webhook}`]) {
    await desk.go(page, route);
    await page.locator("a[href^='/docs/concepts/']").first().waitFor();
    for (const link of await page.locator("a[href^='/docs/concepts/']").all()) found.add((await link.getAttribute("href")) ?? "");
  }
  expect([...found].sort()).toEqual(["apps", "channels-and-sessions", "events", "sending", "webhooks"].map((name) => `/docs/concepts/${name}`));
  for (const address of found) {
    const answer = await page.goto(app.url + address);
    expect([address, answer?.status()]).toEqual([address, 200]);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
  }
});

it("says its states to a screen reader", async () => {
  const page = await desk.dashboard();
  const card = page.getByRole("article", { name: "Paired" });
  // The strip comes with an answer of its own.
  await card.getByRole("img", { name: /^Paired: connected/ }).waitFor();
  expect(await card.ariaSnapshot()).toMatch(/heading "Paired"[\s\S]*Connected[\s\S]*time: for \d+ second[\s\S]*img "Paired: connected/);
});

it("asks a browser that is not signed in to do so, and lets a link work once", async () => {
  const page = await desk.page();
  await page.goto(app.url);
  await page.getByRole("heading", { name: "Sign in to WhatIsUp" }).waitFor();
  await page.getByText("whatisupd open").waitFor();
  expect(await serious(page)).toEqual([]);
  await page.getByLabel("Key").fill(app.key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
  await desk.go(page, "/settings");
  await page.getByRole("button", { name: "Sign this browser out" }).click();
  await page.getByRole("heading", { name: "Sign in to WhatIsUp" }).waitFor();

  const { url } = await app.call<{ url: string }>("POST", "/v1/sign-in-links");
  const link = `${app.url}/${new URL(url).hash}`;
  const first = await desk.page();
  await first.goto(link);
  await first.getByRole("heading", { name: "Channels", level: 1 }).waitFor();
  expect(first.url()).not.toContain("sign-in");
  const second = await desk.page();
  await second.goto(link);
  await second.getByText("This link no longer works").waitFor();
});

it.skipIf(process.env.WHATISUP_URL)("says that it lost the application, and goes on when it is back", async () => {
  const page = await desk.dashboard();
  await page.getByRole("article", { name: "Paired" }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await app.kill();
  await page.getByText("WhatIsUp does not answer").waitFor();
  await app.run();
  await page.getByText("WhatIsUp does not answer").waitFor({ state: "detached" });
  // Signed in still, and what it shows is live again.
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("article", { name: "Paired" }).waitFor();
});
