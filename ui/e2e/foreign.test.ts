// A page that is not ours, in a real browser in which a person is signed in to the dashboard, gets nowhere: neither from another
// site, nor from another port of this machine, nor under a name that was rebound to it.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, createServer as listen, type AddressInfo, type Server as Relay, type Socket } from "node:net";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { App, type Channel } from "./app";
import { attack, type Try } from "./attack";

let app: App;
let channel: Channel;
let browser: Browser;
let elsewhere: Server;

/** A page with nothing on it, from anywhere but the application. */
const page = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { "Content-Type": "text/html" });
  response.end("<!doctype html><title>Elsewhere</title><body></body>");
};

const port = (server: Server | Relay) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  app = await App.start();
  channel = await app.call<Channel>("POST", "/v1/channels", { name: "Letters", start: false });
  elsewhere = createServer(page).listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Every name stays on this machine.
    args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP rebound.example 127.0.0.2, MAP * 127.0.0.1, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2"],
  });
});
afterAll(async () => {
  await browser?.close();
  elsewhere?.close();
  await app?.stop();
});

/** A browser in which somebody is signed in to the dashboard, and a page of it that is elsewhere. */
async function signedIn(at: string): Promise<{ context: BrowserContext; page: Page; statuses: number[] }> {
  const context = await browser.newContext();
  const { url } = await app.call<{ url: string }>("POST", "/v1/sign-in-links");
  const dashboard = await context.newPage();
  await dashboard.goto(`${app.url}/${new URL(url).hash}`);
  await dashboard.getByRole("navigation", { name: "Main" }).waitFor();
  expect((await context.cookies()).length, "there is a cookie to be abused").toBeGreaterThan(0);
  await dashboard.close();
  const page = await context.newPage();
  await page.goto(at);
  const statuses: number[] = [];
  context.on("response", (response) => {
    const { port, pathname } = new URL(response.url());
    // In a window of its own the refusal is a page, which loads its own style.
    if (port === new URL(app.url).port && pathname !== "/docs/style.css") statuses.push(response.status());
  });
  return { context, page, statuses };
}

/** All that anybody could have changed. */
async function state(): Promise<unknown> {
  const all = ["/v1/channels", "/v1/webhooks", "/v1/settings", "/v1/outbox", "/v1/apps", "/v1/apps/requests"];
  const seen = await Promise.all(all.map((path) => app.call("GET", path)));
  const events = await app.call<{ items: { seq: number }[] }>("GET", "/v1/events?limit=500");
  return { seen, events: events.items.map((event) => event.seq) };
}

