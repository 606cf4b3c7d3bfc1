// Made-up programs: those that ask, those that were let in, what they propose, and who did what.
import { at, message } from "./world.mjs";

const minutes = (n) => n * 60_000;
const days = (n) => minutes(60 * 24 * n);
let made = 0;
const id = (kind) => `${kind}_01j5a9k3m4n5p6q7r8s9t0v2${String((made += 1)).padStart(2, "0")}`;
const permit = (scope, channels = null, recipients = null) => ({ scope, channels, recipients });
export const peer = (path, pid = 4711, door = "tcp") => ({ door, address: door === "unix" ? null : "127.0.0.1", program: path && { pid, path, uid: 1000 } });

export function request(name, reason, permits, more = {}) {
  return { id: id("req"), name, reason, permits, words: [], origin: null, peer: peer("/home/ada/.local/bin/order-bot"), code: "K7Q-M2X", made_at: at(-9_000), expires_at: at(minutes(9.6)), state: "waiting", app_id: null, ...more };
}

export function key(app_id, label, more = {}) {
  return { id: id("key"), app_id, label, state: "good", made_at: at(-days(12)), expires_at: null, revoked_at: null, until_quit: false, replaces: null, last_used_at: at(-40_000), last_from: "/home/ada/.local/bin/order-bot", requests_today: 412, ...more };
}

export function app(name, permits, keys, more = {}) {
  const own = id("app");
  const list = keys(own);
  return {
    id: own, name, permits, words: [], origins: [], programs: [], limits: null, created_at: at(-days(12)), disabled_at: null,
    last_used_at: list.map((one) => one.last_used_at).filter(Boolean).sort().at(-1) ?? null,
    requests_today: list.reduce((sum, one) => sum + one.requests_today, 0), keys: list, ...more,
  };
}

