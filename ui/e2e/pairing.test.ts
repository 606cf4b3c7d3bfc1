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

it("leads a new user from the empty page to a connected channel", async () => {
  const page = await desk.dashboard();
  await page.getByRole("heading", { name: "Lend a WhatsApp account to your programs" }).waitFor();
  await page.getByRole("button", { name: "Add channel" }).click();
  const dialog = page.getByRole("dialog", { name: "Add channel" });
  await dialog.getByLabel("Name").fill("Front desk");
  await dialog.getByRole("button", { name: "Add and pair" }).click();

  const qr = page.getByRole("img", { name: /QR code/ });
  await qr.waitFor();
  const drawn = await qr.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth, () => 0));
  expect(drawn).toBeGreaterThan(0);
  const box = await qr.boundingBox();
  expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(280);
  const behind = await qr.evaluate((image) => getComputedStyle(image.parentElement!).backgroundColor);
  expect(behind).toBe("rgb(255, 255, 255)");
  expect(await page.getByRole("listitem").filter({ hasText: "Link a device" }).count()).toBe(1);
  await page.getByText(/Good for \d+ s/).waitFor();

  await page.getByRole("button", { name: "Scan with phone" }).click();
  await page.getByRole("heading", { name: "Paired and connected" }).waitFor();
  // It closes itself, onto the channel.
  await page.getByRole("heading", { name: "Front desk", level: 1 }).waitFor();
  await page.getByRole("region", { name: "State" }).getByText("Connected", { exact: true }).waitFor();
  expect(await page.getByRole("region", { name: "Timeline" }).getByText("Pairing").count()).toBeGreaterThan(0);
});

it("pairs with a code instead of the QR", async () => {
  const page = await desk.dashboard();
  const phone = await app.call<{ number: string }>("POST", "/sandbox/phones", {});
  await page.getByRole("button", { name: "Add channel" }).click();
  await page.getByLabel("Name").fill("By code");
  await page.getByLabel("Name").press("Enter");
  await page.getByRole("button", { name: "Use a code instead" }).click();
  await page.getByLabel("The phone's number").fill(`+${phone.number}`);
  await page.getByRole("button", { name: "Get a code" }).click();
  const code = page.getByText(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/).first();
  await code.waitFor();
  await page.getByRole("button", { name: "Type it on the phone" }).click();
  await page.getByRole("heading", { name: "Paired and connected" }).waitFor();
});

it("refuses a name of nothing and a proxy that is none, at the field", async () => {
  const page = await desk.dashboard();
  await page.getByRole("button", { name: "Add channel" }).click();
  await page.getByRole("button", { name: "Add and pair" }).click();
  await page.getByText("A channel needs a name").waitFor();
  await page.getByLabel("Name").fill("Behind a proxy");
  await page.getByText("Connect through a proxy").click();
  await page.getByLabel("Proxy address").fill("gopher://somewhere");
  await page.getByRole("button", { name: "Add and pair" }).click();
  await page.getByLabel("Proxy address").and(page.locator("[aria-invalid=true]")).waitFor();
});

it("shows the pairing alone in a window of its own, on white in the dark too", async () => {
  const { id } = await app.call<{ id: string }>("POST", "/v1/channels", { name: "Own window" });
  const page = await desk.dashboard("/channels", { viewport: { width: 420, height: 660 }, colorScheme: "dark" });
  await desk.go(page, `/pair/${id}?window=pairing`);
  const qr = page.getByRole("img", { name: /QR code/ });
  await qr.waitFor();
  expect(await page.getByRole("navigation").count()).toBe(0);
  expect((await qr.boundingBox())?.width).toBeGreaterThanOrEqual(280);
  expect(await qr.evaluate((image) => getComputedStyle(image.parentElement!).backgroundColor)).toBe("rgb(255, 255, 255)");
});
