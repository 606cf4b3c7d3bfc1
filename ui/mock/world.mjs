// Made-up channels, phones and events for looking at the dashboard without the application behind it.

const minutes = (n) => n * 60_000;
export const at = (ms) => new Date(Date.now() + ms).toISOString();
const person = (phone, name) => ({ phone: phone && `+${phone}`, lid: null, name: name ?? null });

let made = 0;
export function channel(name, tone, state, more = {}) {
  made += 1;
  return {
    id: `ch_01j5a9k3m4n5p6q7r8s9t0v1${String(made).padStart(2, "0")}`,
    name,
    created_at: at(-minutes(60 * 24 * 12)),
    desired: "running",
    state: { since: at(-minutes(3)), summary: "", ...state },
    tone,
    stuck_since: null,
    paired: true,
    account: person(`155501001${String(made).padStart(2, "0")}`, name.split(" ")[0]),
    proxy: null,
    ...more,
  };
}

export const connected = (name, since = minutes(60 * 26)) => channel(name, "connected", { status: "connected", since: at(-since), summary: "Connected." });

export function qr(round) {
  return {
    status: "pairing",
    since: at(0),
    summary: "Scan the QR with the phone that owns the account.",
    method: "qr",
    step: "shown",
    expires_at: at(round === 1 ? 60_000 : 20_000),
    round,
  };
}

const scenes = {
  empty: () => [],
  calm: () => [connected("Front desk"), connected("Deliveries", minutes(95))],
  busy: () => [
    connected("Front desk"),
    connected("Deliveries", minutes(95)),
    channel(
      "Night shift",
      "attention",
      {
        status: "reconnecting",
        since: at(-minutes(4)),
        summary: "WhatsApp cannot be reached; trying again.",
        cause: "unreachable",
        attempt: 6,
        next_attempt_at: at(38_000),
      },
      { stuck_since: at(-minutes(3)) },
    ),
    channel("Returns", "working", {
      status: "reconnecting",
      since: at(-9_000),
      summary: "The connection broke; connecting again.",
      cause: "connection_lost",
      attempt: 1,
      next_attempt_at: at(3_000),
    }),
    channel("Branch Lisbon", "broken", {
      status: "disconnected",
      since: at(-minutes(47)),
      summary: "Unlinked on the phone; the credentials are gone. Scan a new QR to link it again.",
      reason: "unlinked",
    }, { paired: false }),
    channel("Workshop", "working", qr(1), { paired: false, account: null, id: "ch_pairing" }),
    channel("Archive", "idle", {
      status: "disconnected",
      since: at(-minutes(60 * 80)),
      summary: "Stopped. Start it to connect again; no new QR is needed.",
      reason: "stopped",
    }, { desired: "stopped" }),
    channel("Branch Porto, second line for the weekend crew", "attention", {
      status: "disconnected",
      since: at(-minutes(12)),
      summary: "WhatsApp has banned this account for a while. It resumes by itself when the ban ends.",
      reason: "banned",
      banned: { until: at(minutes(171)) },
    }),
  ],
};

