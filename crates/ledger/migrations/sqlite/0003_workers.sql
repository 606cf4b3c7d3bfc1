-- Frozen: never edited after a release, only followed by the next number.

-- Who holds a channel: `fence` rises with every holder, and nothing is written in the name of an earlier one.
ALTER TABLE channels ADD COLUMN fence BIGINT;
ALTER TABLE channels ADD COLUMN holder TEXT;
-- What is shown for pairing, where other workers have to show it too; empty in a ledger that is not shared.
ALTER TABLE channels ADD COLUMN prompt TEXT;

-- What somebody wants of a channel that another worker holds. `n` is never given twice.
CREATE TABLE orders (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id TEXT NOT NULL,
    what       TEXT NOT NULL,
    placed_at  BIGINT NOT NULL,
    taken      BOOLEAN NOT NULL DEFAULT FALSE,
    answer     TEXT
);
CREATE INDEX orders_open ON orders (n) WHERE NOT taken;
