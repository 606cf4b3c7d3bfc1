// Takes a picture of every page in light and dark, wide and narrow, and runs axe over each.
//   npm run build && npm run look -- [folder] [only]
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { startMock } from "./server.mjs";

const folder = process.argv[2] ?? "/tmp/look";
const only = process.argv[3];
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const mocks = { busy: await startMock("busy"), empty: await startMock("empty"), out: await startMock("calm", 0, { signedIn: false }), off: await startMock("calm"), bad: await startMock("calm"), asked: await startMock("busy"), open: await startMock("calm"), calm: await startMock("calm"), trouble: await startMock("calm") };
mocks.trouble.world.checks.push({ name: "ledger", ok: false, detail: "there is no room on the disk" });
mocks.trouble.world.channels[1].flapping_since = new Date(Date.now() - 240_000).toISOString();
mocks.trouble.world.channels[1].tone = "attention";
mocks.open.world.trust.exposed = { addresses: ["https://192.168.1.5:9488", "https://[fd00::5]:9488"], fingerprint: Array.from({ length: 32 }, (_, n) => ((n * 37 + 11) % 256).toString(16).toUpperCase().padStart(2, "0")).join(":"), self_made: true, valid_until: new Date(Date.now() + 6 * 86_400_000).toISOString() };
// Where this is not what is looked at, nothing waits that would open a dialog by itself.
mocks.busy.world.trust.requests.length = mocks.busy.world.trust.asks.length = 0;
const given = mocks.calm.world.trust.apps;
// What waits, with one of them first.
const waiting = { requests: [...mocks.asked.world.trust.requests], asks: [...mocks.asked.world.trust.asks] };
const foremost = (kind, n) => {
  mocks.asked.world.trust[kind] = [...waiting[kind].slice(n), ...waiting[kind].slice(0, n)];
  return kind === "asks" ? "#/ask?window=ask" : "#/consent?window=consent";
};
const hooks = mocks.busy.world.webhooks.map((one) => one.id);
const settle = (page) => page.waitForTimeout(400);
const first = mocks.busy.world.channels[0].id;
const stuck = mocks.busy.world.channels[2].id;
const broken = mocks.busy.world.channels[4].id;
mocks.busy.world.faults.push({ kind: "hang", device: null });

const shell = (state) => `
  window.__TAURI_INTERNALS__ = { invoke: async (name) => {
    if (name === "start_state") return ${JSON.stringify(state)};
    if (name === "next_start_state") return new Promise(() => {});
  } };`;
const failed = {
  phase: "failed",
  problem: {
    code: "vault_missing",
    title: "There is no keychain on this system",
    detail: "WhatIsUp keeps the keys to your sessions in the desktop's keychain, and none answers. Start one (gnome-keyring, KWallet), or keep the keys in a file.",
    actions: [
      { id: "try_again", label: "Try again", danger: false, loses: null },
      { id: "use_key_file", label: "Use a key file instead", danger: false, loses: "The keys will lie in a file that only your user account can read. A keychain protects them better." },
      { id: "start_fresh", label: "Start fresh", danger: true, loses: "Channels, events and messages start empty." },
      { id: "quit", label: "Quit", danger: false, loses: null },
    ],
  },
};

const armed = (page) => page.locator("[data-armed='true']").first().waitFor();