export function scene(name) {
  made = 0;
  const channels = scenes[name]();
  const first = channels[0];
  const messages = first
    ? [
        message(first, "in", "15550100142", "Can I still pick it up today?", "received", -minutes(2), "Grace"),
        message(first, "out", "15550100142", "Your parcel has arrived at the front desk.", "read", -minutes(7)),
        message(first, "out", "15550100177", "We open at nine.\nSee you then!", "delivered", -minutes(31)),
        message(first, "out", "15550100199", "Hello?", "failed", -minutes(58)),
        { ...message(first, "in", "15550100123", "", "received", -minutes(90), "Alan"), content: { type: "unsupported", kind: "poll_creation" } },
        { ...message(first, "in", "15550100123", "I will be there at ten, not nine.", "received", -minutes(95), "Alan"), edited_at: at(-minutes(93)), reactions: [{ by: person("15550100101", "Front"), emoji: "👍", at: at(-minutes(92)) }, { by: person(null, "Alan"), emoji: "👍", at: at(-minutes(92)) }, { by: person(null, "Edsger"), emoji: "🎉", at: at(-minutes(91)) }] },
        { ...message(first, "in", "15550100123", "Oops", "received", -minutes(97), "Alan"), revoked_at: at(-minutes(96)) },
        { ...message(first, "out", "15550100142", "See you at nine tomorrow.", "queued", -minutes(99)), send_at: at(minutes(700)) },
        message(first, "out", "15550100142", "Never mind.", "cancelled", -minutes(100)),
        message(first, "out", "15550100142", "The offer ends at noon.", "expired", -minutes(110)),
      ]
    : [];
  const events = channels.flatMap((known, n) => [
    event(`channel.${known.state.status}`, { channel: known }, known.id, -minutes(90 - n * 7)),
  ]);
  for (const known of [...messages].reverse()) {
    events.push(event(known.direction === "inbound" ? "message.received" : `message.${known.status}`, { message: known }, known.channel_id, Date.parse(known.at) - Date.now()));
  }
  events.forEach((known, n) => (known.seq = n + 1));
  const owed = name === "busy" ? hooks(channels, events, first) : { webhooks: [], deliveries: [] };
  if (name === "busy") messages.push(...outbox(channels));
  return { ...owed, stats: name === "empty" ? () => stats(0) : () => stats(1), checks: [], channels, messages, events, settings: { notifications: { paired: true, disconnected: true, stuck: true, flapping: true, failed: true, webhooks: true, recovered: false } }, phones: channels.length ? phones(channels) : [], faults: [] };
}

export function message(of, way, phone, text, status, ms, name) {
  const id = `msg_${Math.random().toString(36).slice(2)}`;
  return {
    id,
    channel_id: of.id,
    whatsapp_id: `3EB0${id.slice(4).toUpperCase()}`,
    chat: `${phone}@s.whatsapp.net`,
    direction: way === "in" ? "inbound" : "outbound",
    sender: way === "in" ? person(phone, name) : of.account,
    from_me: way === "out",
    content: { type: "text", text },
    status,
    ...(status === "failed" ? { failure: { reason: "no_such_recipient", summary: "This number is not on WhatsApp." } } : {}),
    at: at(ms),
    updated_at: at(ms),
  };
}

export function event(type, data, channel_id, ms = 0) {
  return { id: `evt_${Math.random().toString(36).slice(2)}`, seq: 0, type, timestamp: at(ms), channel_id, data };
}

function phones(channels) {
  const linked = channels.find((known) => known.paired);
  return [
    {
      number: linked.account.phone.slice(1),
      name: "Ada",
      lid: "100000000000001@lid",
      online: true,
      auto_reply: false,
      unread: 0,
      linked_devices: [{ device: `${linked.account.phone.slice(1)}:1@s.whatsapp.net`, platform: "WhatIsUp", online: true, queued: 0 }],
      messages: [],
    },
    {
      number: "15550100142",
      name: "Grace",
      lid: "100000000000002@lid",
      online: true,
      auto_reply: true,
      unread: 1,
      linked_devices: [],
      messages: [
        { id: "A1", chat: `${linked.account.phone.slice(1)}@s.whatsapp.net`, direction: "in", by_companion: false, kind: "text", text: "Your parcel has arrived at the front desk.", at: at(-minutes(7)), status: "read" },
        { id: "A2", chat: `${linked.account.phone.slice(1)}@s.whatsapp.net`, direction: "out", by_companion: false, kind: "text", text: "Can I still pick it up today?", at: at(-minutes(2)), status: "delivered" },
      ],
    },
  ];
}

/** Something that looks like a QR; nothing can read it. */
export function fakeQr() {
  const size = 57;
  const quiet = 4;
  let path = "";
  const finder = (x, y) => [[0, 0], [size - 7, 0], [0, size - 7]].some(([a, b]) => x >= a - 1 && x < a + 8 && y >= b - 1 && y < b + 8);
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) if (!finder(x, y) && Math.random() < 0.5) path += `M${x + quiet} ${y + quiet}h1v1h-1z`;
  for (const [a, b] of [[0, 0], [size - 7, 0], [0, size - 7]]) path += `M${a + quiet} ${b + quiet}h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3z`;
  const all = size + 2 * quiet;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${all} ${all}" shape-rendering="crispEdges"><rect width="${all}" height="${all}" fill="#fff"/><path fill-rule="evenodd" d="${path}"/></svg>`;
}

