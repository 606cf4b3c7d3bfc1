-- Frozen: never edited after a release, only followed by the next number.
-- Times are milliseconds since the Unix epoch, UTC. Ids are the texts that the API shows.

-- Programs that a person has let in. `permits`, `origins` and `programs` are JSON.
CREATE TABLE apps (
    id          TEXT PRIMARY KEY NOT NULL,
    name        TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT,
    permits     TEXT NOT NULL,
    origins     TEXT NOT NULL,
    programs    TEXT NOT NULL,
    rate_limit  BIGINT
);

-- `hash` is SHA-256 of the key, in hex: nowhere is the key itself.
CREATE TABLE app_keys (
    id             TEXT PRIMARY KEY NOT NULL,
    app_id         TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    hash           TEXT NOT NULL UNIQUE,
    label          TEXT NOT NULL,
    made_at        BIGINT NOT NULL,
    expires_at     BIGINT,
    revoked_at     BIGINT,
    until_quit     BOOLEAN NOT NULL,
    replaces       TEXT,
    last_used_at   BIGINT,
    last_from      TEXT,
    requests_today BIGINT NOT NULL DEFAULT 0,
    day            BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX app_keys_by_app ON app_keys (app_id);

-- What programs have asked for. `poll_hash` is SHA-256 of what the program fetches its answer with, in hex.
CREATE TABLE app_requests (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    permits    TEXT NOT NULL,
    origin     TEXT,
    peer       TEXT NOT NULL,
    code       TEXT NOT NULL,
    poll_hash  TEXT NOT NULL,
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state      TEXT NOT NULL,
    app_id     TEXT,
    once       BOOLEAN NOT NULL DEFAULT FALSE,
    key_until  BIGINT
);

-- Who did what. Every entry holds the hash of the one before it; see src/audit/chain.rs.
CREATE TABLE audit (
    seq       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    actor     TEXT NOT NULL,
    via       TEXT,
    app_id    TEXT,
    key_id    TEXT,
    app_name  TEXT,
    door      TEXT,
    address   TEXT,
    pid       BIGINT,
    program   TEXT,
    uid       BIGINT,
    action    TEXT NOT NULL,
    target    TEXT,
    outcome   TEXT NOT NULL,
    detail    TEXT,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL,
    PRIMARY KEY (seq)
) WITHOUT ROWID;
CREATE INDEX audit_by_app ON audit (app_id, seq) WHERE app_id IS NOT NULL;
CREATE INDEX audit_by_time ON audit (at);

-- The newest entry, and the newest that was forgotten: the chain begins after that. No row: nothing has been noted yet.
CREATE TABLE audit_head (
    id    TEXT PRIMARY KEY NOT NULL CHECK (id = 'head'),
    state TEXT NOT NULL
);

-- Which app wants it sent, and until when a person may say so: `asking` comes before `queued`.
ALTER TABLE messages ADD COLUMN app_id TEXT;
ALTER TABLE messages ADD COLUMN ask_until BIGINT;
CREATE INDEX messages_asking ON messages (ask_until) WHERE status = 'asking';

-- Which app made it. Those that are there were made with the admin key, which may name addresses of this machine and its network.
ALTER TABLE endpoints ADD COLUMN app_id TEXT;
ALTER TABLE endpoints ADD COLUMN trusted_addresses BOOLEAN NOT NULL DEFAULT TRUE;
