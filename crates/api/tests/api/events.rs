use crate::rig::{Doors, PATIENCE, Rig};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};

/// An event stream as its reader sees it.
pub struct Stream {
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

#[derive(Debug)]
pub struct Sent {
    pub id: Option<u64>,
    pub kind: String,
    pub body: Value,
}

impl Stream {
    async fn open(rig: &Rig, query: &str, last: Option<u64>) -> Stream {
        Stream::open_with(rig, rig.key.expose(), query, last).await
    }

    pub async fn open_with(rig: &Rig, key: &str, query: &str, last: Option<u64>) -> Stream {
        let mut request = rig.client.get(rig.url(&format!("/v1/events{query}"))).bearer_auth(key);
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Stream { bytes: answer.bytes_stream().boxed(), text: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let frame: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| frame.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned);
                if let Some(kind) = field("event: ") {
                    let body = serde_json::from_str(&field("data: ").unwrap()).unwrap();
                    return Some(Sent { id: field("id: ").map(|i| i.parse().unwrap()), kind, body });
                }
                continue;
            }
            let more = tokio::time::timeout(PATIENCE, self.bytes.next()).await.expect("more comes in time")?.ok()?;
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    pub async fn take(&mut self, many: usize) -> Vec<Sent> {
        let mut taken = Vec::new();
        for _ in 0..many {
            taken.push(self.next().await.expect("the stream goes on"));
        }
        taken
    }
}

fn seqs(events: &[Sent]) -> Vec<u64> {
    events.iter().map(|e| e.id.unwrap()).collect()
}

fn tip(rig: &Rig) -> u64 {
    *rig.ledger.tip().borrow()
}

#[tokio::test]
async fn a_stream_begins_with_a_snapshot_and_goes_on_without_a_hole() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    let before = tip(&rig);
    let mut stream = Stream::open(&rig, "", None).await;
    let snapshot = stream.next().await.unwrap();
    assert_eq!((snapshot.kind.as_str(), snapshot.id), ("snapshot", Some(before)));
    assert_eq!(snapshot.body["seq"], before);
    assert_eq!(snapshot.body["channels"][0]["state"]["status"], "connected");

    rig.bid(Method::POST, &format!("{path}/stop")).await;
    let sent = rig.post("/v1/channels", json!({"name": "Second", "start": false})).await;
    let wanted = usize::try_from(tip(&rig) - before).unwrap();
    let events = stream.take(wanted).await;
    assert_eq!(seqs(&events), (before + 1..=before + wanted as u64).collect::<Vec<_>>());
    let last = events.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.body["type"]), ("channel.created", &json!("channel.created")));
    assert_eq!((&last.body["channel_id"], &last.body["seq"]), (&sent.body["id"], &json!(last.id)));
    assert_eq!(last.body["data"]["channel"]["name"], "Second");
    assert!(last.body["id"].as_str().unwrap().starts_with("evt_") && last.body["timestamp"].as_str().unwrap().ends_with('Z'));
    rig.stop().await;
}

#[tokio::test]
async fn a_reader_that_comes_back_misses_and_doubles_nothing() {
    let rig = Rig::start().await;
    for n in 0..5 {
        rig.channel(&n.to_string()).await;
    }
    let mut all = Vec::new();
    let mut stream = Stream::open(&rig, "?after=0", None).await;
    let snapshot = stream.next().await.unwrap();
    assert_eq!(
        (snapshot.kind.as_str(), snapshot.id),
        ("snapshot", None),
        "whoever resumes takes no position from the snapshot"
    );
    all.extend(stream.take(3).await);
    drop(stream);
    rig.channel("while nobody listens").await;
    let mut stream = Stream::open(&rig, "", seqs(&all).last().copied()).await;
    stream.next().await.unwrap();
    all.extend(stream.take(2).await);
    rig.channel("live").await;
    all.extend(stream.take(2).await);
    assert_eq!(seqs(&all), [1, 2, 3, 4, 5, 6, 7]);

    let (dir, key) = rig.stop().await;
    let rig = Rig::start_in(dir, key).await;
    let mut stream = Stream::open(&rig, "?after=5", None).await;
    stream.next().await.unwrap();
    assert_eq!(seqs(&stream.take(2).await), [6, 7], "the log outlives the process");
    rig.stop().await;
}

#[tokio::test]
async fn a_long_log_is_replayed_and_joined_to_what_happens_meanwhile() {
    let rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    let id: domain::ChannelId = path.rsplit('/').next().unwrap().parse().unwrap();
    let view = rig.engine.channel(id).unwrap();
    let many = |n: usize| vec![domain::Event::ChannelUpdated { channel: view.clone() }; n];
    rig.ledger.append(many(3000), rig.engine.clock().now()).await.unwrap();
    let mut stream = Stream::open(&rig, "?after=0", None).await;
    stream.next().await.unwrap();
    let ledger = rig.ledger.clone();
    let (more, now) = (many(50), rig.engine.clock().now());
    let writing = tokio::spawn(async move {
        for event in more {
            ledger.append(vec![event], now).await.unwrap();
        }
    });
    let events = stream.take(3051).await;
    assert_eq!(seqs(&events), (1..=3051).collect::<Vec<_>>());
    writing.await.unwrap();
    rig.stop().await;
}

