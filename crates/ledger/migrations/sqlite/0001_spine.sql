-- Frozen: never edited after a release, only followed by the next number.
-- Times are milliseconds since the Unix epoch, UTC. Ids are the texts that the API shows.

CREATE TABLE channels (
    id           TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    desired      TEXT NOT NULL,
    paired       BOOLEAN NOT NULL,
    state        TEXT NOT NULL,
    state_since  BIGINT NOT NULL,
    state_detail TEXT NOT NULL,
    stuck_since  BIGINT,
    identity     TEXT,
    proxy        TEXT
);

CREATE TABLE timeline (
    n            INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id   TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    at           BIGINT NOT NULL,
    desired      TEXT NOT NULL,
    state        TEXT NOT NULL,
    state_since  BIGINT NOT NULL,
    state_detail TEXT NOT NULL,
    stuck_since  BIGINT
);
CREATE INDEX timeline_by_channel ON timeline (channel_id, n);
CREATE INDEX timeline_by_time ON timeline (channel_id, at);

-- When this program ran: a channel whose last word was `connected` was not, while nobody was there.
CREATE TABLE runs (
    n            INTEGER PRIMARY KEY AUTOINCREMENT,
    began_at     BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);

-- `seq` comes from event_head within the transaction that writes the event, so it has no hole.
CREATE TABLE events (
    seq        BIGINT NOT NULL,
    id         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    at         BIGINT NOT NULL,
    channel_id TEXT,
    data       TEXT NOT NULL,
    PRIMARY KEY (seq)
) WITHOUT ROWID;
CREATE INDEX events_by_channel ON events (channel_id, seq);

CREATE TABLE event_head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    last_seq BIGINT NOT NULL
);
INSERT INTO event_head (one, last_seq) VALUES (1, 0);

-- `n` is the order of arrival here: the outbox's order, and that of a chat's page.
CREATE TABLE messages (
    n            INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    channel_id   TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    whatsapp_id  TEXT NOT NULL,
    chat         TEXT NOT NULL,
    direction    TEXT NOT NULL,
    sender_phone TEXT,
    sender_lid   TEXT,
    sender_name  TEXT,
    from_me      BOOLEAN NOT NULL,
    content      TEXT NOT NULL,
    status       TEXT NOT NULL,
    failure      TEXT,
    at           BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX messages_by_whatsapp_id ON messages (channel_id, whatsapp_id);
CREATE INDEX messages_by_channel ON messages (channel_id, n);
CREATE INDEX messages_by_chat ON messages (channel_id, chat, n);
CREATE INDEX messages_outbox ON messages (channel_id, n) WHERE status IN ('queued', 'sending');

-- Receipts that came before the message they are about; joined and removed when it comes.
CREATE TABLE receipts (
    n           INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id  TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    whatsapp_id TEXT NOT NULL,
    chat        TEXT NOT NULL,
    status      TEXT NOT NULL,
    reader      TEXT NOT NULL,
    at          BIGINT NOT NULL,
    UNIQUE (channel_id, whatsapp_id, status, reader)
);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
