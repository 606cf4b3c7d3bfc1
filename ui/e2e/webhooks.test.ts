import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { App, until, type Channel } from "./app";
import { Desk, serious } from "./browser";
import { Receiver, signedWith } from "./receiver";

interface Webhook {
  id: string;
  status: string;
  pending: number;
  secret: string;
}

let app: App;
let desk: Desk;
let channel: Channel;
let number: string;
let receiver: Receiver;

beforeAll(async () => {
  app = await App.start();
  desk = await Desk.open(app);
  ({ channel } = await app.paired("Front desk"));
  number = (await app.call<{ number: string }>("POST", "/sandbox/phones", { name: "Hedy" })).number;
});
beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(async () => {
  receiver.stop();
  for (const { id } of (await app.call<{ items: Webhook[] }>("GET", "/v1/webhooks")).items) await app.call("DELETE", `/v1/webhooks/${id}`);
  expect(desk.complaints()).toEqual([]);
});
afterAll(async () => {
  await desk?.close();
  await app?.stop();
});

/** Something of which each webhook for `message.received` is told. */
async function write(text: string): Promise<void> {
  const phone = /\d+/.exec((await app.channel(channel.id)).account?.phone ?? "")?.[0];
  await app.call("POST", `/sandbox/phones/${number}/messages`, { to: phone, text });
}
const webhook = (more: object = {}) => app.call<Webhook>("POST", "/v1/webhooks", { url: receiver.url, description: "Order desk", types: ["message.received"], ...more });
const got = (text: string) => receiver.gets(`the receiver has “${text}”`, ({ event }) => event.data.message?.content.text === text);
const log = (page: Page) => page.getByRole("list", { name: "Deliveries, newest first" }).getByRole("listitem");

