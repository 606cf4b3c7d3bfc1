// The event monitor, and the day in numbers.
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { App, type Channel } from "./app";
import { Desk, serious } from "./browser";

let app: App;
let desk: Desk;
let channel: Channel;
let friend: string;

beforeAll(async () => {
  app = await App.start();
  desk = await Desk.open(app);
  ({ channel } = await app.paired("Letters"));
  await app.call("POST", "/v1/channels", { name: "Another", start: false });
  friend = (await app.call<{ number: string }>("POST", "/sandbox/phones", { name: "Hedy" })).number;
});
afterEach(() => expect(desk.complaints()).toEqual([]));
afterAll(async () => {
  await desk?.close();
  await app?.stop();
});

async function write(text: string): Promise<void> {
  const phone = /\d+/.exec((await app.channel(channel.id)).account?.phone ?? "")?.[0];
  await app.call("POST", `/sandbox/phones/${friend}/messages`, { to: phone, text });
}

it("holds still without losing what comes, and counts it", async () => {
  const page = await desk.dashboard("/events");
  const rows = page.getByRole("list", { name: "Events, newest first" }).getByRole("button", { expanded: false });
  await page.getByRole("button", { name: /channel\.connected/ }).first().waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused. Nothing new so far.").waitFor();
  const before = await rows.count();
  for (let n = 0; n < 12; n += 1) await write(`While you looked ${n}`);
  await page.getByText("12 events wait.").waitFor();
  expect(await rows.count()).toBe(before);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect.poll(() => rows.count()).toBe(before + 12);
  await page.getByText("came while paused").waitFor();
  await write("And it goes on");
  await expect.poll(() => rows.count()).toBe(before + 13);
});

it("is narrowed down by type, channel and any word, and opens to what a program gets", async () => {
  const page = await desk.dashboard("/events");
  await write("A rare word: quokka");
  const rows = page.getByRole("list", { name: "Events, newest first" }).getByRole("listitem");
  await page.getByRole("button", { name: /message\.received/ }).first().waitFor();
  const filters = page.getByRole("group", { name: "Filters" });
  await filters.getByLabel("Type").selectOption("message.received");
  await expect.poll(() => rows.filter({ hasNotText: "message.received" }).count()).toBe(0);
  await filters.getByLabel("Filter events").fill("quokka");
  await expect.poll(() => rows.count()).toBe(1);
  // A glance at the screen should not read it; whoever opens it may.
  expect(await rows.first().innerText()).not.toContain("quokka");
  await rows.first().getByRole("button").first().click();
  await page.getByRole("region", { name: /^event \d+/ }).getByText("A rare word: quokka").waitFor();
  expect(await serious(page)).toEqual([]);
  await filters.getByLabel("Channel").selectOption({ label: "Another" });
  await page.getByText(/None of the \d+ events read so far matches/).waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await page.getByRole("button", { name: /channel\.connected/ }).first().waitFor();
});

it("adds the day up, as a picture, in words and as a table", async () => {
  await write("Counted");
  await app.call("POST", `/v1/channels/${channel.id}/messages`, { to: `+${friend}`, content: { type: "text", text: "Counted too" } });
  const page = await desk.dashboard("/overview");
  await page.getByRole("link", { name: /^Channels 1 of 2/ }).waitFor();
  await page.getByRole("img", { name: /^Messages, last 24 hours: [1-9]\d* sent, [1-9]\d* received, 0 failed/ }).waitFor();
  await page.locator(".plot canvas").first().waitFor();
  await page.getByRole("img", { name: "No webhook yet" }).waitFor();
  await page.getByRole("button", { name: "Show messages as a table" }).click();
  await page.getByRole("columnheader", { name: "Received" }).waitFor();
  expect(await page.getByRole("row").count()).toBeGreaterThanOrEqual(24);
  expect(await serious(page)).toEqual([]);
});