export function uptime(of) {
  const hour = minutes(60);
  if (of.state.status === "connected") {
    return [
      { from: at(-24 * hour), to: at(-15 * hour), status: "connected" },
      { from: at(-15 * hour), to: at(-14.4 * hour), status: "reconnecting" },
      { from: at(-14.4 * hour), to: at(-6 * hour), status: "connected" },
      { from: at(-6 * hour), to: at(-5.8 * hour), status: "off" },
      { from: at(-5.8 * hour), to: at(0), status: "connected" },
    ];
  }
  if (!of.paired && !of.account) return [{ from: at(-24 * hour), to: at(-minutes(1)), status: "absent" }, { from: at(-minutes(1)), to: at(0), status: "pairing" }];
  return [
    { from: at(-24 * hour), to: at(-11 * hour), status: "connected" },
    { from: at(-11 * hour), to: at(-9 * hour), status: "disconnected" },
    { from: at(-9 * hour), to: at(-8.5 * hour), status: "pairing" },
    { from: at(-8.5 * hour), to: of.state.since, status: "connected" },
    { from: of.state.since, to: at(0), status: of.state.status },
  ];
}

function outbox(channels) {
  const [first, second, stuck] = channels;
  const failed = (of, phone, text, ms, reason, summary, code) => ({ ...message(of, "out", phone, text, "failed", ms), attempts: 5, failure: { reason, summary, code } });
  const queued = (of, phone, text, ms, more = {}) => ({ ...message(of, "out", phone, text, "queued", ms), attempts: 0, reactions: [], ...more });
  return [
    failed(first, "15550100161", "Your invoice for May is ready. You find it in your account under Documents, together with the receipts of the last three months.", -minutes(21), "refused", "WhatsApp refused this message.", 463),
    failed(second, "15550100162", "Driver arrives in 10 minutes.", -minutes(64), "no_answer", "WhatsApp did not answer after several tries."),
    { ...queued(first, "15550100163", "Sending right now", -1_000), status: "sending" },
    queued(first, "15550100164", "Your table is booked for tonight at eight.", -40_000, { attempts: 2, next_attempt_at: at(74_000), setback: { reason: "refused", summary: "WhatsApp was overloaded (code 503).", code: 503 } }),
    queued(first, "15550100164", "Please ring when you are at the door.", -30_000),
    queued(stuck, "15550100165", "Shift starts at 22:00 today.", -minutes(3), { expires_at: at(minutes(27)) }),
    queued(stuck, "15550100166", "Shift starts at 22:00 today.", -minutes(3)),
    queued(first, "15550100167", "Good morning! Your appointment is today at 10:30.", -minutes(200), { send_at: at(minutes(60 * 9)) }),
    queued(second, "15550100168", "We deliver tomorrow between 9 and 11.", -minutes(100), { send_at: at(minutes(42)), expires_at: at(minutes(180)) }),
  ];
}

let hooked = 0;
export function webhook(url, more = {}) {
  hooked += 1;
  return {
    id: `wh_01j5a9k3m4n5p6q7r8s9t0v1${String(hooked).padStart(2, "0")}`, url, description: "", channels: [], types: [], header_names: [], concurrency: 1,
    status: "active", summary: "Deliveries go through.", pending: 0,
    secrets: [{ created_at: at(-minutes(60 * 24 * 9)) }], created_at: at(-minutes(60 * 24 * 9)), updated_at: at(0), ...more,
  };
}

