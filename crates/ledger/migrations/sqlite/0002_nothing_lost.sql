-- Frozen: never edited after a release, only followed by the next number.
-- Times are milliseconds since the Unix epoch, UTC. Ids are the texts that the API shows.

-- The outbox. `position` is the order of acceptance; who is tried anew by a person goes to the tail.
-- `due_at` is the later of `send_at` and `next_attempt_at`, or 0.
ALTER TABLE messages ADD COLUMN position BIGINT;
ALTER TABLE messages ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN send_at BIGINT;
ALTER TABLE messages ADD COLUMN expires_at BIGINT;
ALTER TABLE messages ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN next_attempt_at BIGINT;
ALTER TABLE messages ADD COLUMN setback TEXT;
-- What was done to a message after it was sent.
ALTER TABLE messages ADD COLUMN edited_at BIGINT;
ALTER TABLE messages ADD COLUMN revoked_at BIGINT;
ALTER TABLE messages ADD COLUMN reactions TEXT;

UPDATE messages SET position = n WHERE direction = 'outbound';

DROP INDEX messages_outbox;
CREATE INDEX messages_outbox ON messages (channel_id, position, due_at) WHERE status IN ('queued', 'sending');
CREATE INDEX messages_leaving ON messages (position) WHERE status IN ('queued', 'sending');
CREATE INDEX messages_later ON messages (channel_id, due_at) WHERE status = 'queued' AND due_at > 0;
CREATE INDEX messages_held ON messages (channel_id, chat, position) WHERE status = 'queued' AND next_attempt_at IS NOT NULL;
CREATE INDEX messages_expiring ON messages (expires_at) WHERE status = 'queued' AND expires_at IS NOT NULL;
CREATE INDEX messages_wedged ON messages (position) WHERE status = 'failed';
CREATE INDEX messages_wedged_by_channel ON messages (channel_id, position) WHERE status = 'failed';

-- Sends that carried an Idempotency-Key, for a day. `content` is what was first answered: an edit may change the message's own.
CREATE TABLE idempotency (
    channel_id  TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    message_id  TEXT NOT NULL,
    content     TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (channel_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (at);

-- Edits, revokes and reactions that came before the message they are about; joined and removed when it comes.
CREATE TABLE amendments (
    n            INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id   TEXT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    target       TEXT NOT NULL,
    chat         TEXT NOT NULL,
    sender_phone TEXT,
    sender_lid   TEXT,
    sender_name  TEXT,
    from_me      BOOLEAN NOT NULL,
    content      TEXT NOT NULL,
    at           BIGINT NOT NULL
);
CREATE INDEX amendments_by_target ON amendments (channel_id, target);

-- Readers see what is after `pruned_through`; before it only what some endpoint is still owed.
ALTER TABLE event_head ADD COLUMN pruned_through BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event_head ADD COLUMN last_position BIGINT NOT NULL DEFAULT 0;
UPDATE event_head SET last_position = (SELECT coalesce(max(n), 0) FROM messages) WHERE one = 1;
-- How much the `data` of the events that readers see takes, to bound it.
ALTER TABLE event_head ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
UPDATE event_head SET bytes = (SELECT coalesce(sum(octet_length(data)), 0) FROM events) WHERE one = 1;
CREATE INDEX events_by_time ON events (at);

-- How much happened in which minute, for charts: they cost the same however long the log is.
CREATE TABLE tallies (
    minute BIGINT NOT NULL,
    what   TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (minute, what)
) WITHOUT ROWID;
INSERT INTO tallies (minute, what, amount)
    SELECT at / 60000 * 60000, substr(kind, 9), count(*) FROM events
    WHERE kind IN ('message.sent', 'message.received', 'message.failed') GROUP BY 1, 2;

-- Webhook receivers. `planned_through` is the newest event that was looked at for deliveries.
CREATE TABLE endpoints (
    n               INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    url             TEXT NOT NULL,
    description     TEXT NOT NULL,
    channels        TEXT NOT NULL,
    kinds           TEXT NOT NULL,
    headers         TEXT NOT NULL,
    secrets         TEXT NOT NULL,
    concurrency     BIGINT NOT NULL,
    status          TEXT NOT NULL,
    status_reason   TEXT,
    status_since    BIGINT,
    failing_since   BIGINT,
    planned_through BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE TABLE deliveries (
    n               INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    endpoint        BIGINT NOT NULL REFERENCES endpoints (n) ON DELETE CASCADE,
    seq             BIGINT NOT NULL,
    event_id        TEXT NOT NULL,
    kind            TEXT NOT NULL,
    channel_id      TEXT,
    status          TEXT NOT NULL,
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
    n           INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery    BIGINT NOT NULL REFERENCES deliveries (n) ON DELETE CASCADE,
    at          BIGINT NOT NULL,
    latency_ms  BIGINT NOT NULL,
    delivered   BOOLEAN NOT NULL,
    http_status BIGINT,
    answer      TEXT NOT NULL,
    error       TEXT
);
CREATE INDEX attempts_by_delivery ON attempts (delivery, n);