/** How many requests were refused at the door so far. */
async function refused(): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`, { headers: app.credentials })).text();
  const counts = [...text.matchAll(/^\S*\{[^}]*status="403"[^}]*\} (\d+)/gm)].map((match) => Number(match[1]));
  return counts.reduce((sum, count) => sum + count, 0);
}

const got = (tries: Try[]) => tries.filter((one) => one.got !== null);

it.each(["http://other.example", "http://127.0.0.1", "http://localhost"])("a page of %s on another port neither reads nor acts", async (site) => {
  const [before, door] = [await state(), await refused()];
  const { context, page, statuses } = await signedIn(`${site}:${port(elsewhere)}/`);
  for (const target of [app.url, app.url.replace("127.0.0.1", "localhost")]) {
    expect(got(await page.evaluate(attack, { target, channel: channel.id })), target).toEqual([]);
  }
  // They came as far as the door, and no further.
  expect((await refused()) - door).toBeGreaterThan(40);
  expect([...new Set(statuses)], "what the door said").toEqual([403]);
  expect(await state()).toEqual(before);
  await context.close();
});

it("somebody else's port of this machine is sent the cookie, and neither reads nor acts with it", async () => {
  const context = await browser.newContext();
  const { url } = await app.call<{ url: string }>("POST", "/v1/sign-in-links");
  const dashboard = await context.newPage();
  await dashboard.goto(`${app.url}/${new URL(url).hash}`);
  await dashboard.getByRole("navigation", { name: "Main" }).waitFor();
  const own = await dashboard.evaluate(() => localStorage.getItem("whatisup-page"));
  const before = await state();

  const sent: string[] = [];
  const listener = createServer((request, response) => {
    if (request.headers.cookie) sent.push(request.headers.cookie);
    page(request, response);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const visitor = await context.newPage();
  await visitor.goto(`http://127.0.0.1:${port(listener)}/`);
  const cookie = sent.find((one) => one.includes(`whatisup_${new URL(app.url).port}=`)) ?? "";
  expect(cookie, "the browser sends it there").not.toBe("");
  expect(await visitor.evaluate(() => localStorage.length), "and what the page has kept it does not show there").toBe(0);

  // The listener is no page: it says whatever it likes about where it comes from.
  const ask = async (method: string, path: string, more: Record<string, string>) => {
    const headers = { Cookie: cookie, Origin: app.url, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json", ...more };
    const body = method === "GET" ? undefined : JSON.stringify(path === "/v1/tickets" ? { for: "/v1/events" } : { name: "Intruder", start: false });
    return (await fetch(app.url + path, { method, headers, body })).status;
  };
  for (const more of [{}, { "X-WhatIsUp": "1" }, { "X-WhatIsUp": cookie.split("=")[1] ?? "" }] as Record<string, string>[]) {
    for (const path of ["/v1/session", "/v1/channels", "/v1/events", "/v1/settings", "/metrics"]) expect(await ask("GET", path, more), path).toBe(401);
    for (const path of ["/v1/channels", "/v1/tickets", "/v1/apps", `/v1/channels/${channel.id}/start`]) expect(await ask("POST", path, more), path).toBe(401);
    for (const path of ["/v1/session", `/v1/channels/${channel.id}`]) expect(await ask("DELETE", path, more), path).toBe(401);
  }
  expect(await state()).toEqual(before);
  expect(await ask("GET", "/v1/channels", { "X-WhatIsUp": own ?? "" }), "with what the dashboard's page was told it is good").toBe(200);
  await dashboard.reload();
  await dashboard.getByRole("navigation", { name: "Main" }).waitFor();

  // A browser that has the cookie and nothing else is asked to sign in.
  await dashboard.evaluate(() => localStorage.removeItem("whatisup-page"));
  await dashboard.reload();
  await dashboard.getByRole("heading", { name: "Sign in to WhatIsUp" }).waitFor();
  await context.close();
  listener.close();
});