#[tokio::test]
async fn filters_leave_out_what_is_not_wanted() {
    let rig = Rig::start().await;
    let first = rig.channel("First").await;
    let second = rig.channel("Second").await;
    let wanted = second.rsplit('/').next().unwrap();
    let query = format!("?after=0&types=channel.updated,message.*&channel={wanted}");
    let mut stream = Stream::open(&rig, &query, None).await;
    let snapshot = stream.next().await.unwrap();
    assert_eq!(snapshot.body["channels"].as_array().unwrap().len(), 1);
    rig.patch(&first, json!({"name": "Third"})).await;
    rig.patch(&second, json!({"name": "Fourth"})).await;
    let event = stream.next().await.unwrap();
    assert_eq!((event.id, &event.body["data"]["channel"]["name"]), (Some(4), &json!("Fourth")));
    for (query, expected) in [
        ("types=nonsense", "422 invalid types"),
        ("channel=x", "422 invalid channel"),
        ("after=-1", "422 invalid after"),
        ("since=1", "422 invalid since"),
    ] {
        assert_eq!(rig.get(&format!("/v1/events?{query}")).await.told(), expected);
    }
    let odd = rig.request(Method::GET, "/v1/events").header("last-event-id", "evt_1").send().await.unwrap();
    assert_eq!(crate::rig::Answer::of(odd).await.told(), "422 invalid Last-Event-ID");
    rig.stop().await;
}

#[tokio::test]
async fn a_position_of_another_log_is_told_as_a_gap() {
    let rig = Rig::start().await;
    rig.channel("Front desk").await;
    let mut stream = Stream::open(&rig, "", Some(5000)).await;
    assert_eq!(stream.next().await.unwrap().kind, "snapshot");
    let gap = stream.next().await.unwrap();
    assert_eq!((gap.kind.as_str(), gap.id, gap.body), ("gap", None, json!({"after": 5000, "oldest": 1})));
    rig.channel("Second").await;
    assert_eq!(stream.next().await.unwrap().id, Some(2));
    rig.stop().await;
}

#[tokio::test]
async fn the_log_is_read_in_pages_too() {
    let rig = Rig::start().await;
    let read = async |query: &str| {
        let answer =
            rig.request(Method::GET, &format!("/v1/events{query}")).header(ACCEPT, "application/json").send().await.unwrap();
        crate::rig::Answer::of(answer).await
    };
    assert_eq!(read("").await.body, json!({"items": [], "next_after": 0, "oldest": 1}));
    for n in 0..3 {
        rig.channel(&n.to_string()).await;
    }
    let first = read("?limit=2").await;
    assert_eq!(first.header("content-type"), "application/json");
    let seqs = |page: &Value| page["items"].as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!((seqs(&first.body), &first.body["next_after"], &first.body["oldest"]), (vec![1, 2], &json!(2), &json!(1)));
    let second = read("?limit=2&after=2").await;
    assert_eq!((seqs(&second.body), &second.body["next_after"]), (vec![3], &json!(3)));
    let filtered = read("?types=message.*").await;
    assert_eq!((seqs(&filtered.body), &filtered.body["next_after"]), (vec![], &json!(3)), "what was left out was looked at");
    assert_eq!(read("?limit=1001").await.told(), "422 invalid limit");
    let html = rig.request(Method::GET, "/v1/events").header(ACCEPT, "application/xml").send().await.unwrap();
    assert_eq!(crate::rig::Answer::of(html).await.told(), "406 not_acceptable");
    rig.stop().await;
}

#[tokio::test]
async fn streams_end_at_once_when_the_api_stops() {
    let rig = Rig::start().await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = Stream::open(&rig, "", None).await;
        stream.next().await.unwrap();
        streams.push(stream);
    }
    let began = std::time::Instant::now();
    rig.shutdown.cancel();
    for stream in &mut streams {
        assert!(stream.next().await.is_none());
    }
    rig.bound.finished().await;
    assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
    rig.stop().await;
}

#[tokio::test]
async fn many_readers_hear_the_same() {
    let rig = Rig::start_at(Doors::wide()).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut stream = Stream::open(&rig, "", None).await;
        stream.next().await.unwrap();
        streams.push(stream);
    }
    for n in 0..10 {
        rig.channel(&n.to_string()).await;
    }
    for stream in &mut streams {
        assert_eq!(seqs(&stream.take(10).await), (1..=10).collect::<Vec<_>>());
    }
    rig.stop().await;
}
