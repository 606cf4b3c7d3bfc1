-- Frozen: never edited after a release, only followed by the next number.
-- The same as migrations/sqlite up to 0003, and what only processes that share a ledger need.
-- Times are milliseconds since the Unix epoch, UTC. Ids are the texts that the API shows. Text is compared by its bytes.
-- No DEFAULT COLLATE exists for a table, so every text column says it.

CREATE TABLE channels (
    id           TEXT COLLATE "C" PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    desired      TEXT COLLATE "C" NOT NULL,
    paired       BOOLEAN NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    state_since  BIGINT NOT NULL,
    state_detail TEXT COLLATE "C" NOT NULL,
    stuck_since  BIGINT,
    identity     TEXT COLLATE "C",
    proxy        TEXT COLLATE "C",
    fence        BIGINT,
    holder       TEXT COLLATE "C",
    prompt       TEXT COLLATE "C"
);

CREATE TABLE timeline (
    n            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id   TEXT COLLATE "C" NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    at           BIGINT NOT NULL,
    desired      TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    state_since  BIGINT NOT NULL,
    state_detail TEXT COLLATE "C" NOT NULL,
    stuck_since  BIGINT
);
CREATE INDEX timeline_by_channel ON timeline (channel_id, n);
CREATE INDEX timeline_by_time ON timeline (channel_id, at);

-- When a process of this program ran: a channel whose last word was `connected` was not, while none was there.
CREATE TABLE runs (
    n            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    began_at     BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);

