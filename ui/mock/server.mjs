// Serves the built dashboard and a made-up API, under the same strict policy as the real one.
//   npm run mock -- [empty|calm|busy] [port]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { trust, trustRoutes } from "./trust.mjs";
import { at, channel, event, fakeQr, message, qr, scene, uptime, webhook } from "./world.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const kinds = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function startMock(name = "busy", port = 0, { signedIn = true } = {}) {
  const world = scene(name);
  world.trust = trust(name, world.channels);
  /** What was decided, in order. */
  world.answers = [];
  const streams = new Set();
  const phoneStreams = new Set();
  // Whoever, or whoever says what signing in has told.
  let session = signedIn ? "anybody" : null;
  const isIn = (request) => session === "anybody" || (session !== null && request.headers["x-whatisup"] === session);
  const seq = () => world.events.length;

  function tell(type, data, id) {
    const news = { ...event(type, data, id), seq: seq() + 1 };
    world.events.push(news);
    for (const stream of streams) stream.write(`event: ${type}\nid: ${news.seq}\ndata: ${JSON.stringify(news)}\n\n`);
    for (const stream of phoneStreams) stream.write("event: status\ndata: {}\n\n");
  }
  function move(known, tone, state, more = {}) {
    Object.assign(known, { tone, state: { since: at(0), summary: "", ...state } }, more);
    tell(`channel.${state.status}`, { channel: structuredClone(known) }, known.id);
    return known;
  }
  const connect = (known) => move(known, "connected", { status: "connected", summary: "Connected." }, { stuck_since: null });
  const drop = (known) => {
    move(known, "working", { status: "reconnecting", summary: "The connection broke; connecting again.", cause: "connection_lost", attempt: 0, next_attempt_at: at(1500) });
    setTimeout(() => connect(known), 2000);
  };
  const pairs = (known) => move(known, "working", qr(1), { paired: false });

  const hook = (id) => world.webhooks.find((one) => one.id === id);
  const sent = (id) => world.deliveries.find((one) => one.id === id);
  const shelf = (one) => (one.direction !== "outbound" ? null : one.status === "queued" && Date.parse(one.send_at ?? 0) > Date.now() ? "scheduled" : one.status);
  const waitingOf = (of) => world.messages.filter((one) => (!of || one.channel_id === of) && ["queued", "sending", "scheduled", "failed"].includes(shelf(one)));
  const brief = ({ payload: _, attempts_log: __, ...delivery }) => delivery;
  const becomes = (id, status, more = {}) => {
    const one = world.messages.find((known) => known.id === id);
    Object.assign(one, { status, updated_at: at(0), failure: undefined, ...more });
    tell(`message.${status}`, { message: structuredClone(one) }, one.channel_id);
    return structuredClone(one);
  };
  const routes = [
    ...trustRoutes(world, { tell, problem }),
    ["GET", /^\/readyz$/, () => [world.checks.length ? 503 : 200, { ready: !world.checks.length, checks: world.checks }]],
    ["GET", /^\/v1\/stats$/, () => [200, world.stats()]],
    ["GET", /^\/v1\/outbox$/, (_, __, ___, ask) => {
      const all = waitingOf(ask.get("channel"));
      const counts = { queued: 0, sending: 0, scheduled: 0, failed: 0 };
      for (const one of all) counts[shelf(one)] += 1;
      const status = ask.get("status");
      return [200, { items: all.filter((one) => !status || shelf(one) === status).slice(0, Number(ask.get("limit") ?? 50)), next_cursor: null, counts }];
    }],
    ["POST", /^\/v1\/messages\/(\w+)\/retry$/, (_, __, id) => {
      setTimeout(() => becomes(id, "sent"), 1500);
      return [202, becomes(id, "queued", { attempts: 0 })];
    }],
    ["DELETE", /^\/v1\/messages\/(\w+)$/, (_, __, id) => [200, becomes(id, "cancelled")]],
    ["GET", /^\/v1\/webhooks$/, () => [200, { items: world.webhooks }]],
    ["POST", /^\/v1\/webhooks$/, (_, body) => {
      if (/169\.254/.test(body.url)) return [422, { ...problem("invalid", 422), errors: [{ pointer: "/url", detail: "This address belongs to the machine's cloud, not to a program of yours." }] }];
      const { headers, ...rest } = body;
      const made = webhook(body.url, { ...rest, header_names: Object.keys(headers ?? {}), secrets: [{ created_at: at(0) }], created_at: at(0) });
      world.webhooks.push(made);
      return [201, { ...made, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }];
    }],
    ["GET", /^\/v1\/webhooks\/(\w+)$/, (_, __, id) => (hook(id) ? [200, hook(id)] : [404, problem("not_found", 404)])],
    ["PATCH", /^\/v1\/webhooks\/(\w+)$/, (_, { headers, ...body }, id) => [200, Object.assign(hook(id), body, headers ? { header_names: [...new Set([...hook(id).header_names, ...Object.keys(headers)])].filter((name) => headers[name] !== null) } : {})]],
    ["DELETE", /^\/v1\/webhooks\/(\w+)$/, (_, __, id) => (world.webhooks.splice(world.webhooks.indexOf(hook(id)), 1), [204])],
    ["POST", /^\/v1\/webhooks\/(\w+)\/pause$/, (_, __, id) => [200, Object.assign(hook(id), { status: "paused", status_reason: "by_hand", status_since: at(0), summary: "Paused by hand. What happens meanwhile waits." })]],
    ["POST", /^\/v1\/webhooks\/(\w+)\/resume$/, (_, __, id) => [200, Object.assign(hook(id), { status: "active", status_reason: null, failing_since: null, summary: "Deliveries go through." })]],
    ["POST", /^\/v1\/webhooks\/(\w+)\/rotate-secret$/, (_, body, id) => {
      hook(id).secrets = [{ created_at: at(0) }, { ...hook(id).secrets[0], expires_at: at(body.overlap_seconds * 1000) }];
      return [200, { secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", previous_expires_at: body.overlap_seconds ? at(body.overlap_seconds * 1000) : null }];
    }],
    ["POST", /^\/v1\/webhooks\/(\w+)\/test$/, (_, __, id) => [200, hook(id).failing_since ? { status: 503, latency_ms: 212, answer: "upstream connect error", delivered: false } : { status: 200, latency_ms: 34, answer: '{"ok":true}', delivered: true }]],
    ["POST", /^\/v1\/webhooks\/(\w+)\/redeliver$/, () => [202, { deliveries: 17 }]],
    ["GET", /^\/v1\/webhooks\/(\w+)\/deliveries$/, (_, __, id, ask) => [200, {
      items: world.deliveries.filter((one) => one.webhook_id === id && (!ask.get("status") || one.status === ask.get("status")) && (!ask.get("type") || one.type === ask.get("type"))).map(brief), next_cursor: "more",
    }]],
    ["GET", /^\/v1\/deliveries\/(\w+)$/, (_, __, id) => (sent(id) ? [200, sent(id)] : [404, problem("not_found", 404)])],
    ["POST", /^\/v1\/deliveries\/(\w+)\/redeliver$/, (_, __, id) => [200, brief(Object.assign(sent(id), { status: "pending", attempts: 0, finished_at: null }))]],
    ["POST", /^\/v1\/deliveries\/(\w+)\/skip$/, (_, __, id) => [200, brief(Object.assign(sent(id), { status: "skipped", next_attempt_at: null, finished_at: at(0) }))]],
    ["GET", /^\/v1\/session$/, () => [200, { via: "cookie", expires_at: null }]],
    ["POST", /^\/v1\/session$/, (_, body) => {
      if (body.ticket !== "good") return [401, { ...problem("ticket_invalid", 401), title: "Sign-in link not valid", detail: "This sign-in link was used already or has expired. Ask for a new one." }];
      session = `page-${Math.random()}`;
      return [200, { secret: session, expires_at: at(604_800_000) }];
    }],
    ["DELETE", /^\/v1\/session$/, () => ((session = null), [204])],
    ["GET", /^\/v1\/info$/, () => [200, {
      name: "WhatIsUp", version: "0.1.0", build: "sandbox",
      sandbox: { control: "/sandbox", whatsapp_url: "ws://127.0.0.1:41234/ws/chat" },
      vault: { kind: "keychain", status: "ok", summary: "Keys are kept in the Secret Service keychain." },
      started_at: at(-93_600_000), addresses: ["http://127.0.0.1:9487", "http://[::1]:9487"], exposed: world.trust.exposed, doors: [{ kind: "tcp", address: "http://127.0.0.1:9487" }, { kind: "unix", address: "/home/ada/.local/share/whatisup/api.sock" }, ...(world.trust.exposed?.addresses ?? []).map((address) => ({ kind: "tls", address }))], data_dir: "/home/ada/.local/share/whatisup-sandbox",
    }]],
    ["GET", /^\/v1\/settings$/, () => [200, world.settings]],
    ["PATCH", /^\/v1\/settings$/, (_, body) => (Object.assign(world.settings.notifications, body.notifications), [200, world.settings])],
    ["GET", /^\/v1\/channels$/, () => [200, { items: world.channels, next_cursor: null }]],
    ["POST", /^\/v1\/channels$/, (_, body) => {
      if (body.proxy && !/^(http|socks5):/.test(body.proxy)) return [422, { ...problem("invalid", 422), errors: [{ pointer: "/proxy", detail: "A proxy starts with http:// or socks5://." }] }];
      const known = channel(body.name, "working", { status: "pairing", since: at(0), summary: "Asking WhatsApp for something to scan.", method: "qr", step: "waiting", round: 0 }, { paired: false, account: null });
      world.channels.push(known);
      tell("channel.created", { channel: structuredClone(known) }, known.id);
      setTimeout(() => pairs(known), 400);
      return [201, structuredClone(known)];
    }],
    ["PATCH", /^\/v1\/channels\/(\w+)$/, (known, body) => (Object.assign(known, body.name ? { name: body.name } : {}), [200, known])],
    ["DELETE", /^\/v1\/channels\/(\w+)$/, (known) => {
      world.channels.splice(world.channels.indexOf(known), 1);
      tell("channel.deleted", { channel_id: known.id, name: known.name }, known.id);
      return [204];
    }],
    ["POST", /^\/v1\/channels\/(\w+)\/(start|restart)$/, (known) => {
      if (!known.paired) return [200, pairs(known)];
      setTimeout(() => connect(known), 800);
      return [200, move(known, "working", { status: "reconnecting", summary: "Connecting, as asked.", cause: "requested", attempt: 0 })];
    }],
    ["POST", /^\/v1\/channels\/(\w+)\/stop$/, (known) => [200, move(known, "idle", { status: "disconnected", summary: "Stopped. Start it to connect again; no new QR is needed.", reason: "stopped" })]],
    ["POST", /^\/v1\/channels\/(\w+)\/logout$/, (known) => [200, move(known, "idle", { status: "disconnected", summary: "Logged out from here; the credentials are gone. Pair again to use this channel.", reason: "logged_out" }, { paired: false })]],
    ["POST", /^\/v1\/channels\/(\w+)\/pairing-code$/, (known, body) => {
      move(known, "working", { ...qr(1), method: "code", expires_at: at(160_000) });
      return [200, { code: "K7QM-2XWB", expires_at: at(160_000), phone: body.phone }];
    }],
    ["GET", /^\/v1\/channels\/(\w+)\/qr$/, (known) => known.state.status === "pairing" ? [200, { text: `mock,${known.id}`, expires_at: known.state.expires_at, round: known.state.round, svg: fakeQr() }] : [409, problem("not_pairing", 409)]],
    ["GET", /^\/v1\/channels\/(\w+)\/uptime$/, (known) => [200, { from: at(-86_400_000), to: at(0), segments: uptime(known) }]],
    ["GET", /^\/v1\/channels\/(\w+)\/timeline$/, (known) => [200, {
      items: [
        { at: known.state.since, state: known.state, stuck_since: known.stuck_since },
        { at: at(-52_000_000), state: { status: "connected", since: at(-52_000_000), summary: "Connected." }, stuck_since: null },
        { at: at(-52_030_000), state: { status: "reconnecting", since: at(-52_030_000), summary: "WhatsApp closed the connection; connecting again." }, stuck_since: null },
        { at: at(-93_000_000), state: { status: "connected", since: at(-93_000_000), summary: "Connected." }, stuck_since: null },
        { at: at(-93_060_000), state: { status: "pairing", since: at(-93_060_000), summary: "Scan the QR with the phone that owns the account." }, stuck_since: null },
      ],
      next_cursor: null,
    }].map((part) => (part.items ? { ...part, items: part.items.map((item) => ({ ...item, summary: item.state.summary })) } : part))],
    ["GET", /^\/v1\/channels\/(\w+)\/messages$/, (known) => [200, { items: world.messages.filter((one) => one.channel_id === known.id), next_cursor: null }]],
    ["POST", /^\/v1\/channels\/(\w+)\/messages$/, (known, body) => {
      const sent = message(known, "out", body.to.slice(1), body.content.text, "queued", 0);
      world.messages.unshift(sent);
      const later = (status, ms) => setTimeout(() => tell(`message.${status}`, { message: Object.assign(sent, { status, updated_at: at(0) }) }, known.id), ms);
      tell("message.queued", { message: structuredClone(sent) }, known.id);
      later("sent", 200);
      later("delivered", 500);
      return [202, structuredClone(sent)];
    }],
    ["GET", /^\/sandbox\/state$/, () => [200, { phones: world.phones.map(({ messages: _, ...phone }) => phone), counters: {}, faults: world.faults }]],
    ["POST", /^\/sandbox\/phones$/, () => {
      const phone = { number: `155501002${String(world.phones.length).padStart(2, "0")}`, name: "Edsger", lid: "1@lid", online: true, auto_reply: false, unread: 0, linked_devices: [], messages: [] };
      world.phones.push(phone);
      return [201, phone];
    }],
    ["POST", /^\/sandbox\/scan$/, (_, body) => {
      const known = world.channels.find((one) => one.id === body.qr.split(",")[1]);
      move(known, "working", { ...qr(1), step: "scanned", expires_at: null, summary: "The phone agreed; setting the link up." });
      setTimeout(() => move(known, "working", { status: "reconnecting", summary: "Paired; logging in.", cause: "paired", attempt: 0 }), 600);
      setTimeout(() => move(known, "connected", { status: "connected", summary: "Connected." }, { paired: true, account: { phone: "+15550100142", lid: null, name: "Grace" } }), 1200);
      return [200, { number: "15550100142", device: "x" }];
    }],
    ["GET", /^\/sandbox\/phones\/(\d+)\/messages$/, (_, __, number) => [200, world.phones.find((phone) => phone.number === number).messages]],
    ["POST", /^\/sandbox\/phones\/(\d+)\/messages$/, (_, body, number) => {
      world.phones.find((phone) => phone.number === number).messages.push({ id: String(Math.random()), chat: body.to, direction: "out", by_companion: false, kind: "text", text: body.text, at: at(0), status: "delivered" });
      return [201, { id: "x" }];
    }],
    ["POST", /^\/sandbox\/faults$/, (_, body) => {
      if (body.kind === "drop") for (const known of world.channels) if (known.state.status === "connected") drop(known);
      if (body.kind !== "drop") world.faults.push({ kind: body.kind, device: null });
      return [204];
    }],
    ["DELETE", /^\/sandbox\/faults$/, () => ((world.faults.length = 0), [204])],
    ["POST", /^\/sandbox\/phones\/(\d+)\/unlink$/, (_, __, number) => {
      for (const known of world.channels) if (known.account?.phone === `+${number}`) move(known, "broken", { status: "disconnected", summary: "Unlinked on the phone; the credentials are gone. Scan a new QR to link it again.", reason: "unlinked" }, { paired: false });
      return [200, { devices: [] }];
    }],
    ["PATCH", /^\/sandbox\/phones\/(\d+)$/, (_, body, number) => [200, Object.assign(world.phones.find((phone) => phone.number === number), body)]],
  ];

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    let raw = "";
    for await (const chunk of request) raw += chunk;
    const json = (status, body) => {
      response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    if (!/^\/(v1|sandbox)\/|^\/readyz$/.test(url.pathname)) return page(url.pathname, response);
    if (!isIn(request) && !(request.method === "POST" && url.pathname === "/v1/session")) return json(401, problem("unauthorized", 401));
    if (request.method === "GET" && ["/v1/events", "/sandbox/events"].includes(url.pathname)) {
      if (!request.headers.accept?.includes("event-stream")) {
        const after = Number(url.searchParams.get("after") ?? 0);
        return json(200, { items: world.events.filter((known) => known.seq > after), next_after: seq(), oldest: 1 });
      }
      const into = url.pathname === "/v1/events" ? streams : phoneStreams;
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write(`event: ${into === streams ? "snapshot" : "hello"}\ndata: ${JSON.stringify({ seq: seq(), channels: world.channels })}\n\n`);
      into.add(response);
      response.on("close", () => into.delete(response));
      return undefined;
    }
    for (const [method, pattern, work] of routes) {
      const match = method === request.method && pattern.exec(url.pathname);
      if (!match) continue;
      const known = url.pathname.startsWith("/v1/channels/") ? world.channels.find((one) => one.id === match[1]) : null;
      if (known === undefined) return json(404, problem("not_found", 404));
      return json(...work(known, raw ? JSON.parse(raw) : {}, match[1], url.searchParams, match));
    }
    return json(404, problem("not_found", 404));
  });

  const rounds = setInterval(() => {
    for (const known of world.channels) {
      const { state } = known;
      if (state.method === "qr" && state.step === "shown" && Date.parse(state.expires_at) <= Date.now()) move(known, "working", qr(state.round + 1));
    }
  }, 500);
  server.on("close", () => clearInterval(rounds));
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${server.address().port}`, world, move, tell, server, streams }));
  });
}

const problem = (code, status) => ({ type: `/docs/problems#${code}`, title: code, status, code, detail: `Made-up problem: ${code}.`, errors: [] });

async function page(path, response) {
  const file = normalize(join(dist, path === "/" ? "index.html" : path));
  try {
    const body = await readFile(file.startsWith(dist) ? file : "");
    response.writeHead(200, { "Content-Type": kinds[extname(file)] ?? "application/octet-stream", "Content-Security-Policy": POLICY });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startMock(process.argv[2] ?? "busy", Number(process.argv[3] ?? 9488));
  console.log(url);
}
