import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { App, until, type Channel } from "./app";
import { Desk, serious } from "./browser";
import { Program } from "./program";

let app: App;
let desk: Desk;
let channel: Channel;
let other: Channel;
let phone: string;

beforeAll(async () => {
  app = await App.start();
  desk = await Desk.open(app);
  ({ channel } = await app.paired("Front desk"));
  other = await app.call<Channel>("POST", "/v1/channels", { name: "Workshop" });
  phone = (await app.call<{ number: string }>("POST", "/sandbox/phones", { name: "Hedy" })).number;
});
afterEach(async () => {
  for (const { id } of (await app.call<{ items: { id: string }[] }>("GET", "/v1/apps/requests")).items) await app.call("POST", `/v1/apps/requests/${id}/deny`);
  for (const { id } of (await app.call<{ items: { id: string }[] }>("GET", "/v1/apps")).items) await app.call("DELETE", `/v1/apps/${id}`);
  expect(desk.complaints()).toEqual([]);
});
afterAll(async () => {
  await desk?.close();
  await app?.stop();
});

const dialog = (page: Page) => page.getByRole("dialog", { name: "Let this program in?" });
const question = (page: Page) => page.getByRole("dialog", { name: "Send this message?" });
const armed = (page: Page) => page.locator("[data-armed='true']").waitFor();
const read = () => app.call<{ items: { id: string; content: { text?: string }; status: string }[] }>("GET", `/v1/channels/${channel.id}/messages`);

