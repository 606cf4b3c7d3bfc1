import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { App, type Channel } from "./app";
import { Desk } from "./browser";

let app: App;
let desk: Desk;
let channel: Channel;
let friend: string;

beforeAll(async () => {
  app = await App.start();
  desk = await Desk.open(app);
  ({ channel } = await app.paired("Letters"));
  friend = (await app.call<{ number: string }>("POST", "/sandbox/phones", { name: "Hedy" })).number;
});
afterEach(() => expect(desk.complaints()).toEqual([]));
afterAll(async () => {
  await desk?.close();
  await app?.stop();
});

const send = (text: string) => app.call("POST", `/v1/channels/${channel.id}/messages`, { to: `+${friend}`, content: { type: "text", text } });
const read = async () => (await app.call<{ text: string | null }[]>("GET", `/sandbox/phones/${friend}/messages`)).map((message) => message.text);

it("keeps what cannot leave yet, says why, lets one cancel it, and sends the rest when it can", async () => {
  const page = await desk.dashboard("/outbox");
  await page.getByRole("heading", { name: "Nothing is waiting" }).waitFor();
  await app.call("POST", `/v1/channels/${channel.id}/stop`);
  await app.reaches(channel.id, "disconnected");
  await send("This one leaves");
  await send("This one does not");

  const waiting = page.getByRole("region", { name: /^Waiting/ });
  const row = (text: string) => waiting.getByRole("listitem").filter({ hasText: text });
  await row("This one leaves").getByText("Leaves when Letters is connected.").waitFor();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Outbox\s*, 2 waiting/ }).waitFor();
  await row("This one does not").getByRole("button", { name: /^Cancel/ }).click();
  await page.getByText("Cancelled. It will not be sent.").waitFor();
  await row("This one does not").waitFor({ state: "detached" });

  await app.call("POST", `/v1/channels/${channel.id}/start`);
  await page.getByRole("heading", { name: "Nothing is waiting" }).waitFor();
  await expect.poll(read, { timeout: 20_000 }).toContain("This one leaves");
  expect(await read()).not.toContain("This one does not");
  await desk.go(page, `/channels/${channel.id}`);
  await page.getByRole("region", { name: "Recent messages" }).getByText("Cancelled").waitFor();
});

it("shows what WhatsApp refused and why, to be retried or discarded", async () => {
  const page = await desk.dashboard("/outbox");
  await app.call("POST", "/sandbox/faults", { kind: "nack", code: 463 });
  for (const text of ["First refused", "Second refused", "Third refused"]) await send(text);
  const wedged = page.getByRole("region", { name: /^Needs you/ });
  await wedged.getByText("Third refused").waitFor();
  await expect.poll(() => wedged.getByRole("listitem").count()).toBe(3);
  await wedged.getByText(/463/).first().waitFor();
  await page.getByRole("link", { name: /^Outbox\s*, 3 failed/ }).waitFor();

  // Still refused: it comes back.
  const first = wedged.getByRole("listitem").filter({ hasText: "First refused" });
  await first.getByRole("button", { name: /^Retry/ }).click();
  const failures = async () => (await app.call<{ items: unknown[] }>("GET", "/v1/events?types=message.failed&limit=100")).items.length;
  await expect.poll(failures, { timeout: 20_000 }).toBe(4);
  await first.waitFor();
  await expect.poll(() => wedged.getByRole("listitem").count()).toBe(3);

  await app.call("DELETE", "/sandbox/faults");
  await first.getByRole("button", { name: /^Retry/ }).click();
  await first.waitFor({ state: "detached" });
  await expect.poll(read, { timeout: 20_000 }).toContain("First refused");

  await wedged.getByRole("button", { name: "Discard all" }).click();
  const asked = page.getByRole("alertdialog", { name: "Discard 2 messages?" });
  await asked.getByText("will never be sent").waitFor();
  await asked.getByRole("button", { name: "Discard all" }).click();
  await page.getByText("2 messages discarded.").waitFor();
  await page.getByRole("heading", { name: "Nothing is waiting" }).waitFor();
  expect(await read()).not.toContain("Second refused");
});