it("a name that was rebound to this machine gets nowhere either, though the browser takes it for its own", async () => {
  const before = await state();
  const own = Number(new URL(app.url).port);
  // The name stands for 127.0.0.2, where somebody else serves a page at the application's own port, and then leads to the application.
  let rebound = false;
  const open = new Set<Socket>();
  const relay = listen((socket) => {
    const far = connect(rebound ? own : port(elsewhere), "127.0.0.1");
    for (const [from, to] of [[socket, far], [far, socket]] as const) {
      open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  }).listen(own, "127.0.0.2");
  await once(relay, "listening");
  const { context, page, statuses } = await signedIn(`http://rebound.example:${own}/`);
  expect(await page.title()).toBe("Elsewhere");
  rebound = true;
  for (const socket of open) socket.destroy();
  const target = await page.evaluate(() => location.origin);
  expect(got(await page.evaluate(attack, { target, channel: channel.id }))).toEqual([]);
  expect(statuses.length).toBeGreaterThan(10);
  expect([...new Set(statuses)], "what the door said").toEqual([403]);
  expect(await state()).toEqual(before);
  await context.close();
  relay.close();
});

it("a page that a person has allowed uses its own key, its stream and its images, and nobody's cookie", async () => {
  const origin = `http://desk.example:${port(elsewhere)}`;
  const made = await app.call<{ key: string }>("POST", "/v1/apps", {
    name: "Desk",
    permits: [{ scope: "channels:read" }, { scope: "channels:manage" }, { scope: "events:read" }],
    origins: [origin],
  });
  const other = await app.call<{ key: string }>("POST", "/v1/apps", { name: "Other", permits: [{ scope: "channels:read" }] });
  const scanned = await app.call<Channel>("POST", "/v1/channels", { name: "To scan" });
  await app.reaches(scanned.id, "pairing");
  const { context, page } = await signedIn(`${origin}/`);
  const seen = await page.evaluate(
    async ({ url, key, otherKey, channel }) => {
      const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
      const status = async (init: RequestInit) => fetch(`${url}/v1/channels`, init).then((answer) => answer.status, () => "blocked");
      const ticket = async (path: string) => {
        const headers = { ...bearer(key), "Content-Type": "application/json" };
        const answer = await fetch(`${url}/v1/tickets`, { method: "POST", headers, body: JSON.stringify({ for: path }) });
        return `${url}${path}?ticket=${((await answer.json()) as { ticket: string }).ticket}`;
      };
      const image = async () => {
        for (;;) {
          const src = await ticket(`/v1/channels/${channel}/qr`);
          const wide = await new Promise<number>((done) => {
            const it = Object.assign(new Image(), { crossOrigin: "anonymous" });
            it.onload = () => done(it.naturalWidth);
            it.onerror = () => done(0);
            it.src = src;
          });
          // Until WhatsApp has sent one there is none to scan.
          if (wide > 0) return wide;
        }
      };
      const stream = async () => {
        const events = new EventSource(await ticket("/v1/events"));
        return new Promise<string>((done) => events.addEventListener("snapshot", (event) => done(event.data as string)));
      };
      return {
        withKey: await status({ headers: bearer(key) }),
        cookieOnly: await status({ credentials: "include" }),
        nothing: await status({}),
        foreignKey: await status({ headers: bearer(otherKey) }),
        wide: await image(),
        snapshot: await stream(),
      };
    },
    { url: app.url, key: made.key, otherKey: other.key, channel: scanned.id },
  );
  // A cookie is asked for in vain: the answer is not shared with a page that sends one.
  expect(seen).toMatchObject({ withKey: 200, cookieOnly: "blocked", nothing: 401, foreignKey: 403 });
  expect(seen.wide).toBeGreaterThan(100);
  expect(seen.snapshot).toContain("Letters");
  await context.close();
});

it("the same tries succeed where nobody guards the door", async () => {
  const posts: string[] = [];
  const careless = createServer((request, response) => {
    const origin = request.headers.origin ?? "*";
    const share = { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Headers": "authorization, content-type, x-whatisup", "Access-Control-Allow-Methods": "GET, POST, DELETE" };
    if (request.method === "POST" || request.method === "DELETE") posts.push(`${request.method} ${request.headers["content-type"] ?? "nothing"}`);
    const answer = (type: string, body: string) => {
      response.writeHead(200, { ...share, "Content-Type": type });
      response.end(body);
    };
    if (request.url?.includes("/qr")) answer("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    else if (request.url === "/v1/events") answer("text/event-stream", "data: all of it\n\n");
    else if (request.url?.endsWith(".css")) answer("text/css", "");
    else if (request.url === "/") answer("text/html", "<title>Ours</title>");
    else if (request.url === "/v1/openapi.json") answer("text/javascript", "");
    else answer("application/json", "[]");
  });
  careless.on("upgrade", (_, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  careless.listen(0, "127.0.0.1");
  await once(careless, "listening");
  const { context, page } = await signedIn(`http://other.example:${port(elsewhere)}/`);
  const tries = await page.evaluate(attack, { target: `http://127.0.0.1:${port(careless)}`, channel: channel.id });
  const acts = got(tries).map((one) => one.act);
  for (const act of ["fetch", "fetch without cookies", "fetch with a key", "post of JSON", "post with our header", "deletion", "request for access, as JSON", "image of a QR", "script", "style", "event stream"]) {
    expect(acts).toContain(act);
  }
  for (const post of ["POST text/plain", "POST nothing", "POST application/x-www-form-urlencoded", "POST multipart/form-data"]) {
    expect(posts.some((done) => done.startsWith(post)), `${post} in ${posts.join("; ")}`).toBe(true);
  }
  await context.close();
  careless.close();
  careless.closeAllConnections();
});
