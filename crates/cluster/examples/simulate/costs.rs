//! What things cost: the one place where the figures behind the simulation and the tables of docs/scaling.md stand.

/// A figure, and where it comes from.
#[derive(Clone, Copy)]
pub struct Input {
    pub what: &'static str,
    pub value: f64,
    pub unit: &'static str,
    pub source: Source,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Source {
    /// Of docs/performance.md.
    Measured(&'static str),
    /// Laid down by us, in the code that this names.
    Chosen(&'static str),
    Assumed(&'static str),
}

const fn input(what: &'static str, value: f64, unit: &'static str, source: Source) -> Input {
    Input { what, value, unit, source }
}

use Source::{Assumed, Chosen, Measured};

pub const WORKER_BASE: Input =
    input("memory of a worker without channels", 34.2, "MiB", Measured("memory (Pss), headless, no channel"));
pub const CHANNEL_MEMORY: Input = input(
    "memory per connected channel",
    0.76,
    "MiB",
    Measured("memory per channel, just paired, on disk; idle with both stores shared: 0.23"),
);
pub const WORKER_CHANNELS: Input =
    input("channels on one worker, at most", 4000.0, "channels", Chosen("3 GiB of sessions: a worker of 4 GiB and two cores"));
pub const SPARE: Input = input("workers that may be lost at once", 0.2, "of all", Chosen("one rack of five"));
pub const LOGINS: Input = input(
    "channels that a worker can bring up",
    200.0,
    "/s",
    Measured("100 channels resumed in 0.49 s, on disk, on two cores with the sandbox"),
);
pub const MESSAGES: Input = input(
    "messages that a worker can send",
    1209.0,
    "/s",
    Measured("one worker, 30 channels, Redis and Postgres on the same two cores"),
);
pub const MESSAGE_DISK: Input =
    input("ledger per message, its event included", 1260.0, "bytes", Measured("disk per message that came in, on SQLCipher"));
pub const EVENTS_SENT: Input =
    input("events per message sent", 4.0, "events", Measured("four events per message (docs/performance.md)"));
pub const EVENTS_RECEIVED: Input =
    input("events per message received", 1.0, "events", Measured("one event per message that comes in"));
pub const WRITES_SENT: Input =
    input("durable steps per message sent", 4.0, "rows", Measured("queued, sending, sent, its receipt"));
pub const WRITES_RECEIVED: Input =
    input("durable steps per message received", 1.0, "rows", Measured("the message and its event are one"));

pub const TRAFFIC_SENT: Input = input("messages sent per channel and day", 200.0, "messages", Assumed("a busy small business"));
pub const TRAFFIC_RECEIVED: Input = input("messages received per channel and day", 300.0, "messages", Assumed("the same"));
pub const PEAK: Input = input("busiest hour against the mean", 4.0, "×", Assumed("business hours of one continent"));
pub const RETENTION: Input = input("the event log is kept", 7.0, "days", Chosen("what receivers may be away at most"));
pub const EVENT_BYTES: Input =
    input("Postgres per event, index included", 700.0, "bytes", Assumed("half of what a message takes on SQLCipher"));

pub const REDIS_OPS: Input =
    input("scripts that one Redis runs", 100_000.0, "/s", Assumed("one core; pipelined EVALSHA with two commands inside"));
pub const REDIS_USE: Input = input("how much of that is used in normal days", 0.6, "of it", Chosen("room for a herd"));
pub const REDIS_ROUND_TRIP: Input = input("round trip to Redis", 0.5, "ms", Assumed("one data centre"));
pub const REDIS_LOGIN: Input =
    input("Redis operations of one start", 12.0, "operations", Assumed("reads of the auth-state, pre-keys, first writes"));
pub const REDIS_MESSAGE: Input = input(
    "Redis operations per message",
    3.0,
    "operations",
    Assumed("read the session, write it and what keeps messages from coming twice"),
);
pub const REDIS_CHANNEL: Input = input(
    "Redis memory per channel",
    250.0,
    "KiB",
    Assumed("a new one takes 169 (measured); then sessions and identities of 300 people, sealed"),
);

pub const POSTGRES_COMMIT: Input = input(
    "how long a commit holds the head of the event log",
    1.0,
    "ms",
    Assumed("round trip and fsync of one data centre's NVMe"),
);
pub const POSTGRES_ROW: Input = input("time per row written under it", 0.05, "ms", Assumed("20,000 rows/s in one transaction"));
pub const POSTGRES_BATCH: Input =
    input("rows in one transaction, at most", 500.0, "rows", Assumed("as the writer groups what comes together"));
pub const START_ROWS: Input = input("rows written by one start", 3.0, "rows", Chosen("hold, reconnecting, connected"));
pub const END_ROWS: Input = input("rows written by one orderly end", 1.0, "rows", Chosen("reconnecting, because it moves"));

pub const LOGIN_NETWORK: (f64, f64) = (0.3, 1.5);
pub const LOGIN_QUICKEST: Input =
    input("WhatsApp's part of a login, at least", LOGIN_NETWORK.0, "s", Assumed("four round trips to another continent"));
pub const LOGIN_SLOWEST: Input =
    input("WhatsApp's part of a login, at most", LOGIN_NETWORK.1, "s", Assumed("the same, on a bad day"));
pub const LOGIN_DEADLINE: Input =
    input("a start that takes longer has failed", 30.0, "s", Chosen("crate channel: the deadlines of opening"));

pub const ALL: [Input; 32] = [
    WORKER_BASE,
    CHANNEL_MEMORY,
    WORKER_CHANNELS,
    SPARE,
    LOGINS,
    MESSAGES,
    MESSAGE_DISK,
    EVENTS_SENT,
    EVENTS_RECEIVED,
    WRITES_SENT,
    WRITES_RECEIVED,
    TRAFFIC_SENT,
    TRAFFIC_RECEIVED,
    PEAK,
    RETENTION,
    EVENT_BYTES,
    REDIS_OPS,
    REDIS_USE,
    REDIS_ROUND_TRIP,
    REDIS_LOGIN,
    REDIS_MESSAGE,
    REDIS_CHANNEL,
    POSTGRES_COMMIT,
    POSTGRES_ROW,
    POSTGRES_BATCH,
    START_ROWS,
    END_ROWS,
    LOGIN_QUICKEST,
    LOGIN_SLOWEST,
    LOGIN_DEADLINE,
    RENEWAL,
    HEARTBEATS,
];

pub const RENEWAL: Input = input(
    "between two renewals of one lease",
    4.0,
    "s",
    Chosen("crate cluster: RENEW; it lives 12 s, and is given up after 8"),
);
pub const HEARTBEATS: Input =
    input("heartbeats and looks at what changed, per worker", 4.5, "/s", Chosen("crate cluster: every 2 s, every 250 ms"));