it("asks with a code, is allowed less than it asked for, uses that, and is shut out by a revoke in the middle of it", async () => {
  const page = await desk.dashboard("/channels");
  const program = await Program.asks(app, "Order bot", ["channels:read", "messages:read", "events:read"]);
  await dialog(page).waitFor();
  expect(await page.locator("[data-part='code']").innerText()).toBe(program.code);
  await dialog(page).getByText("“Order bot”").waitFor();
  await dialog(page).getByText("“To help at the desk”").waitFor();
  // The system tells which process it is: this one.
  await dialog(page).locator("[data-part='process']").getByText(`process ${process.pid}`).waitFor();
  expect(await serious(page)).toEqual([]);

  await dialog(page).getByRole("switch", { name: "Read messages" }).click();
  await dialog(page).getByRole("group", { name: "Channels" }).first().getByText("Only these").click();
  await dialog(page).getByRole("group", { name: "Channels: which" }).getByLabel("Front desk").check();
  expect(await page.locator("[data-part='gives']").innerText()).toContain("See channels · Follow what happens");
  await armed(page);
  await dialog(page).getByRole("button", { name: "Allow", exact: true }).click();
  await dialog(page).getByText("Order bot is allowed").waitFor();

  const answer = await program.answer();
  expect(answer.state).toBe("allowed");
  expect(answer.permits).toEqual([
    { scope: "channels:read", channels: [channel.id], recipients: null },
    { scope: "events:read", channels: [channel.id], recipients: null },
  ]);
  // Its key is told once.
  expect((await program.answer(0)).key).toBeUndefined();
  const seen = await program.call("GET", "/v1/channels");
  expect([seen.status, (seen.body.items as Channel[]).map(({ id }) => id)]).toEqual([200, [channel.id]]);
  expect((await program.call("GET", `/v1/channels/${other.id}`)).status).toBe(404);
  expect((await program.call("GET", `/v1/channels/${channel.id}/messages`)).status).toBe(403);
  const { ends } = await program.stream();

  await dialog(page).waitFor({ state: "detached" });
  await desk.go(page, "/apps");
  await page.getByRole("article", { name: "Order bot" }).getByRole("link").click();
  await page.getByRole("heading", { name: "Order bot", level: 1 }).waitFor();
  await page.getByRole("list", { name: "What it may do" }).getByText("Only on Front desk.").first().waitFor();
  await page.getByRole("button", { name: /^Revoke / }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke key" }).click();
  await ends;
  expect((await program.call("GET", "/v1/channels")).status).toBe(401);
  await page.getByText("No key works", { exact: true }).first().waitFor();
  expect(await serious(page)).toEqual([]);
});

it("is decided by nobody's accident: not by Enter, not by Esc, not by a click that was on its way", async () => {
  const page = await desk.dashboard("/channels");
  await page.getByRole("article", { name: "Front desk" }).waitFor();
  const program = await Program.asks(app, "Hasty", ["channels:read"]);
  await dialog(page).waitFor();
  const allow = dialog(page).getByRole("button", { name: "Allow", exact: true });
  expect(await allow.isDisabled()).toBe(true);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Space");
  // The first thing that has the keyboard only puts it off; both keys may have closed it, and nothing was decided.
  expect((await program.answer(0)).state).toBe("waiting");
  const banner = page.locator("[data-part='requests']");
  await banner.waitFor();
  if (await dialog(page).isVisible()) await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  expect((await program.answer(0)).state).toBe("waiting");

  await banner.getByRole("button", { name: "Review" }).click();
  await armed(page);
  await allow.focus();
  await page.keyboard.press("Enter");
  expect((await program.answer(1)).state).toBe("waiting");
  // Coming back to the window takes the buttons away for a moment, as coming up does.
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  expect(await allow.isDisabled()).toBe(true);
  await armed(page);
  await dialog(page).getByRole("button", { name: "Deny" }).click();
  expect((await program.answer()).state).toBe("denied");
  await dialog(page).getByText("Hasty was denied").waitFor();
  await banner.waitFor({ state: "detached" });
});

it("shows what a program says of itself as words, and nothing of it as anything else", async () => {
  const page = await desk.dashboard("/events");
  const name = `<img src=x onerror="document.title='taken'"> {{7*7}}`;
  await Program.asks(app, name, ["channels:manage", "messages:send"], { reason: "</script><b>Allow at once</b> https://example.com/" });
  await dialog(page).waitFor();
  await dialog(page).getByText(`“${name}”`).waitFor();
  expect(await dialog(page).locator("img, b, a[href^='http']").count()).toBe(0);
  await dialog(page).getByText("It can move a session to another machine, or destroy it.").waitFor();
  expect(await page.title()).not.toBe("taken");
  await page.keyboard.press("Escape");
  await desk.go(page, "/apps");
  await page.getByRole("list", { name: "Waiting for you" }).getByText("<img src=x").waitFor();
  await desk.go(page, "/events");
  await page.getByRole("button", { name: /app\.requested/ }).first().waitFor();
  expect(await page.locator("img[src='x']").count()).toBe(0);
});

it("asks before each message: edited, denied, and always for one chat", async () => {
  const page = await desk.dashboard("/channels");
  const program = await Program.asks(app, "Desk assistant", ["messages:send", "messages:read"]);
  await dialog(page).waitFor();
  await dialog(page).getByRole("switch", { name: "Ask me before each message" }).click();
  await armed(page);
  await dialog(page).getByRole("button", { name: "Allow", exact: true }).click();
  expect((await program.answer()).permits?.map(({ scope }) => scope).toSorted()).toEqual(["messages:read", "messages:send:ask"]);
  await dialog(page).waitFor({ state: "detached" });

  const send = (text: string) => program.call("POST", `/v1/channels/${channel.id}/messages`, { to: phone, content: { type: "text", text } });
  const status = async (id: unknown) => (await app.call<{ status: string; content: { text?: string } }>("GET", `/v1/messages/${String(id)}`)).status;
  const heard = async () => (await app.call<{ text?: string }[]>("GET", `/sandbox/phones/${phone}/messages`)).map(({ text }) => text);

  const first = await send("Your parcel has arived");
  expect([first.status, first.body.status]).toEqual([202, "asking"]);
  await question(page).waitFor();
  await question(page).getByText("“Desk assistant”").waitFor();
  expect(await heard()).toEqual([]);
  expect(await serious(page)).toEqual([]);
  await question(page).getByLabel("Message", { exact: true }).fill("Your parcel has arrived");
  await armed(page);
  await question(page).getByRole("button", { name: "Approve as changed" }).click();
  await question(page).getByText("On its way").waitFor();
  await until("the phone has it", async () => (await heard()).includes("Your parcel has arrived"));
  expect(await heard()).toEqual(["Your parcel has arrived"]);
  await question(page).waitFor({ state: "detached" });

  const second = await send("Buy one, get one free!");
  await question(page).waitFor();
  await armed(page);
  await question(page).getByRole("button", { name: "Deny" }).click();
  await until("it is denied", async () => (await status(second.body.id)) === "denied");
  await question(page).waitFor({ state: "detached" });

  await send("We close at six");
  await question(page).waitFor();
  await armed(page);
  await question(page).getByRole("button", { name: "Always for this chat" }).click();
  await until("the phone has that, too", async () => (await heard()).includes("We close at six"));
  await question(page).waitFor({ state: "detached" });
  const unasked = await send("See you tomorrow");
  expect(unasked.body.status).toBe("queued");
  await until("the phone has the last", async () => (await heard()).includes("See you tomorrow"));
  expect(await heard()).toEqual(["Your parcel has arrived", "We close at six", "See you tomorrow"]);
  // The rest still asks.
  await desk.go(page, "/apps");
  await page.getByRole("article", { name: "Desk assistant" }).getByRole("link").click();
  await page.getByRole("list", { name: "What it may do" }).getByText("Send messages, asking you each time").waitFor();
  await page.getByRole("list", { name: "What it may do" }).getByText(/Only on Front desk, with/).waitFor();
  expect((await read()).items.filter(({ status: now }) => now === "denied")).toHaveLength(1);
});

it("approves nothing that has not been in sight: which group, and the end of the text", async () => {
  const page = await desk.dashboard("/channels");
  const program = await Program.asks(app, "Shift planner", ["messages:send:ask"]);
  await dialog(page).waitFor();
  await armed(page);
  await dialog(page).getByRole("button", { name: "Allow", exact: true }).click();
  await program.answer();
  await dialog(page).waitFor({ state: "detached" });
  const group = "120363041234567890@g.us";
  const send = (to: string, text: string) => program.call("POST", `/v1/channels/${channel.id}/messages`, { to, content: { type: "text", text } });
  const approve = question(page).getByRole("button", { name: "Approve" });
  const always = question(page).getByRole("button", { name: "Always for this chat" });

  expect((await send(group, "Who can take the early shift?")).body.status).toBe("asking");
  await question(page).waitFor();
  expect(await page.locator("[data-part='recipient']").innerText()).toMatch(new RegExp(`^Group\\s${group}$`));
  await armed(page);
  expect([await approve.isEnabled(), await always.isEnabled()]).toEqual([true, true]);
  await question(page).getByRole("button", { name: "Deny" }).click();
  await question(page).waitFor({ state: "detached" });

  await send(phone, `Good morning!${"\n".repeat(120)}Send me the code.`);
  await question(page).waitFor();
  await armed(page);
  await question(page).getByText("119 blank lines").waitFor();
  await question(page).getByText("Scroll to the end of the message first.").waitFor();
  expect([await approve.isEnabled(), await always.isEnabled()]).toEqual([false, false]);
  expect(await serious(page)).toEqual([]);
  const field = question(page).getByLabel("Message", { exact: true });
  // What a person takes away and brings back is unread as before.
  await field.fill("Good morning!");
  expect(await question(page).getByRole("button", { name: "Approve as changed" }).isEnabled()).toBe(true);
  await question(page).getByRole("button", { name: "Undo my changes" }).click();
  await question(page).getByText("Scroll to the end of the message first.").waitFor();
  expect([await approve.isEnabled(), await always.isEnabled()]).toEqual([false, false]);
  await field.hover();
  await page.mouse.wheel(0, 10_000);
  await until("it may be approved", async () => (await approve.isEnabled()) && (await always.isEnabled()));
  await question(page).getByRole("button", { name: "Deny" }).click();
  await question(page).waitFor({ state: "detached" });
});

it("is made by hand with a key that is shown once, rotated with both working, disabled and deleted", async () => {
  const page = await desk.dashboard("/apps");
  await page.getByRole("heading", { name: "No program has asked yet" }).waitFor();
  await page.keyboard.press("n");
  const making = page.getByRole("dialog");
  await making.getByLabel("Name", { exact: true }).fill("Till");
  expect(await making.getByRole("button", { name: "Make the app" }).isDisabled()).toBe(true);
  await making.getByLabel("See channels").check();
  expect(await serious(page)).toEqual([]);
  await making.getByRole("button", { name: "Make the app" }).click();
  await page.getByRole("dialog", { name: "The app is ready" }).waitFor();
  const shown = () => page.getByRole("region", { name: "key", exact: true }).innerText();
  const old = await shown();
  expect(old).toMatch(/^wiu_[\w-]{43}$/);
  await page.keyboard.press("Escape");
  await making.getByRole("button", { name: "I have stored it" }).click();
  await page.getByRole("heading", { name: "Till", level: 1 }).waitFor();
  expect(await page.content()).not.toContain(old);
  const opens = async (key: string) => (await fetch(`${app.url}/v1/channels`, { headers: { Authorization: `Bearer ${key}` } })).status;
  expect(await opens(old)).toBe(200);

  await page.getByRole("button", { name: /^Rotate / }).click();
  await making.getByLabel("The present key ends").selectOption({ label: "In an hour" });
  await making.getByRole("button", { name: "Make the key" }).click();
  await page.getByRole("dialog", { name: "The new key" }).waitFor();
  const fresh = await shown();
  await making.getByRole("button", { name: "I have stored it" }).click();
  expect([await opens(old), await opens(fresh)]).toEqual([200, 200]);
  await page.getByRole("list", { name: "Keys" }).getByText("Ends soon").waitFor();

  await page.getByLabel("Add to origins").fill("http://shop.example");
  await page.getByLabel("Add to origins").press("Enter");
  await page.getByText("Without https only this machine's own pages can be trusted.").waitFor();
  await page.getByLabel("Add to origins").fill("https://shop.example/");
  await page.getByLabel("Add to origins").press("Enter");
  await page.getByRole("list", { name: "Origins" }).getByText("https://shop.example").waitFor();

  await page.getByRole("button", { name: "Disable", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disable app" }).click();
  await page.getByRole("region", { name: "State" }).getByText("Disabled").waitFor();
  expect(await opens(fresh)).toBe(401);
  await page.getByRole("button", { name: "Enable", exact: true }).click();
  await until("it is let in again", async () => (await opens(fresh)) === 200);
  await page.getByRole("button", { name: "Delete app" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete app" }).click();
  await page.getByText("Till is deleted.").waitFor();
  expect(await opens(fresh)).toBe(401);
});

it("is in the audit log with all that was done, which is verified and saved", async () => {
  const made = await app.call<{ app: { id: string }; key: string }>("POST", "/v1/apps", { name: "Audited", scopes: ["channels:read"] });
  const refused = await fetch(`${app.url}/v1/channels/${channel.id}/stop`, { method: "POST", headers: { Authorization: `Bearer ${made.key}` } });
  expect(refused.status).toBe(403);
  const page = await desk.dashboard(`/apps/${made.app.id}`);
  await page.getByRole("link", { name: "What it did" }).click();
  const entries = page.getByRole("list", { name: "Entries, newest first" }).getByRole("listitem");
  await entries.filter({ hasText: "POST /v1/channels/{id}/stop" }).getByText(/^Refused/).waitFor();
  await entries.getByText("Audited").first().waitFor();
  await page.getByLabel("App").selectOption("");
  await page.getByLabel("Action").selectOption("app.*");
  await until("only what was done with apps is listed", async () => (await entries.count()) > 1 && (await page.locator("[data-action]:not([data-action^='app.'])").count()) === 0);
  await entries.first().getByRole("button").click();
  await entries.first().getByText('"prev_hash"').waitFor();
  expect(await serious(page)).toEqual([]);

  await page.getByRole("button", { name: "Verify" }).click();
  await page.locator("[data-part='verified'][data-ok='true']").waitFor();
  await page.getByLabel("Action").selectOption("");
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  const file = await readFile((await (await saving).path()) ?? "", "utf8");
  const lines = file.trim().split("\n").map((line) => JSON.parse(line) as { seq: number; hash: string; prev_hash: string });
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, n) => lines[0]!.seq + n));
  for (const [n, line] of lines.entries()) if (n > 0) expect(line.prev_hash).toBe(lines[n - 1]?.hash);
  expect(file).not.toContain(made.key);
});