export function trust(name, channels) {
  made = 0;
  const world = { requests: [], apps: [], asks: [], audit: [], exposed: null, broken: null };
  if (name === "empty") return world;
  const [first, second] = channels;
  const chat = "15550100142@s.whatsapp.net";
  world.apps = [
    app("Order bot", [permit("channels:read", [first.id, second.id]), permit("messages:read", [first.id]), permit("messages:send", [first.id], [chat]), permit("events:read")], (own) => [
      key(own, "Server"),
      key(own, "Laptop", { last_used_at: at(-days(2)), requests_today: 0, last_from: "192.168.1.20", expires_at: at(days(2)) }),
      key(own, "", { state: "revoked", revoked_at: at(-days(3)), last_used_at: at(-days(3)), requests_today: 0 }),
    ], { origins: ["https://orders.example.org"], programs: ["/home/ada/.local/bin/order-bot"], limits: 120 }),
    app("Desk assistant", [permit("messages:read"), permit("messages:send:ask")], (own) => [key(own, "", { last_from: "/usr/bin/python3.12", last_used_at: at(-minutes(6)), requests_today: 31, until_quit: true })]),
    app("Backup script", [permit("channels:manage")], (own) => [key(own, "", { last_used_at: null, last_from: null, requests_today: 0 })], { created_at: at(-minutes(50)) }),
    app("Old dashboard", [permit("events:read")], (own) => [key(own, "", { last_used_at: at(-days(40)), requests_today: 0 })], { disabled_at: at(-days(5)) }),
  ];
  if (name === "busy") {
    world.requests = [
      request("Invoice sender", "Sends each customer their invoice on the day it is due, and reads what they answer so that a person can follow up.", [
        permit("channels:read"), permit("messages:read"), permit("messages:send"),
      ]),
      request("WhatsApp\u202eecivreS Of\u200bficial", "Your ses\u00adsion ex\u200bpires today!\nAllow at once.", [permit("channels:manage"), permit("messages:send", [first.id], [chat]), permit("apps:manage")], { peer: peer("/usr/bin/python3.12", 90_211), code: "7HM-0RT" }),
      request("Оrder bot", "", [permit("messages:send:ask", [first.id])], { peer: peer(null), origin: "https://shop.example", code: "AAA-BBB" }),
      request("Shift planner", "Tells the team who works when.", [
        permit("messages:send", [first.id], ["120363041234567890@g.us", "120363049876543210@g.us", chat]), permit("messages:read", [first.id], ["120363041234567890@g.us", "100000012345678@lid"]),
      ], { code: "Q2W-E4R" }),
    ];
    const asking = (text, phone, more = {}) => ({ message: { ...message(first, "out", phone, text, "asking", -minutes(1)), app_id: world.apps[1].id, reactions: [], attempts: 0, ...more }, app: { id: world.apps[1].id, name: "Desk assistant" }, expires_at: at(minutes(53)) });
    world.asks = [
      asking("Good morning! Your parcel has arrived at the front desk. You can fetch it until 18:00 today, or tell me a better day.", "15550100142"),
      asking("Your bank details have chan\u200bged: \u202e4321 8765\u202c", "15550100177"),
      asking("Who can take the early shift on Saturday?", "15550100142", { chat: "120363041234567890@g.us" }),
      asking(`Good morning!\n${Array.from({ length: 40 }, (_, n) => `${n + 1}. Parcel ${4700 + n} is at the front desk.`).join("\n")}\nPlease pay 40 for each.`, "15550100142", { chat: "100000012345678@lid" }),
      asking(`Good morning!${"\n".repeat(60)}Please send the code that you got by SMS.`, "15550100142"),
    ];
  }
  const actors = [
    { kind: "person", via: "desktop", app_id: null, key_id: null, name: null },
    { kind: "app", via: null, app_id: world.apps[0].id, key_id: world.apps[0].keys[0].id, name: "Order bot" },
    { kind: "admin", via: null, app_id: null, key_id: null, name: null },
    { kind: "nobody", via: null, app_id: null, key_id: null, name: null },
    { kind: "itself", via: null, app_id: null, key_id: null, name: null },
  ];
  const done = [
    [0, "app.allow", world.apps[0].id, "done", null],
    [1, "POST /v1/channels/{id}/messages", first.id, "done", "202"],
    [1, "POST /v1/channels/{id}/stop", second.id, "refused", "403 scope_missing"],
    [2, "PATCH /v1/settings", null, "done", "200"],
    [3, "app.request", null, "done", null],
    [4, "key.revoke", world.apps[0].keys[2].id, "done", "until_quit"],
    [0, "key.rotate", world.apps[0].keys[0].id, "done", null],
    [1, "DELETE /v1/messages/{id}", "msg_01j5a9k3m4n5p6q7r8s9t0v1aa", "failed", "500"],
  ];
  const hash = (n) => [...Array(64)].map((_, k) => ((n * 31 + k * 7) % 16).toString(16)).join("");
  world.audit = Array.from({ length: 64 }, (_, n) => {
    const [who, action, target, outcome, detail] = done[n % done.length];
    return { seq: 64 - n, at: at(-minutes(n * 11 + 1)), actor: actors[who], peer: who === 4 ? null : who === 2 ? { door: "tls", address: "192.168.1.20", program: null } : peer(["/usr/lib/whatisup/whatisup", "/home/ada/.local/bin/order-bot"][who === 1 ? 1 : 0], 900 + n), action, target, outcome, detail, prev_hash: hash(63 - n), hash: hash(64 - n) };
  });
  return world;
}

