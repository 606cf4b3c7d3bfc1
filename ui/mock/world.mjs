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
      ]
    : [];
  const events = channels.flatMap((known, n) => [
    event(`channel.${known.state.status}`, { channel: known }, known.id, -minutes(90 - n * 7)),
  ]);
  for (const known of [...messages].reverse()) {
    events.push(event(known.direction === "inbound" ? "message.received" : `message.${known.status}`, { message: known }, known.channel_id, Date.parse(known.at) - Date.now()));
  }
  events.forEach((known, n) => (known.seq = n + 1));
  return { channels, messages, events, settings: { notifications: { paired: true, disconnected: true, stuck: true, recovered: false } }, phones: channels.length ? phones(channels) : [], faults: [] };
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
