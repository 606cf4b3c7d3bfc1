import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { App } from "./app";
import { Desk } from "./browser";
import { harvest } from "./leaks";

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

const PASSPHRASE = "nine quiet lanterns of ours";
beforeAll(() => harvest({ passphrase: PASSPHRASE }));

it("exports a channel into a file and brings it back without a QR", async () => {
  const { channel } = await app.paired("Traveller");
  const page = await desk.dashboard(`/channels/${channel.id}`);
  await page.getByRole("button", { name: "Move elsewhere …" }).click();
  const leaving = page.getByRole("dialog", { name: "Move Traveller" });
  await leaving.getByLabel("Passphrase").fill("short");
  await leaving.getByRole("button", { name: "Stop and export" }).click();
  await leaving.getByText("At least 12 characters").waitFor();
  await leaving.getByLabel("Passphrase").fill(PASSPHRASE);
  await leaving.getByLabel("The same once more").fill(PASSPHRASE);
  const [file] = await Promise.all([page.waitForEvent("download"), leaving.getByRole("button", { name: "Stop and export" }).click()]);
  const path = join(tmpdir(), `whatisup-e2e-${channel.id}`);
  await file.saveAs(path);
  expect((await readFile(path)).length).toBeGreaterThan(1000);
  await page.getByRole("dialog", { name: "Ready to move" }).getByRole("button", { name: "Done" }).click();
  await page.getByRole("region", { name: "State" }).getByText("Stopped", { exact: true }).waitFor();

  await desk.go(page, "/channels");
  await page.getByRole("button", { name: "Add channel" }).first().click();
  await page.getByRole("button", { name: "Bring a session from elsewhere …" }).click();
  const coming = page.getByRole("dialog", { name: "Bring a session from elsewhere" });
  await coming.getByRole("button", { name: "Bring it here" }).click();
  await coming.getByText("Nothing is chosen yet.").waitFor();
  await coming.getByLabel("The exported file").setInputFiles(path);
  await coming.getByLabel("Passphrase").fill("seven spare umbrellos");
  await coming.getByRole("button", { name: "Bring it here" }).click();
  await coming.getByText(/passphrase/i).nth(1).waitFor();
  await coming.getByLabel("Passphrase").fill(PASSPHRASE);
  await coming.getByLabel("Name").fill("Settler");
  await coming.getByRole("button", { name: "Bring it here" }).click();
  await coming.getByText("This account is a channel here already: Traveller").waitFor();
  await coming.getByRole("button", { name: "Bring it all the same" }).click();
  await page.getByRole("heading", { name: "Settler" }).waitFor();
  await page.getByRole("region", { name: "State" }).getByText("Connected", { exact: true }).waitFor();
});

it("says what is wrong with a folder that is none of Baileys'", async () => {
  const folder = join(tmpdir(), `whatisup-e2e-baileys-${process.pid}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "creds.json"), '{"noiseKey": ');
  const page = await desk.dashboard("/channels");
  await page.getByRole("button", { name: "Add channel" }).first().click();
  await page.getByRole("button", { name: "Bring a session from elsewhere …" }).click();
  const coming = page.getByRole("dialog", { name: "Bring a session from elsewhere" });
  await coming.getByText("A folder of Baileys").click();
  await coming.getByLabel("The folder with creds.json").setInputFiles(folder);
  await coming.getByRole("button", { name: "Bring it here" }).click();
  await coming.getByText(/creds\.json/).nth(1).waitFor();
});