function hooks(channels, events, first) {
  hooked = 0;
  const webhooks = [
    webhook("http://127.0.0.1:8080/hooks/whatsapp", { description: "Order desk", types: ["message.*", "channel.disconnected", "channel.stuck"], header_names: ["Authorization", "X-Team"], secrets: [{ created_at: at(-minutes(180)) }, { created_at: at(-minutes(60 * 24 * 9)), expires_at: at(minutes(60 * 21)) }] }),
    webhook("https://crm.example.com/api/v2/whatsapp/inbound?source=frontdesk", { channels: [first.id], types: ["message.received"], failing_since: at(-minutes(17)), pending: 12, oldest_pending_at: at(-minutes(17)), summary: "The receiver answers 503. Tried again in 11 min; what comes meanwhile waits, in order." }),
    webhook("http://127.0.0.1:9000/", { description: "Night watch", status: "paused", status_reason: "failing", status_since: at(-minutes(60 * 5)), failing_since: at(-minutes(60 * 77)), pending: 1834, oldest_pending_at: at(-minutes(60 * 77)), summary: "Paused after failing for three days: connection refused. Nothing is lost; resume it when the receiver is back." }),
    webhook("http://localhost:3000/archive", { description: "Archive", status: "paused", status_reason: "by_hand", status_since: at(-minutes(40)), pending: 61, oldest_pending_at: at(-minutes(40)), summary: "Paused by hand. What happens meanwhile waits." }),
  ];
  const types = ["message.received", "message.sent", "message.delivered", "message.queued", "message.read", "channel.connected", "message.reaction", "channel.reconnecting"];
  const deliveries = [];
  for (const hook of webhooks) {
    for (let n = 0; n < 26; n += 1) {
      const open = hook.failing_since && n < Math.min(hook.pending, 12);
      const source = events[(n * 3) % events.length];
      deliveries.push({
        id: `dlv_${hook.id.slice(-2)}${String(n).padStart(3, "0")}`, webhook_id: hook.id, event_id: source.id, seq: 900 - n * 3,
        type: hook.types.length === 1 ? hook.types[0] : types[(n * 7) % types.length], channel_id: channels[n % 3].id,
        status: open ? "pending" : n === 15 ? "skipped" : "delivered", attempts: open ? (n === 11 ? 4 : 0) : n % 7 === 4 ? 3 : 1,
        ...(open && n === 11 ? { next_attempt_at: at(minutes(11)) } : {}),
        created_at: at(-minutes(1 + n * 2.3)), ...(open ? {} : { finished_at: at(-minutes(1 + n * 2.3) + 200) }),
        payload: { ...source, seq: 900 - n * 3 },
        attempts_log: attempts(open ? (n === 11 ? 4 : 0) : n % 7 === 4 ? 3 : 1, !open, -minutes(1 + n * 2.3)),
      });
    }
  }
  return { webhooks, deliveries };
}

function attempts(count, taken, ms) {
  return Array.from({ length: count }, (_, n) => {
    const last = taken && n === count - 1;
    const when = at(ms + n * 40_000);
    if (last) return { at: when, latency_ms: 34 + n * 11, status: 200, answer: '{"ok":true}', delivered: true };
    if (n % 3 === 1) return { at: when, latency_ms: 15_000, answer: "", error: "No answer within 15 seconds.", delivered: false };
    return { at: when, latency_ms: 212, status: 503, answer: "<html><head><title>503 Service Temporarily Unavailable</title></head>\n<body>\n<center><h1>503 Service Temporarily Unavailable</h1></center>\n<hr><center>nginx</center>\n</body></html>", delivered: false };
  });
}

function stats(scale) {
  const hour = 3_600_000;
  const now = Math.floor(Date.now() / hour) * hour;
  const wave = (n, phase) => Math.max(0, Math.round(scale * (38 + 34 * Math.sin((n + phase) / 3.6) + ((n * 37) % 13))));
  const rows = Array.from({ length: 24 }, (_, n) => ({ at: new Date(now - (23 - n) * hour).toISOString(), n }));
  return {
    from: new Date(now - 23 * hour).toISOString(), bucket_seconds: 3600,
    messages: scale ? rows.map(({ at: when, n }) => ({ at: when, sent: wave(n, 0), received: Math.round(wave(n, 2) / 2), failed: n % 6 === 2 ? 5 : 0 })) : [],
    deliveries: scale ? rows.map(({ at: when, n }) => ({ at: when, delivered: wave(n, 0) * 3, failed: n > 13 && n < 18 ? 31 : 0 })) : [],
  };
}
