//! How fast the ledger takes what happens, fsync included:
//! `cargo run --example throughput -p ledger [-- DIRECTORY | postgres://…]`; the database has to be an empty one.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use domain::{
    ChannelId, ChannelView, Content, Desired, Direction, Event, Message, MessageId, MessageStatus, Person, Reason, State,
    Timestamp,
};
use ledger::{EventQuery, Ledger, MessageRef, OpenOptions, Postgres, PostgresConfig, Progress, Receipt};
use std::path::Path;
use std::time::{Duration, Instant};

const AT: Timestamp = Timestamp::from_secs(1_700_000_000);

fn channel() -> ChannelView {
    ChannelView {
        id: ChannelId::new(AT, 1),
        name: "Bench".into(),
        created_at: AT,
        desired: Desired::Running,
        state: State::Disconnected { since: AT, reason: Reason::New },
        stuck_since: None,
        flapping_since: None,
        paired: false,
        identity: None,
        proxy: None,
    }
}

fn message(channel: ChannelId, n: u128, direction: Direction) -> Message {
    Message {
        id: MessageId::new(AT, n),
        channel,
        whatsapp_id: format!("3EB0{n:018X}"),
        chat: "15550100123@s.whatsapp.net".parse().unwrap(),
        direction,
        sender: Person { phone: Some("15550100123".parse().unwrap()), lid: None, name: Some("Ada".into()) },
        from_me: direction == Direction::Outbound,
        content: Content::Text { text: "Your order has left the house and should be with you at noon.".into() },
        status: if direction == Direction::Outbound { MessageStatus::Queued } else { MessageStatus::Received },
        at: AT,
        updated_at: AT,
        outbox: domain::OutboxNote::default(),
        amended: domain::Amended::default(),
    }
}

fn rate(what: &str, n: usize, took: Duration) {
    println!("{what:<58} {:>9.0} /s  {:>8.3} ms each", n as f64 / took.as_secs_f64(), took.as_secs_f64() * 1000.0 / n as f64);
}

/// Resident memory of this process in KiB, of its anonymous part.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("RssAnon:")).unwrap_or("0 0 kB");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

async fn open(place: &str) -> Ledger {
    if place.starts_with("postgres") {
        let postgres = Postgres::connect(PostgresConfig::new(place.to_owned())).await.unwrap();
        return Ledger::on(postgres, &[1; 32]).await.unwrap();
    }
    Ledger::open(Path::new(place), &[1; 32], OpenOptions::default()).await.unwrap()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let temporary = tempfile::tempdir().unwrap();
    let place = std::env::args().nth(1).unwrap_or_else(|| temporary.path().to_str().unwrap().to_owned());
    let before = memory();
    let began = Instant::now();
    let ledger = open(&place).await;
    println!("opened in {:.1} ms", began.elapsed().as_secs_f64() * 1000.0);
    let id = channel().id;
    ledger.insert_channel(channel(), vec![], AT).await.unwrap();

    let mut n = 0u128;
    let began = Instant::now();
    for _ in 0..300 {
        n += 1;
        ledger.insert_inbound(vec![message(id, n, Direction::Inbound)], AT).await.unwrap();
    }
    rate("inbound, one after the other (message + event, fsync each)", 300, began.elapsed());
    ledger.channels().await.unwrap();
    println!("memory grew by {:.1} MiB", (memory() - before) as f64 / 1024.0);

    let began = Instant::now();
    for _ in 0..300 {
        ledger.append(vec![Event::ChannelUpdated { channel: channel() }], AT).await.unwrap();
    }
    rate("events, one after the other", 300, began.elapsed());

    for writers in [8u128, 64] {
        let each = 4000 / writers;
        let began = Instant::now();
        let tasks = (0..writers).map(|w| {
            let ledger = ledger.clone();
            let first = n + w * each;
            tokio::spawn(async move {
                for k in 1..=each {
                    ledger.insert_outbound(message(id, first + k, Direction::Outbound), None, None).await.unwrap();
                }
            })
        });
        futures::future::join_all(tasks).await;
        n += writers * each;
        rate(&format!("outbound, {writers} at once (message + event, durable)"), 4000, began.elapsed());
    }

    let ids: Vec<MessageId> = (n + 1 - 4000..=n).map(|k| MessageId::new(AT, k)).collect();
    let (mut marked, mut acked, mut read) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for ids in ids.chunks(64) {
        let began = Instant::now();
        let sending = ledger.mark_sending(id, None, ids.to_vec(), AT).await.unwrap();
        assert_eq!(sending.len(), ids.len());
        marked += began.elapsed();
        let began = Instant::now();
        let names: Vec<String> = sending.into_iter().map(|m| m.whatsapp_id).collect();
        let acks = names.iter().map(|whatsapp_id| Progress {
            which: MessageRef::WhatsApp { channel: id, whatsapp_id: whatsapp_id.clone() },
            status: MessageStatus::Sent,
            at: AT,
        });
        assert_eq!(ledger.progress(acks.collect()).await.unwrap().len(), ids.len());
        acked += began.elapsed();
        let began = Instant::now();
        let receipts = names.into_iter().map(|name| Receipt {
            channel: id,
            chat: "15550100123@s.whatsapp.net".parse().unwrap(),
            by: Person::default(),
            whatsapp_ids: vec![name],
            status: MessageStatus::Delivered,
            at: AT,
        });
        assert_eq!(ledger.receipts(receipts.collect()).await.unwrap().len(), ids.len());
        read += began.elapsed();
    }
    rate("outbound, marked as being sent, 64 at a time", ids.len(), marked);
    rate("outbound, acknowledged, 64 at a time", ids.len(), acked);
    rate("outbound, receipts, 64 at a time", ids.len(), read);

    let began = Instant::now();
    for _ in 0..300 {
        std::hint::black_box(ledger.due(id, AT, 64).await.unwrap());
    }
    rate("the outbox's next 64, looked at", 300, began.elapsed());

    let began = Instant::now();
    for k in 0..20u128 {
        let batch = (0..100).map(|m| message(id, n + k * 100 + m + 1, Direction::Inbound)).collect();
        ledger.insert_inbound(batch, AT).await.unwrap();
    }
    rate("inbound, in batches of 100", 2000, began.elapsed());

    let began = Instant::now();
    for _ in 0..20 {
        ledger.append(vec![Event::ChannelUpdated { channel: channel() }; 500], AT).await.unwrap();
    }
    rate("events, in batches of 500", 10_000, began.elapsed());

    let (began, mut after, mut read) = (Instant::now(), 0, 0);
    loop {
        let page = ledger.events(&EventQuery { after, limit: 1000, ..EventQuery::default() }).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        read += page.len();
    }
    rate("events read back, in pages of 1000", read, began.elapsed());

    let stats = ledger.stats().await.unwrap();
    println!(
        "{} messages and {} events take {:.1} MiB, {:.1} more in the write-ahead log; memory grew by {:.1} MiB",
        stats.messages,
        stats.last_seq,
        stats.file_bytes as f64 / 1048576.0,
        stats.wal_bytes as f64 / 1048576.0,
        (memory() - before) as f64 / 1024.0
    );
    ledger.close().await;
    let began = Instant::now();
    let ledger = open(&place).await;
    println!("reopened in {:.1} ms, with all pages of a file checked", began.elapsed().as_secs_f64() * 1000.0);
    ledger.close().await;
}
