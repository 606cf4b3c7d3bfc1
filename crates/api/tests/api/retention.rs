//! What an event stream tells when the log is long, was pruned, or nobody reads.

use crate::rig::{Answer, Doors, PATIENCE, Rig};
use domain::{ChannelView, Event};
use futures::StreamExt as _;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

async fn view(rig: &Rig) -> ChannelView {
    let path = rig.channel("Front desk").await;
    rig.engine.channel(path.rsplit('/').next().unwrap().parse().unwrap()).unwrap()
}

async fn page(rig: &Rig, query: &str) -> Value {
    let request = rig.request(Method::GET, &format!("/v1/events{query}")).header(ACCEPT, "application/json");
    Answer::of(request.send().await.unwrap()).await.body
}

/// Reads a stream until `enough`.
async fn stream(rig: &Rig, query: &str, enough: impl Fn(&str) -> bool) -> String {
    let answer = rig.request(Method::GET, &format!("/v1/events{query}")).send().await.unwrap();
    let mut bytes = answer.bytes_stream();
    let mut text = String::new();
    let reading = async {
        // The end is enough to look at, and a long text is not searched for each piece.
        while !enough(&text[text.len().saturating_sub(100_000)..]) {
            text.push_str(std::str::from_utf8(&bytes.next().await.unwrap().unwrap()).unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("it comes in time");
    text
}

#[tokio::test]
async fn a_position_older_than_the_log_is_told_as_a_gap_before_what_is_left() {
    let rig = Rig::start().await;
    let view = view(&rig).await;
    let now = rig.engine.clock().now();
    let many = vec![Event::ChannelUpdated { channel: view }; 2000];
    rig.ledger.append(many, now).await.unwrap();
    while rig.ledger.prune_events(ledger::Keep { events: 10, ..ledger::Keep::ALL }, 500).await.unwrap().more {}
    let oldest = rig.ledger.oldest_seq().await.unwrap();
    assert_eq!(oldest, 1992, "2001 events, of which 10 are kept");

    let told = stream(&rig, "?after=5", |t| t.contains("id: 2001\n")).await;
    let gap = format!("event: gap\ndata: {}\n", json!({"after": 5, "oldest": oldest}));
    assert_eq!(told.matches("event: gap").count(), 1);
    let (before, after) = told.split_once(&gap).expect("a gap of the right form");
    assert!(before.contains("event: snapshot") && !before.contains("event: channel."));
    let ids: Vec<&str> = after.lines().filter_map(|l| l.strip_prefix("id: ")).collect();
    assert_eq!(ids, (oldest..=2001).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(!stream(&rig, "?after=1991", |t| t.contains("id: 2001\n")).await.contains("event: gap"), "nothing is missing");

    let first = page(&rig, "?after=5&limit=3").await;
    assert_eq!((&first["oldest"], &first["items"][0]["seq"]), (&json!(oldest), &json!(oldest)));
    rig.stop().await;
}

#[tokio::test]
async fn one_message_has_its_events_by_stream_and_by_page() {
    let mut rig = Rig::start().await;
    let path = rig.stopped("Front desk").await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let body = json!({"to": "+15550100123", "content": {"type": "text", "text": n.to_string()}});
        ids.push(rig.post(&format!("{path}/messages"), body).await.body["id"].as_str().unwrap().to_owned());
    }
    rig.bid(Method::DELETE, &format!("/v1/messages/{}", ids[1])).await;
    let items = page(&rig, &format!("?message={}", ids[1])).await["items"].clone();
    let told: Vec<_> = items.as_array().unwrap().iter().map(|e| (&e["type"], &e["data"]["message"]["id"])).collect();
    let id = json!(ids[1]);
    assert_eq!(told, [(&json!("message.queued"), &id), (&json!("message.cancelled"), &id)]);
    let streamed = stream(&rig, &format!("?after=0&message={}", ids[1]), |t| t.contains("event: message.cancelled")).await;
    assert_eq!(streamed.matches("event: message.queued").count(), 1);
    // Live, from what is kept ready in memory.
    let last = format!("?message={}", ids[2]);
    let (live, ()) = futures::join!(stream(&rig, &last, |t| t.contains("event: message.cancelled")), async {
        for id in [&ids[0], &ids[2]] {
            tokio::time::sleep(Duration::from_millis(100)).await;
            rig.bid(Method::DELETE, &format!("/v1/messages/{id}")).await;
        }
    });
    assert!(live.contains(&ids[2]) && !live.contains(&ids[0]), "{live}");
    assert_eq!(rig.get("/v1/events?message=x").await.told(), "422 invalid message");
    let typo = rig.get("/v1/events?types=message.recieved").await;
    assert!(typo.body["detail"].as_str().unwrap().contains("did you mean \"message.received\""), "{}", typo.body);
    rig.stop().await;
}

/// Of this process, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1024
}

/// Each is behind by up to 20 MB at the end, all by some 3 GB; next to none of it may be held for them.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_readers_that_never_read_cost_little_and_hold_nobody_up() {
    const READERS: usize = 300;
    let rig = Rig::start_at(Doors::wide()).await;
    let mut view = view(&rig).await;
    // As large as a long message.
    view.name = "x".repeat(20_000);
    let now = rig.engine.clock().now();
    let many = |n: usize| vec![Event::ChannelUpdated { channel: view.clone() }; n];
    rig.ledger.append(many(500), now).await.unwrap();
    let before = resident();

    let mut dead = Vec::new();
    for n in 0..READERS {
        let mut stream = TcpStream::connect(rig.address()).await.unwrap();
        // A third of them replay from the beginning, the others hear what happens.
        let query = if n % 3 == 0 { "?after=0" } else { "" };
        let request = format!(
            "GET /v1/events{query} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            rig.address(),
            rig.key.expose()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        dead.push(stream);
    }
    let (heard, ()) = futures::join!(stream(&rig, "?after=0", |t| t.contains("id: 1001\n")), async {
        for _ in 0..50 {
            rig.ledger.append(many(10), now).await.unwrap();
        }
    });
    let ids: Vec<&str> = heard.lines().filter_map(|l| l.strip_prefix("id: ")).collect();
    assert_eq!(ids, (1..=1001).map(|n| n.to_string()).collect::<Vec<_>>(), "one that reads hears all");
    drop(heard);
    let grown = resident().saturating_sub(before);
    println!("{READERS} dead readers: {grown} MiB more");
    assert!(grown < 120, "{READERS} readers that never read cost {grown} MiB");
    assert_eq!(rig.get("/readyz").await.status, 200);
    drop(dead);
    rig.stop().await;
}