const shots = [
  ["channels", mocks.busy, "#/channels"],
  ["channels-empty", mocks.empty, "#/channels"],
  ["add", mocks.busy, "#/channels?add", (page) => page.getByText("Connect through a proxy").click()],
  ["pair", mocks.busy, "#/pair/ch_pairing", (page) => page.getByRole("img", { name: /QR code/ }).waitFor()],
  ["pair-window", mocks.busy, "#/pair/ch_pairing?window=pairing", (page) => page.getByRole("img", { name: /QR code/ }).waitFor(), [420, 660]],
  ["pair-code", mocks.busy, "#/pair/ch_pairing", async (page) => page.getByRole("button", { name: "Use a code instead" }).click()],
  ["pair-passkey", mocks.bad, () => {
    const known = mocks.bad.world.channels[0];
    mocks.bad.move(known, "working", { status: "pairing", method: "passkey", step: "shown", summary: "WhatsApp wants a passkey of this account before it links a device.", round: 1 }, { paired: false });
    return `#/pair/${known.id}`;
  }],
  ["pair-expired", mocks.bad, () => {
    const known = mocks.bad.world.channels[1];
    mocks.bad.move(known, "attention", { status: "disconnected", reason: "pairing_expired", summary: "Nobody scanned the QR in time. Ask for a new one when the phone is at hand." }, { paired: true });
    return `#/pair/${known.id}`;
  }],
  ["channel", mocks.busy, `#/channels/${first}`],
  ["channel-stuck", mocks.busy, `#/channels/${stuck}`],
  ["channel-broken", mocks.busy, `#/channels/${broken}`],
  ["delete", mocks.busy, `#/channels/${first}`, (page) => page.getByRole("button", { name: "Delete channel" }).click()],
  ["events", mocks.busy, "#/events", (page) => page.getByRole("button", { name: /message.received/ }).first().click()],
  ["events-paused", mocks.busy, "#/events", async (page) => {
    await page.getByRole("button", { name: "Pause" }).click();
    for (let n = 0; n < 14; n += 1) mocks.busy.tell("message.received", mocks.busy.world.events[12].data, first);
    await page.getByText("14 events wait").waitFor();
  }],
  ["overview", mocks.busy, "#/overview", settle],
  ["overview-table", mocks.busy, "#/overview", async (page) => page.getByRole("button", { name: "Show messages as a table" }).click()],
  ["overview-empty", mocks.empty, "#/overview", settle],
  ["outbox", mocks.busy, "#/outbox"],
  ["outbox-empty", mocks.empty, "#/outbox"],
  ["outbox-discard", mocks.busy, "#/outbox", (page) => page.getByRole("button", { name: "Discard all" }).click()],
  ["webhooks", mocks.busy, "#/webhooks"],
  ["webhooks-empty", mocks.empty, "#/webhooks"],
  ["webhook", mocks.busy, `#/webhooks/${hooks[0]}`],
  ["webhook-failing", mocks.busy, `#/webhooks/${hooks[1]}`],
  ["webhook-paused", mocks.busy, `#/webhooks/${hooks[2]}`],
  ["webhook-add", mocks.busy, "#/webhooks?add", async (page) => {
    await page.getByRole("dialog").getByText("Only these").first().click();
    await page.getByText("Headers and pace").click();
    await page.getByRole("button", { name: "Add a header" }).click();
  }],
  ["webhook-secret", mocks.calm, "#/webhooks?add", async (page) => {
    await page.getByLabel("Address").fill("http://127.0.0.1:8080/");
    await page.getByRole("button", { name: "Add webhook" }).last().click();
    await page.getByText("whsec_").waitFor();
  }],
  ["webhook-rotate", mocks.busy, `#/webhooks/${hooks[3]}`, (page) => page.getByRole("button", { name: "New secret" }).click()],
  ["webhook-test", mocks.busy, `#/webhooks/${hooks[1]}`, async (page) => {
    await page.getByRole("button", { name: "Send a test" }).click();
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByText("Not taken").waitFor();
  }],
  ["webhook-replay", mocks.busy, `#/webhooks/${hooks[0]}`, (page) => page.getByRole("button", { name: "Replay a time" }).click()],
  ["webhook-delete", mocks.busy, `#/webhooks/${hooks[2]}`, (page) => page.getByRole("button", { name: "Delete webhook" }).click()],
  ["delivery", mocks.busy, `#/webhooks/${hooks[0]}/dlv_01004`],
  ["delivery-failing", mocks.busy, `#/webhooks/${hooks[1]}/dlv_02011`],
  ["more", mocks.busy, "#/outbox", (page) => page.getByRole("button", { name: "More" }).click({ timeout: 1000 }).catch(() => {})],
  ["send-later", mocks.busy, `#/channels/${first}`, (page) => page.getByText("Later, or only for a while").click()],
  ["ledger", mocks.trouble, "#/outbox", (page) => page.getByText("Nothing can be written down").waitFor()],
  ["settings", mocks.busy, "#/settings"],
  ["consent-window", mocks.asked, "#/consent?window=consent", armed, [440, 720]],
  ["consent-window-end", mocks.asked, "#/consent?window=consent", async (page) => {
    await armed(page);
    await page.getByLabel("Ask me before each message").click();
    await page.getByText("Only these people").click();
    await page.getByLabel("Add to people").fill("+1 555 010 0123");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("Access lasts").scrollIntoViewIfNeeded();
  }, [440, 720]],
  ["consent-liar", mocks.asked, () => foremost("requests", 1), armed, [440, 720]],
  ["consent-page", mocks.asked, () => foremost("requests", 2), armed, [440, 720]],
  ["consent-groups", mocks.asked, () => foremost("requests", 3), async (page) => {
    await armed(page);
    await page.getByText("Access lasts").scrollIntoViewIfNeeded();
  }, [440, 720]],
  ["consent-done", mocks.bad, "#/consent?window=consent", (page) => page.getByText("No program asks").waitFor(), [440, 720]],
  ["consent-dialog", mocks.asked, () => (foremost("requests", 0), "#/channels"), armed],
  ["ask-window", mocks.asked, () => foremost("asks", 0), async (page) => {
    await armed(page);
    await page.getByLabel("Message", { exact: true }).fill("Good morning! Your parcel is here until 18:00.");
  }, [440, 620]],
  ["ask-hidden", mocks.asked, () => foremost("asks", 1), armed, [440, 620]],
  ["ask-group", mocks.asked, () => foremost("asks", 2), armed, [440, 620]],
  ["ask-long", mocks.asked, () => foremost("asks", 3), armed, [440, 620]],
  ["ask-long-read", mocks.asked, () => foremost("asks", 3), async (page) => {
    await armed(page);
    await page.getByLabel("Message", { exact: true }).evaluate((field) => field.scrollTo(0, field.scrollHeight));
  }, [440, 620]],
  ["ask-blank", mocks.asked, () => foremost("asks", 4), armed, [440, 620]],
  ["ask-dialog", mocks.asked, () => (foremost("asks", 3), "#/apps"), async (page) => {
    await armed(page);
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Send this message?" }).waitFor();
    await armed(page);
  }],
  ["apps", mocks.busy, "#/apps"],
  ["apps-waiting", mocks.asked, "#/apps", async (page) => {
    await armed(page);
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Send this message?" }).waitFor();
    await page.keyboard.press("Escape");
  }],
  ["apps-empty", mocks.empty, "#/apps"],
  ["app", mocks.calm, `#/apps/${given[0].id}`, (page) => page.getByText("that works no longer").click()],
  ["app-disabled", mocks.calm, `#/apps/${given[3].id}`],
  ["app-edit", mocks.calm, `#/apps/${given[0].id}`, (page) => page.getByRole("button", { name: "Change" }).click()],
  ["app-add", mocks.calm, "#/apps?add", async (page) => page.getByLabel("Send messages by itself").check()],
  ["app-key", mocks.calm, "#/apps?add", async (page) => {
    await page.getByLabel("Name", { exact: true }).fill("Till");
    await page.getByLabel("See channels").check();
    await page.getByRole("button", { name: "Make the app" }).click();
    await page.getByText("wiu_47").waitFor();
  }],
  ["app-revoke", mocks.calm, `#/apps/${given[0].id}`, (page) => page.getByRole("button", { name: "Revoke Server" }).click()],
  ["app-rotate", mocks.calm, `#/apps/${given[0].id}`, (page) => page.getByRole("button", { name: "Rotate Server" }).click()],
  ["audit", mocks.busy, "#/audit", async (page) => {
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("The log is as it was written").waitFor();
  }],
  ["audit-broken", mocks.trouble, "#/audit", async (page) => {
    mocks.trouble.world.trust.broken = 17;
    await page.getByRole("button", { name: "Verify" }).click();
    await page.getByText("The log was changed").waitFor();
  }],
  ["audit-empty", mocks.empty, "#/audit"],
  ["exposed", mocks.open, "#/channels"],
  ["sandbox", mocks.busy, "#/sandbox", async (page) => page.getByRole("button", { name: /Grace/ }).click()],
  ["sign-in", mocks.out, "#/channels"],
  ["sign-in-used", mocks.out, "#sign-in=old"],
  ["setup", mocks.busy, "#/setup", null, null, shell(failed)],
  ["offline", mocks.off, "#/channels", async (page) => {
    for (const stream of mocks.off.streams) stream.destroy();
    mocks.off.server.close();
    mocks.off.server.closeAllConnections();
    await page.getByText("does not answer").waitFor();
  }],
  ["done", mocks.bad, () => {
    const known = mocks.bad.world.channels[0];
    mocks.bad.move(known, "working", { status: "reconnecting", summary: "Paired; logging in.", cause: "paired", attempt: 0 });
    return `#/pair/${known.id}`;
  }, async (page) => {
    await page.getByText("Almost there").waitFor();
    const known = mocks.bad.world.channels[0];
    mocks.bad.move(known, "connected", { status: "connected", summary: "Connected." }, { paired: true });
    await page.getByText("Paired and connected").waitFor();
    await page.waitForTimeout(250);
  }],
];

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
let wrong = 0;
for (const [name, mock, where, prepare, size, script] of shots) {
  if (only && !name.startsWith(only)) continue;
  for (const theme of ["light", "dark"]) {
    for (const [width, height] of size ? [size] : [[1280, 800], [400, 800]]) {
      if (name === "offline" && !(theme === "light" && width === 1280)) continue;
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce" });
      const page = await context.newPage();
      const complain = (what) => {
        wrong += 1;
        console.log(`${name} ${theme} ${width}: ${what}`);
      };
      page.on("console", (line) => {
        if (line.type() === "error" && !/401|ERR_|404|503/.test(line.text())) complain(line.text());
      });
      page.on("pageerror", (error) => complain(error.message));
      await page.addInitScript({ content: `Object.freeze(Object.prototype);${script ?? ""}` });
      const hash = typeof where === "function" ? where() : where;
      await page.goto(`${mock.url}/${hash}`);
      await page.waitForTimeout(350);
      try {
        await prepare?.(page);
      } catch (error) {
        complain(error.message.split("\n")[0]);
      }
      await page.waitForTimeout(250);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll("main")].some((main) => main.scrollWidth > main.clientWidth));
      if (wide) complain("scrolls sideways");
      await page.screenshot({ path: `${folder}/${name}-${theme}-${width}.png` });
      // axe itself is put in past the policy, as a person's tool would be.
      const session = await context.newCDPSession(page);
      await session.send("Page.setBypassCSP", { enabled: true });
      await page.evaluate(await (await import("node:fs/promises")).readFile(axe, "utf8"));
      const { violations } = await page.evaluate(() => window.axe.run());
      for (const found of violations) complain(`axe ${found.impact} ${found.id}: ${found.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`);
      await context.close();
    }
  }
}
await browser.close();
for (const mock of Object.values(mocks)) {
  mock.server.close();
  mock.server.closeAllConnections();
}
console.log(wrong ? `${wrong} complaints` : "nothing to complain about");
process.exit(wrong ? 1 : 0);