/** The routes of apps, requests, asks and the audit log; `tell` writes an event. */
export function trustRoutes(world, { tell, problem }) {
  const { trust: at_ } = world;
  const find = (one) => at_.apps.find(({ id }) => id === one);
  const gone = [404, problem("not_found", 404)];
  const taken = (list, match) => list.splice(list.findIndex(match), 1)[0];
  const counts = (one) => Object.assign(one, { requests_today: one.keys.reduce((sum, known) => sum + known.requests_today, 0) });
  return [
    ["GET", /^\/v1\/apps$/, () => [200, { items: at_.apps, next_cursor: null }]],
    ["POST", /^\/v1\/apps$/, (_, body) => {
      const one = app(body.name, body.permits, (own) => [key(own, "", { made_at: at(0), last_used_at: null, last_from: null, requests_today: 0, ...(body.expires_in ? { expires_at: at(body.expires_in * 1000) } : {}) })], { created_at: at(0) });
      at_.apps.push(one);
      return [201, { app: one, key: "wiu_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", key_id: one.keys[0].id }];
    }],
    ["GET", /^\/v1\/apps\/requests$/, () => [200, { items: at_.requests, next_cursor: null }]],
    ["POST", /^\/v1\/apps\/requests\/(\w+)\/allow$/, (_, body, one) => {
      const request = at_.requests.find(({ id }) => id === one);
      if (!request) return [409, { ...problem("request_answered", 409), title: "Answered already", detail: "This request was answered, or its time ran out." }];
      taken(at_.requests, ({ id }) => id === one);
      at_.apps.push(app(request.name, body.permits, (own) => [key(own, "", { made_at: at(0), last_used_at: null, requests_today: 0, until_quit: Boolean(body.once) })], { created_at: at(0) }));
      world.answers.push({ id: one, ...body });
      tell("app.allowed", { request_id: one, app_name: request.name, summary: "Let in." }, null);
      return [200, { ...request, state: "allowed" }];
    }],
    ["POST", /^\/v1\/apps\/requests\/(\w+)\/deny$/, (_, __, one) => {
      const request = taken(at_.requests, ({ id }) => id === one);
      world.answers.push({ id: one, denied: true });
      tell("app.denied", { request_id: one, app_name: request.name, summary: "Not let in." }, null);
      return [200, { ...request, state: "denied" }];
    }],
    ["GET", /^\/v1\/apps\/(\w+)$/, (_, __, one) => (find(one) ? [200, find(one)] : gone)],
    ["PATCH", /^\/v1\/apps\/(\w+)$/, (_, { disabled, ...body }, one) => [200, Object.assign(find(one), body, disabled === undefined ? {} : { disabled_at: disabled ? at(0) : null })]],
    ["DELETE", /^\/v1\/apps\/(\w+)$/, (_, __, one) => (taken(at_.apps, ({ id }) => id === one), [204])],
    ["POST", /^\/v1\/apps\/(\w+)\/keys$/, (_, body, one) => {
      const fresh = key(one, body.label, { made_at: at(0), last_used_at: null, last_from: null, requests_today: 0, ...(body.expires_in ? { expires_at: at(body.expires_in * 1000) } : {}) });
      find(one).keys.unshift(fresh);
      return [201, { ...fresh, key: "wiu_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }];
    }],
    ["POST", /^\/v1\/apps\/(\w+)\/keys\/(\w+)\/rotate$/, (_, body, one, __, match) => {
      const old = find(one).keys.find(({ id }) => id === match[2]);
      Object.assign(old, { expires_at: at(body.overlap_seconds * 1000) });
      const fresh = key(one, old.label, { made_at: at(0), replaces: old.id, last_used_at: null, last_from: null, requests_today: 0 });
      find(one).keys.unshift(fresh);
      return [201, { ...fresh, key: "wiu_rotatedAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }];
    }],
    ["POST", /^\/v1\/apps\/(\w+)\/keys\/(\w+)\/revoke$/, (_, __, one, ___, match) => {
      const old = find(one).keys.find(({ id }) => id === match[2]);
      counts(find(one));
      tell("app.revoked", { app_id: one, app_name: find(one).name, summary: "Its key was revoked." }, null);
      return [200, Object.assign(old, { state: "revoked", revoked_at: at(0) })];
    }],
    ["GET", /^\/v1\/asks$/, () => [200, { items: at_.asks, next_cursor: null }]],
    ["POST", /^\/v1\/messages\/(\w+)\/(approve|deny)$/, (_, body, one, __, match) => {
      const ask = taken(at_.asks, ({ message: known }) => known.id === one);
      const { message: known } = ask;
      Object.assign(known, { status: match[2] === "approve" ? "queued" : "denied", updated_at: at(0) }, body.content ? { content: body.content } : {});
      world.answers.push({ id: one, [match[2]]: true, ...body });
      tell(`message.${known.status}`, { message: structuredClone(known) }, known.channel_id);
      return [200, known];
    }],
    ["GET", /^\/v1\/audit$/, (_, __, ___, ask) => {
      const action = ask.get("action")?.replace("*", "");
      const all = at_.audit.filter((entry) => (!ask.get("app") || entry.actor.app_id === ask.get("app")) && (!action || entry.action.startsWith(action)));
      const from = Number(ask.get("cursor") ?? 0);
      const limit = Number(ask.get("limit") ?? 50);
      const verified = ask.get("verify") ? (at_.broken ? { ok: false, entries: null, first: null, hash: null, broken_at: at_.broken } : { ok: true, entries: at_.audit.length, first: 1, hash: at_.audit[0]?.hash ?? null, broken_at: null }) : null;
      return [200, { items: all.slice(from, from + limit), next_cursor: all.length > from + limit ? String(from + limit) : null, verified }];
    }],
  ];
}
