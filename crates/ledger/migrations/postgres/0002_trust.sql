-- Frozen: never edited after a release, only followed by the next number.
-- The same as migrations/sqlite/0004. Times are milliseconds since the Unix epoch, UTC. Text is compared by its bytes.

-- Programs that a person has let in. `permits`, `origins` and `programs` are JSON.
CREATE TABLE apps (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT,
    permits     TEXT COLLATE "C" NOT NULL,
    origins     TEXT COLLATE "C" NOT NULL,
    programs    TEXT COLLATE "C" NOT NULL,
    rate_limit  BIGINT
);

-- `hash` is SHA-256 of the key, in hex: nowhere is the key itself.
CREATE TABLE app_keys (
    id             TEXT COLLATE "C" PRIMARY KEY,
    app_id         TEXT COLLATE "C" NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    hash           TEXT COLLATE "C" NOT NULL UNIQUE,
    label          TEXT COLLATE "C" NOT NULL,
    made_at        BIGINT NOT NULL,
    expires_at     BIGINT,
    revoked_at     BIGINT,
    until_quit     BOOLEAN NOT NULL,
    replaces       TEXT COLLATE "C",
    last_used_at   BIGINT,
    last_from      TEXT COLLATE "C",
    requests_today BIGINT NOT NULL DEFAULT 0,
    day            BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX app_keys_by_app ON app_keys (app_id);

-- What programs have asked for. `poll_hash` is SHA-256 of what the program fetches its answer with, in hex.
CREATE TABLE app_requests (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL,
    permits    TEXT COLLATE "C" NOT NULL,
    origin     TEXT COLLATE "C",
    peer       TEXT COLLATE "C" NOT NULL,
    code       TEXT COLLATE "C" NOT NULL,
    poll_hash  TEXT COLLATE "C" NOT NULL,
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    app_id     TEXT COLLATE "C",
    once       BOOLEAN NOT NULL DEFAULT FALSE,
    key_until  BIGINT
);

-- Who did what. Every entry holds the hash of the one before it; see src/audit/chain.rs.
CREATE TABLE audit (
    seq       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    actor     TEXT COLLATE "C" NOT NULL,
    via       TEXT COLLATE "C",
    app_id    TEXT COLLATE "C",
    key_id    TEXT COLLATE "C",
    app_name  TEXT COLLATE "C",
    door      TEXT COLLATE "C",
    address   TEXT COLLATE "C",
    pid       BIGINT,
    program   TEXT COLLATE "C",
    uid       BIGINT,
    action    TEXT COLLATE "C" NOT NULL,
    target    TEXT COLLATE "C",
    outcome   TEXT COLLATE "C" NOT NULL,
    detail    TEXT COLLATE "C",
    prev_hash TEXT COLLATE "C" NOT NULL,
    hash      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (seq)
);
CREATE INDEX audit_by_app ON audit (app_id, seq) WHERE app_id IS NOT NULL;
CREATE INDEX audit_by_time ON audit (at);

-- The newest entry, and the newest that was forgotten: the chain begins after that. No row: nothing has been noted yet. `state` is
-- sealed, so that who can write here and has no key cannot begin a chain of his own.
CREATE TABLE audit_head (
    id    TEXT COLLATE "C" PRIMARY KEY CHECK (id = 'head'),
    state TEXT COLLATE "C" NOT NULL
) WITH (fillfactor = 10);

-- Which app wants it sent, and until when a person may say so: `asking` comes before `queued`.
ALTER TABLE messages ADD COLUMN app_id TEXT COLLATE "C";
ALTER TABLE messages ADD COLUMN ask_until BIGINT;
CREATE INDEX messages_asking ON messages (ask_until) WHERE status = 'asking';

-- Which app made it. Those that are there were made with the admin key, which may name addresses of this machine and its network.
ALTER TABLE endpoints ADD COLUMN app_id TEXT COLLATE "C";
ALTER TABLE endpoints ADD COLUMN trusted_addresses BOOLEAN NOT NULL DEFAULT TRUE;
