import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { App } from "./app";
import { Desk } from "./browser";

let app: App;
let desk: Desk;

beforeAll(async () => {
  app = await App.start();
  desk = await Desk.open(app);
});
afterEach(() => expect(desk.complaints()).toEqual([]));
afterAll(async () => {
  await desk?.close();
  await app?.stop();
});

it("sends a test message that the phone reads, and shows the answer", async () => {
  const { channel } = await app.paired("Letters");
  const friend = await app.call<{ number: string }>("POST", "/sandbox/phones", { name: "Hedy" });
  const page = await desk.dashboard(`/channels/${channel.id}`);
  await page.getByLabel("To", { exact: true }).fill(`+${friend.number}`);
  await page.getByLabel("Text", { exact: true }).fill("Hello from the dashboard");
  await page.getByRole("button", { name: "Send" }).click();
  const messages = page.getByRole("region", { name: "Recent messages" });
  await messages.getByText("Hello from the dashboard").waitFor();
  await messages.getByText("Delivered").or(messages.getByText("Read")).first().waitFor();

  const phone = await desk.dashboard("/sandbox");
  await phone.getByRole("button", { name: /Hedy/ }).click();
  const chat = phone.getByRole("log");
  await chat.getByText("Hello from the dashboard").waitFor();
  await phone.getByLabel("Write on the phone").fill("Hello yourself");
  await phone.getByRole("button", { name: "Send" }).click();
  await chat.getByText("Hello yourself").waitFor();

  await messages.getByText("Hello yourself").waitFor();
  await messages.getByText("Read").first().waitFor();
  await desk.go(page, "/events");
  await page.getByRole("button", { name: /message\.received/ }).first().waitFor();
  // Nobody sees an address of WhatsApp's without asking for it.
  expect(await page.getByRole("main").innerText()).not.toMatch(/@(s\.whatsapp\.net|lid|g\.us)/);
});

it("comes back by itself after the connection is dropped", async () => {
  const { channel } = await app.paired("Dropped");
  const page = await desk.dashboard(`/channels/${channel.id}`);
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByText("Connected").first().waitFor();
  const before = await timeline.getByText("Reconnecting", { exact: true }).count();
  const panel = await desk.dashboard("/sandbox");
  await panel.getByRole("button", { name: "Drop the connection" }).click();
  await panel.getByText("Connection dropped.").waitFor();
  await timeline.getByText("Reconnecting", { exact: true }).nth(before).waitFor();
  await page.getByRole("region", { name: "State" }).getByText("Connected", { exact: true }).waitFor();
});

it("says why an unlinked channel ended and offers a new QR", async () => {
  const { channel, number } = await app.paired("Unlinked");
  const page = await desk.dashboard(`/channels/${channel.id}`);
  const state = page.getByRole("region", { name: "State" });
  await state.getByText("Connected", { exact: true }).waitFor();

  const panel = await desk.dashboard("/sandbox");
  await panel.getByRole("button", { name: /Linked to .*Unlinked/ }).click();
  await panel.getByRole("button", { name: "Unlink", exact: true }).click();
  await app.reaches(channel.id, "disconnected");
  await state.getByText("Disconnected", { exact: true }).waitFor();
  await state.getByText("Unlinked on the phone").waitFor();
  await state.getByRole("button", { name: "New QR" }).click();
  await page.getByRole("img", { name: /QR code/ }).waitFor();
  expect(number).toMatch(/^1555/);
});

it("stops, starts, logs out and deletes, saying what is lost", async () => {
  const { channel } = await app.paired("Handled");
  const page = await desk.dashboard(`/channels/${channel.id}`);
  const state = page.getByRole("region", { name: "State" });
  await state.getByRole("button", { name: "Stop" }).click();
  await state.getByText("Stopped", { exact: true }).waitFor();
  await state.getByRole("button", { name: "Start" }).click();
  await state.getByText("Connected", { exact: true }).waitFor();
  await state.getByRole("button", { name: "Log out" }).click();
  const asked = page.getByRole("alertdialog");
  await asked.getByText("credentials are destroyed").waitFor();
  await asked.getByRole("button", { name: "Log out" }).click();
  await state.getByText("Logged out from here").waitFor();
  await page.getByRole("button", { name: "Delete channel" }).click();
  await asked.getByText("cannot be undone").waitFor();
  await asked.getByRole("button", { name: "Delete channel" }).click();
  await page.getByText("Handled is deleted.").waitFor();
  expect(await page.getByRole("article", { name: "Handled" }).count()).toBe(0);
});

it("shows a banner for a stuck channel and takes it away when it recovers", { timeout: 120_000 }, async () => {
  const { channel, number } = await app.paired("Night shift");
  const page = await desk.dashboard();
  await app.call("POST", "/sandbox/faults", { kind: "refuse" });
  await app.call("POST", "/sandbox/faults", { kind: "drop", number });
  const banner = page.getByRole("main").getByRole("status").filter({ hasText: "stuck" });
  await banner.waitFor({ timeout: 60_000 });
  await page.getByRole("article", { name: "Night shift" }).getByText("Stuck reconnecting").waitFor();
  await app.call("DELETE", "/sandbox/faults");
  await banner.getByRole("button", { name: "Restart it" }).or(page.getByRole("article", { name: "Night shift" })).first().waitFor();
  await app.reaches(channel.id, "connected");
  await banner.waitFor({ state: "detached", timeout: 70_000 });
});

it("says that a channel keeps losing its connection", { timeout: 180_000 }, async () => {
  const { channel, number } = await app.paired("Loose cable");
  const page = await desk.dashboard();
  const banner = page.getByRole("main").getByRole("status").filter({ hasText: /keeps? losing/ });
  const link = banner.getByRole("link", { name: "Loose cable" });
  for (let losses = 0; losses < 7 && !(await link.isVisible()); losses += 1) {
    await app.call("POST", "/sandbox/faults", { kind: "drop", number });
    await app.reaches(channel.id, "reconnecting");
    await app.reaches(channel.id, "connected");
  }
  // The phone may be linked to other channels of these tests too, which then break as well.
  await link.waitFor();
  await page.getByRole("article", { name: "Loose cable" }).getByText("Unsteady").waitFor();
  await app.call("DELETE", `/v1/channels/${channel.id}`);
  await link.waitFor({ state: "detached" });
});

it("says when nothing can be written down, and takes that back", async () => {
  const page = await desk.page();
  // The one thing that is not real here: filling the disk would stop the other tests.
  let full = true;
  await page.route("**/readyz", (route) =>
    full ? route.fulfill({ status: 503, json: { ready: false, checks: [{ name: "ledger", ok: false, detail: "there is no room on the disk" }] } }) : route.continue(),
  );
  const { url } = await app.call<{ url: string }>("POST", "/v1/sign-in-links");
  await page.goto(`${app.url}/${new URL(url).hash}`);
  const banner = page.getByRole("alert").filter({ hasText: "Nothing can be written down" });
  await banner.getByText("There is no room on the disk.").waitFor();
  full = false;
  await banner.getByRole("button", { name: "Check again" }).click();
  await banner.waitFor({ state: "detached" });
});