it("is added, shows its secret once, and delivers signed events that one can look into", async () => {
  const page = await desk.dashboard("/webhooks");
  await page.getByRole("heading", { name: "Have your program called when something happens" }).waitFor();
  await page.getByRole("button", { name: "Add webhook" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Address").fill("localhost:80");
  await dialog.getByRole("button", { name: "Add webhook" }).click();
  await dialog.getByText("Write the whole address").waitFor();
  await dialog.getByLabel("Address").fill(receiver.url);
  await dialog.getByLabel("Description").fill("Order desk");
  await dialog.getByText("Only these").first().click();
  expect(await serious(page)).toEqual([]);
  await dialog.getByText("Headers and pace").click();
  await dialog.getByRole("button", { name: "Add a header" }).click();
  await page.keyboard.type("X-Team");
  await dialog.getByLabel("Value of header 1").fill("orders");
  await dialog.getByRole("button", { name: "Add webhook" }).click();
  await page.getByRole("dialog", { name: "The webhook is ready" }).waitFor();
  const secret = await page.getByRole("region", { name: "signing secret", exact: true }).innerText();
  expect(secret).toMatch(/^whsec_\S{24,}$/);
  // What is shown once is not lost by a key that was pressed too early.
  await page.keyboard.press("Escape");
  await dialog.getByRole("button", { name: "I have stored it" }).click();
  await page.getByRole("heading", { name: "Order desk", level: 1 }).waitFor();

  await write("Two coffees, please");
  const received = await got("Two coffees, please");
  expect([signedWith(received, secret), received.headers["x-team"], received.headers["webhook-id"]]).toEqual([1, "orders", received.event.id]);
  await log(page).filter({ hasText: "message.received" }).getByText("Delivered").waitFor();
  expect(await page.content()).not.toContain(secret);

  await log(page).getByRole("link", { name: /message\.received/ }).first().click();
  await page.getByRole("heading", { name: "message.received", level: 1 }).waitFor();
  const tries = page.getByRole("list", { name: "Tries, newest first" }).getByRole("listitem");
  await tries.getByText("200").waitFor();
  await tries.getByText('{"ok":true}').waitFor();
  await page.getByRole("region", { name: "payload" }).getByText("Two coffees, please").waitFor();
  await page.getByText(received.event.id).first().waitFor();
  expect(await serious(page)).toEqual([]);
});

it("says why a receiver does not take events, what waits, and goes on when it does", async () => {
  receiver.status = 500;
  receiver.answer = "the till is closed";
  const { id } = await webhook();
  const page = await desk.dashboard("/webhooks");
  await write("Refused at first");
  await write("Behind it");
  const card = page.getByRole("article", { name: "Order desk" });
  await card.getByText("Failing").waitFor();
  await card.getByText("2 waiting").waitFor();
  await card.getByRole("link", { name: "Order desk" }).click();
  await page.getByRole("region", { name: "State" }).getByText("Failing").waitFor();
  const retrying = log(page).filter({ hasText: "Retrying" });
  await retrying.waitFor();
  await log(page).filter({ hasText: "Waiting" }).waitFor();
  await retrying.getByRole("link").click();
  const tries = page.getByRole("list", { name: "Tries, newest first" }).getByRole("listitem");
  await tries.getByText("500").first().waitFor();
  await tries.getByText("the till is closed").first().waitFor();
  receiver.status = 200;
  await page.getByRole("button", { name: "Try now" }).click();
  await page.getByRole("region", { name: "State" }).getByText("Delivered", { exact: true }).waitFor();
  await got("Behind it");
  await page.keyboard.press("Escape");
  await page.getByRole("region", { name: "State" }).getByText("Active", { exact: true }).waitFor();
  expect((await app.call<Webhook>("GET", `/v1/webhooks/${id}`)).pending).toBe(0);
});

it("is paused and resumed, and what happened meanwhile comes in order", async () => {
  const { id } = await webhook();
  const page = await desk.dashboard(`/webhooks/${id}`);
  const state = page.getByRole("region", { name: "State" });
  await state.getByRole("button", { name: "Pause" }).click();
  await state.getByText("Paused", { exact: true }).waitFor();
  for (const text of ["one", "two", "three"]) await write(text);
  await state.getByText(/^3, the oldest/).waitFor();
  // A pause that a person wanted is no trouble.
  expect(await page.getByRole("main").getByRole("status").filter({ hasText: "paused" }).count()).toBe(0);
  await state.getByRole("button", { name: "Resume" }).click();
  await state.getByText("Active", { exact: true }).waitFor();
  await got("three");
  expect(receiver.received.map(({ event }) => event.data.message?.content.text)).toEqual(["one", "two", "three"]);
});

it("has a banner when a receiver said that it is gone, until it is enabled again", async () => {
  receiver.status = 410;
  await webhook();
  const page = await desk.dashboard("/channels");
  await write("Is anybody there?");
  const banner = page.getByRole("main").getByRole("status").filter({ hasText: "Order desk was disabled" });
  await banner.waitFor();
  await page.getByRole("link", { name: /^Webhooks\s*, 1 stopped/ }).waitFor();
  await banner.getByRole("link", { name: "Order desk" }).click();
  receiver.status = 200;
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("region", { name: "State" }).getByText("Active", { exact: true }).waitFor();
  await banner.waitFor({ state: "detached" });
});

it("gets a new secret, and both sign until the old one ends", async () => {
  const { id, secret } = await webhook();
  const page = await desk.dashboard(`/webhooks/${id}`);
  await page.getByRole("button", { name: "New secret" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("The present secret ends").selectOption({ label: "In an hour" });
  await dialog.getByRole("button", { name: "Make a new secret" }).click();
  const fresh = await page.getByRole("region", { name: "signing secret", exact: true }).innerText();
  await dialog.getByText("two signatures").waitFor();
  await dialog.getByRole("button", { name: "I have stored it" }).click();
  await page.getByText("Still signing").waitFor();
  await write("Signed twice");
  const received = await got("Signed twice");
  expect([signedWith(received, fresh), signedWith(received, secret), fresh === secret]).toEqual([1, 1, false]);
});

it("can be tested, and tells what the receiver answered", async () => {
  receiver.status = 503;
  receiver.answer = "come back later";
  const { id } = await webhook({ types: ["message.*", "channel.stuck"] });
  const page = await desk.dashboard(`/webhooks/${id}`);
  await page.getByRole("button", { name: "Send a test" }).first().click();
  const dialog = page.getByRole("dialog", { name: "Send a test" });
  await dialog.getByLabel("Event").selectOption("channel.stuck");
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog.getByText("503", { exact: true }).waitFor();
  await dialog.getByText("Not taken").waitFor();
  await dialog.getByText("come back later").waitFor();
  expect(receiver.received.map(({ event }) => event.type)).toEqual(["channel.stuck"]);
  receiver.status = 200;
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await dialog.getByText(/^Taken after/).waitFor();
});

it("sends again one delivery or a stretch of time, and skips one that nobody wants", async () => {
  const { id } = await webhook();
  const page = await desk.dashboard(`/webhooks/${id}`);
  await write("Again, please");
  await got("Again, please");
  const times = (text: string) => receiver.received.filter(({ event }) => event.data.message?.content.text === text).length;
  await log(page).filter({ hasText: "Delivered" }).getByRole("button", { name: /^Replay/ }).click();
  await until("it came twice", async () => times("Again, please") === 2);

  await page.getByRole("button", { name: "Replay a time" }).click();
  const dialog = page.getByRole("dialog", { name: "Replay a time" });
  await dialog.getByLabel("Only what was not delivered").uncheck();
  await dialog.getByRole("button", { name: "Replay", exact: true }).click();
  await page.getByText(/\d+ events? will be sent, in order/).waitFor();
  await until("it came three times", async () => times("Again, please") === 3);

  receiver.status = 500;
  await write("Never mind");
  const stuck = log(page).filter({ hasText: "Retrying" });
  await stuck.getByRole("button", { name: /^Skip/ }).click();
  await log(page).getByText("Skipped").waitFor();
  await page.getByLabel("Status").selectOption("skipped");
  await expect.poll(() => log(page).count()).toBe(1);
  await page.getByLabel("Type").selectOption("message.received");
  await log(page).getByText("Skipped").waitFor();
});

it("is edited without its headers being told or lost, and deleted with a word on what is lost", async () => {
  const { id } = await webhook({ headers: { "x-team": "orders", "x-old": "1" } });
  const page = await desk.dashboard(`/webhooks/${id}`);
  await page.getByRole("button", { name: "Edit" }).click();
  const dialog = page.getByRole("dialog", { name: "Edit webhook" });
  await dialog.getByLabel("Description").fill("Order desk, ground floor");
  await dialog.getByText("Headers and pace").click();
  await dialog.getByRole("button", { name: "Remove x-old" }).click();
  await dialog.getByRole("group", { name: "Which channels" }).getByText("Only these").click();
  await dialog.getByRole("group", { name: "Channels", exact: true }).getByLabel("Front desk").check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Order desk, ground floor" }).waitFor();
  await write("With a header");
  const { headers } = await got("With a header");
  expect([headers["x-team"], headers["x-old"]]).toEqual(["orders", undefined]);
  await page.getByRole("button", { name: "Delete webhook" }).click();
  const asked = page.getByRole("alertdialog");
  await asked.getByText("log of deliveries are destroyed").waitFor();
  await asked.getByRole("button", { name: "Delete webhook" }).click();
  await page.getByText("Order desk, ground floor is deleted.").waitFor();
  await page.getByRole("heading", { name: "Have your program called when something happens" }).waitFor();
});

it("takes every type that the dashboard offers", async () => {
  const { allTypes, families } = await import("../src/parts/eventTypes");
  await webhook({ types: [...allTypes, ...families.map((family) => `${family.name}.*`)] });
});

it("can be added and left with the keyboard alone", async () => {
  const page = await desk.dashboard();
  await page.getByRole("article", { name: "Front desk" }).waitFor();
  const press = (keys: string) => page.keyboard.press(keys);
  await press("g");
  await press("w");
  await page.getByRole("heading", { name: "Have your program called when something happens" }).waitFor();
  await press("n");
  await page.getByRole("dialog", { name: "Add webhook" }).waitFor();
  for (let presses = 0; presses < 10; presses += 1) {
    if (await page.getByLabel("Address").evaluate((field) => field === document.activeElement)) break;
    await press("Tab");
  }
  await page.keyboard.type(receiver.url);
  await press("Enter");
  await page.getByRole("dialog", { name: "The webhook is ready" }).waitFor();
  for (let presses = 0; presses < 10; presses += 1) {
    if ((await page.evaluate(() => document.activeElement?.textContent?.trim())) === "I have stored it") break;
    await press("Tab");
  }
  await press("Enter");
  await page.getByRole("region", { name: "State" }).getByText("Active", { exact: true }).waitFor();
  await press("Escape");
  await page.getByRole("list", { name: "Webhooks" }).waitFor();
  await press("g");
  await press("o");
  await page.getByRole("heading", { name: "Outbox", level: 1 }).waitFor();
});