CREATE TABLE events (
    seq        BIGINT PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    channel_id TEXT COLLATE "C",
    data       TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_by_channel ON events (channel_id, seq);
CREATE INDEX events_by_time ON events (at);

-- Locked by every transaction that writes: so `seq` has no hole, and its order is that of the commits.
CREATE TABLE event_head (
    one            BIGINT PRIMARY KEY CHECK (one = 1),
    last_seq       BIGINT NOT NULL,
    pruned_through BIGINT NOT NULL,
    last_position  BIGINT NOT NULL,
    bytes          BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO event_head (one, last_seq, pruned_through, last_position, bytes) VALUES (1, 0, 0, 0, 0);

CREATE TABLE messages (
    n               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              TEXT COLLATE "C" NOT NULL UNIQUE,
    channel_id      TEXT COLLATE "C" NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    whatsapp_id     TEXT COLLATE "C" NOT NULL,
    chat            TEXT COLLATE "C" NOT NULL,
    direction       TEXT COLLATE "C" NOT NULL,
    sender_phone    TEXT COLLATE "C",
    sender_lid      TEXT COLLATE "C",
    sender_name     TEXT COLLATE "C",
    from_me         BOOLEAN NOT NULL,
    content         TEXT COLLATE "C" NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    failure         TEXT COLLATE "C",
    at              BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    position        BIGINT,
    due_at          BIGINT NOT NULL DEFAULT 0,
    send_at         BIGINT,
    expires_at      BIGINT,
    attempts        BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT,
    setback         TEXT COLLATE "C",
    edited_at       BIGINT,
    revoked_at      BIGINT,
    reactions       TEXT COLLATE "C"
);
CREATE INDEX messages_by_whatsapp_id ON messages (channel_id, whatsapp_id);
CREATE INDEX messages_by_channel ON messages (channel_id, n);
CREATE INDEX messages_by_chat ON messages (channel_id, chat, n);
CREATE INDEX messages_outbox ON messages (channel_id, position, due_at) WHERE status IN ('queued', 'sending');
CREATE INDEX messages_leaving ON messages (position) WHERE status IN ('queued', 'sending');
CREATE INDEX messages_later ON messages (channel_id, due_at) WHERE status = 'queued' AND due_at > 0;
CREATE INDEX messages_held ON messages (channel_id, chat, position) WHERE status = 'queued' AND next_attempt_at IS NOT NULL;
CREATE INDEX messages_expiring ON messages (expires_at) WHERE status = 'queued' AND expires_at IS NOT NULL;
CREATE INDEX messages_wedged ON messages (position) WHERE status = 'failed';
CREATE INDEX messages_wedged_by_channel ON messages (channel_id, position) WHERE status = 'failed';

CREATE TABLE receipts (
    n           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id  TEXT COLLATE "C" NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    whatsapp_id TEXT COLLATE "C" NOT NULL,
    chat        TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    reader      TEXT COLLATE "C" NOT NULL,
    at          BIGINT NOT NULL,
    UNIQUE (channel_id, whatsapp_id, status, reader)
);

CREATE TABLE settings (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE idempotency (
    channel_id  TEXT COLLATE "C" NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    key         TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    message_id  TEXT COLLATE "C" NOT NULL,
    content     TEXT COLLATE "C" NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (channel_id, key)
);
CREATE INDEX idempotency_by_time ON idempotency (at);

CREATE TABLE amendments (
    n            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id   TEXT COLLATE "C" NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    target       TEXT COLLATE "C" NOT NULL,
    chat         TEXT COLLATE "C" NOT NULL,
    sender_phone TEXT COLLATE "C",
    sender_lid   TEXT COLLATE "C",
    sender_name  TEXT COLLATE "C",
    from_me      BOOLEAN NOT NULL,
    content      TEXT COLLATE "C" NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX amendments_by_target ON amendments (channel_id, target);

CREATE TABLE tallies (
    minute BIGINT NOT NULL,
    what   TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (minute, what)
) WITH (fillfactor = 70);

-- `url`, `headers` and `secrets` are sealed, as are `channels.proxy` and `channels.prompt`, and what orders say.
CREATE TABLE endpoints (
    n               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              TEXT COLLATE "C" NOT NULL UNIQUE,
    url             TEXT COLLATE "C" NOT NULL,
    description     TEXT COLLATE "C" NOT NULL,
    channels        TEXT COLLATE "C" NOT NULL,
    kinds           TEXT COLLATE "C" NOT NULL,
    headers         TEXT COLLATE "C" NOT NULL,
    secrets         TEXT COLLATE "C" NOT NULL,
    concurrency     BIGINT NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    status_reason   TEXT COLLATE "C",
    status_since    BIGINT,
    failing_since   BIGINT,
    planned_through BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE deliveries (
    n               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              TEXT COLLATE "C" NOT NULL UNIQUE,
    endpoint        BIGINT NOT NULL REFERENCES endpoints (n) ON DELETE CASCADE,
    seq             BIGINT NOT NULL,
    event_id        TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL,
    channel_id      TEXT COLLATE "C",
    status          TEXT COLLATE "C" NOT NULL,
    attempts        BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT,
    created_at      BIGINT NOT NULL,
    finished_at     BIGINT,
    UNIQUE (endpoint, seq)
);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint, n, status, kind);
CREATE INDEX deliveries_owed ON deliveries (endpoint, seq) WHERE status = 'pending';
CREATE INDEX deliveries_owed_newest ON deliveries (endpoint, n) WHERE status = 'pending';
CREATE INDEX deliveries_owed_events ON deliveries (seq) WHERE status = 'pending';
CREATE INDEX deliveries_done ON deliveries (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE attempts (
    n           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery    BIGINT NOT NULL REFERENCES deliveries (n) ON DELETE CASCADE,
    at          BIGINT NOT NULL,
    latency_ms  BIGINT NOT NULL,
    delivered   BOOLEAN NOT NULL,
    http_status BIGINT,
    answer      TEXT COLLATE "C" NOT NULL,
    error       TEXT COLLATE "C"
);
CREATE INDEX attempts_by_delivery ON attempts (delivery, n);

-- What somebody wants of a channel that another process holds. `offered` is the server's clock: an order that nobody took in
-- time is not carried out.
CREATE TABLE orders (
    n          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel_id TEXT COLLATE "C" NOT NULL,
    what       TEXT COLLATE "C" NOT NULL,
    placed_at  BIGINT NOT NULL,
    offered    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    taken      BOOLEAN NOT NULL DEFAULT FALSE,
    answer     TEXT COLLATE "C"
);
CREATE INDEX orders_open ON orders (n) WHERE NOT taken;

-- Who serves which webhook receiver, by the server's clock.
CREATE TABLE claimants (
    worker TEXT COLLATE "C" PRIMARY KEY,
    until  TIMESTAMPTZ NOT NULL
);
CREATE TABLE claims (
    endpoint BIGINT PRIMARY KEY REFERENCES endpoints (n) ON DELETE CASCADE,
    worker   TEXT COLLATE "C" NOT NULL,
    until    TIMESTAMPTZ NOT NULL
);

-- How many transactions each open ledger has committed: one that lost its connection in the middle of a commit asks here.
CREATE TABLE writers (
    node    TEXT COLLATE "C" PRIMARY KEY,
    commits BIGINT NOT NULL,
    seen    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 10);

-- Tells a wrong key: something known, sealed.
CREATE TABLE key_check (
    one    BIGINT PRIMARY KEY CHECK (one = 1),
    sealed TEXT COLLATE "C" NOT NULL
);

-- A vault's entries, sealed by it.
CREATE TABLE vault_entries (
    name   TEXT COLLATE "C" PRIMARY KEY,
    sealed BYTEA NOT NULL
);
