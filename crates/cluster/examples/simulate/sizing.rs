//! What so many channels need, worked out from what one costs.

use crate::costs::{self, Input, Source};
use crate::story::{nodes, places};

const DAY: f64 = 86_400.0;

pub fn thousands(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

struct Load {
    sent: f64,
    received: f64,
}

/// Messages in a second of the busiest hour.
fn load(channels: f64) -> Load {
    let peak = |per_day: f64| channels * per_day / DAY * costs::PEAK.value;
    Load { sent: peak(costs::TRAFFIC_SENT.value), received: peak(costs::TRAFFIC_RECEIVED.value) }
}

pub fn redis_operations(channels: usize, places: usize) -> f64 {
    let load = load(channels as f64);
    lease_operations(channels, places) + (load.sent + load.received) * costs::REDIS_MESSAGE.value
}

pub fn lease_operations(channels: usize, places: usize) -> f64 {
    channels as f64 / costs::RENEWAL.value + places as f64 * costs::HEARTBEATS.value
}

/// What a table says of one size.
fn column(channels: usize) -> Vec<String> {
    let n = channels as f64;
    let workers = places(channels);
    let load = load(n);
    let operations = redis_operations(channels, workers);
    let rows = load.sent * costs::WRITES_SENT.value + load.received * costs::WRITES_RECEIVED.value;
    let events = load.sent * costs::EVENTS_SENT.value + load.received * costs::EVENTS_RECEIVED.value;
    let events_per_day = events / costs::PEAK.value * DAY;
    let log = events_per_day * costs::RETENTION.value * costs::EVENT_BYTES.value;
    let messages_per_day = n * (costs::TRAFFIC_SENT.value + costs::TRAFFIC_RECEIVED.value);
    // How much of each second the head of the log is held: a commit for every writer that has something, and its rows.
    let writers = (workers as f64).min(rows);
    let rounds = rounds(rows, writers);
    let gib = |bytes: f64| format!("{} GiB", thousands((bytes / f64::from(1 << 30)).ceil()));
    vec![
        thousands(workers as f64),
        format!("{:.1} GiB", (costs::WORKER_BASE.value + n / workers as f64 * costs::CHANNEL_MEMORY.value) / 1024.0),
        format!("{:.1} GiB", (costs::WORKER_BASE.value + costs::WORKER_CHANNELS.value * costs::CHANNEL_MEMORY.value) / 1024.0),
        format!("{} / {}", thousands(load.sent), thousands(load.received)),
        format!("{:.1} %", (load.sent + load.received) / workers as f64 / costs::MESSAGES.value * 100.0),
        thousands(lease_operations(channels, workers)),
        thousands(operations),
        format!("{}", nodes(operations)),
        gib(n * costs::REDIS_CHANNEL.value * 1024.0),
        thousands(rows),
        match rounds {
            Some(rounds) => format!(
                "{} transactions/s of {:.0} rows, a write waits {:.0} ms",
                thousands(rounds * writers),
                rows / rounds / writers,
                1e3 / rounds
            ),
            None => format!("**more than one log takes** ({} rows/s)", thousands(1e3 / costs::POSTGRES_ROW.value)),
        },
        thousands(events),
        thousands(events_per_day / 1e6) + " million",
        gib(log),
        gib(messages_per_day * 30.0 * costs::MESSAGE_DISK.value),
    ]
}

/// How often in a second every writer gets its turn: a turn costs a commit and its rows. No more often than rows come in to
/// fill it; `None` when the rows alone take more than the second.
fn rounds(rows: f64, writers: f64) -> Option<f64> {
    let left = 1.0 - rows * costs::POSTGRES_ROW.value / 1e3;
    (left > 0.0).then(|| (left / (writers * costs::POSTGRES_COMMIT.value / 1e3)).min(rows / writers))
}

/// The most channels whose busiest hour one event log takes.
fn log_limit() -> f64 {
    let per_channel = load(1.0);
    let rows = per_channel.sent * costs::WRITES_SENT.value + per_channel.received * costs::WRITES_RECEIVED.value;
    1e3 / costs::POSTGRES_ROW.value / rows
}

pub fn table(sizes: &[usize]) -> String {
    let names = [
        "workers (a fifth to spare)",
        "memory of a worker",
        "… with a fifth of them lost",
        "messages per second in the busiest hour, sent / received",
        "… as a part of what a worker can",
        "Redis operations per second for leases and membership",
        "… and for traffic",
        "Redis masters",
        "Redis memory",
        "Postgres rows per second in the busiest hour",
        "the head of the event log",
        "events per second in the busiest hour",
        "events per day",
        "event log, kept for 7 days",
        "messages and their events, kept for 30 days",
    ];
    let columns: Vec<Vec<String>> = sizes.iter().map(|size| column(*size)).collect();
    let mut text = format!("| channels | {} |\n", sizes.iter().map(|n| thousands(*n as f64)).collect::<Vec<_>>().join(" | "));
    text += &format!("|---|{}\n", "---:|".repeat(sizes.len()));
    for (row, name) in names.iter().enumerate() {
        let cells: Vec<&str> = columns.iter().map(|column| column[row].as_str()).collect();
        text += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    text += &format!(
        "\nOne event log takes the busiest hour of about {} channels with this traffic; one Redis, kept at {:.0} % of what it can, the leases of {}.\n",
        thousands((log_limit() / 1e4).floor() * 1e4),
        costs::REDIS_USE.value * 100.0,
        thousands((costs::REDIS_OPS.value * costs::REDIS_USE.value * costs::RENEWAL.value / 1e4).floor() * 1e4),
    );
    text
}

/// Every figure behind it.
pub fn inputs() -> String {
    let mut text = String::from("| figure | value | |\n|---|---:|---|\n");
    for Input { what, value, unit, source } in costs::ALL {
        let source = match source {
            Source::Measured(from) => format!("measured: {from}"),
            Source::Chosen(by) => format!("chosen: {by}"),
            Source::Assumed(why) => format!("**assumed**: {why}"),
        };
        let digits = if value.fract() == 0.0 { thousands(value) } else { format!("{value}") };
        text += &format!("| {what} | {digits} {unit} | {source} |\n");
    }
    text
}