it("retries all that failed at once", async () => {
  await app.call("POST", "/sandbox/faults", { kind: "nack", code: 463 });
  const texts = ["One of many", "Two of many", "Three of many"];
  for (const text of texts) await send(text);
  const page = await desk.dashboard("/outbox");
  const wedged = page.getByRole("region", { name: /^Needs you/ });
  await expect.poll(() => wedged.getByRole("listitem").count(), { timeout: 20_000 }).toBe(3);
  await app.call("DELETE", "/sandbox/faults");
  await wedged.getByRole("button", { name: "Retry all" }).click();
  await page.getByText("3 messages will be sent again.").waitFor();
  await page.getByRole("heading", { name: "Nothing is waiting" }).waitFor();
  await expect.poll(read, { timeout: 20_000 }).toEqual(expect.arrayContaining(texts));
});

it("says when it tries again what passes by itself", async () => {
  const page = await desk.dashboard("/outbox");
  await app.call("POST", "/sandbox/faults", { kind: "nack", code: 503, count: 1 });
  await send("Patience");
  const row = page.getByRole("region", { name: /^Waiting/ }).getByRole("listitem").filter({ hasText: "Patience" });
  await row.getByText("Retrying").waitFor();
  await row.getByText(/Next try in \d s, after 1 try|Trying again, after 1 try/).waitFor();
  await row.waitFor({ state: "detached", timeout: 30_000 });
  await expect.poll(read, { timeout: 20_000 }).toContain("Patience");
});

it("takes a message now that leaves later, and shows it as scheduled everywhere", async () => {
  const page = await desk.dashboard(`/channels/${channel.id}`);
  const later = await page.evaluate(() => {
    const at = new Date(Date.now() + 2 * 3_600_000);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  });
  await page.getByLabel("To", { exact: true }).fill(`+${friend}`);
  await page.getByLabel("Text", { exact: true }).fill("In two hours");
  await page.getByText("Later, or only for a while").click();
  await page.getByLabel("Send at").fill("2020-01-01T10:00");
  await page.getByRole("button", { name: "Schedule" }).click();
  await page.getByText("This moment has passed.").waitFor();
  await page.getByLabel("Send at").fill(later);
  await page.getByRole("button", { name: "Schedule" }).click();
  const messages = page.getByRole("region", { name: "Recent messages" });
  await messages.getByText("In two hours").waitFor();
  await messages.getByText("Scheduled").waitFor();

  await desk.go(page, "/outbox");
  const scheduled = page.getByRole("region", { name: /^Scheduled/ });
  await scheduled.getByText(/Leaves .*, in (1 h 59 min|2 h)/).waitFor();
  await scheduled.getByRole("button", { name: /^Cancel/ }).click();
  await page.getByRole("heading", { name: "Nothing is waiting" }).waitFor();
});

it("shows that a message was edited, reacted to, or taken back", async () => {
  const [number] = (await app.channel(channel.id)).account?.phone?.match(/\d+/) ?? [];
  const page = await desk.dashboard(`/channels/${channel.id}`);
  const messages = page.getByRole("region", { name: "Recent messages" });
  const write = (text: string) => app.call<{ id: string }>("POST", `/sandbox/phones/${friend}/messages`, { to: number, text });
  const { id } = await write("I come at nine");
  await messages.getByText("I come at nine").waitFor();
  await app.call("POST", `/sandbox/phones/${friend}/messages/${id}/edit`, { text: "I come at ten" });
  const row = messages.getByRole("listitem").filter({ hasText: "edited" });
  await row.getByText("I come at ten").waitFor();
  await app.call("POST", `/sandbox/phones/${friend}/messages/${id}/reaction`, { emoji: "👍" });
  await row.getByRole("list", { name: "Reactions" }).getByText("👍").waitFor();
  await app.call("POST", `/sandbox/phones/${friend}/messages/${id}/revoke`);
  await messages.getByText("Taken back by its sender.").waitFor();
});
