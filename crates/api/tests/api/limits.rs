//! How much may be asked of the API: by each key, by all without one, and by those who only hold connections open.

use crate::rig::{Answer, Doors, PATIENCE, Rig};
use api::Limits;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::num::NonZeroU32;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn with(limits: Limits) -> Rig {
    Rig::start_at(Doors { limits, ..Doors::default() }).await
}

fn n(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

/// The key of a new app that may read channels and events.
async fn app(rig: &Rig, name: &str) -> String {
    let permits = json!([{"scope": "channels:read"}, {"scope": "events:read"}, {"scope": "messages:send"}]);
    let made = rig.post("/v1/apps", json!({"name": name, "permits": permits})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["key"]["key"].as_str().or(made.body["key"].as_str()).unwrap_or_else(|| panic!("{}", made.body)).to_owned()
}

async fn ask(rig: &Rig, key: &str, path: &str) -> Answer {
    Answer::of(rig.bare(Method::GET, path).bearer_auth(key).send().await.unwrap()).await
}

/// A new connection for each request, as a program does that is started anew each time.
async fn alone(rig: &Rig, key: Option<&str>, path: &str) -> (u16, String) {
    let key = key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    rig.raw(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{key}Connection: close\r\n\r\n", rig.address())).await
}

#[tokio::test]
async fn a_key_has_its_own_limit_and_is_told_how_it_stands() {
    let rig = with(Limits { per_key: n(60), burst: n(3), ..Limits::default() }).await;
    let (one, other) = (app(&rig, "one").await, app(&rig, "other").await);
    for left in ["2", "1", "0"] {
        let answer = ask(&rig, &one, "/v1/channels").await;
        assert_eq!((answer.status, answer.header("ratelimit-remaining")), (StatusCode::OK, left));
        assert_eq!(answer.header("ratelimit-limit"), "60");
        assert_eq!(answer.header("ratelimit-policy"), "60;w=60;burst=3");
        assert!(answer.header("ratelimit-reset").parse::<u64>().unwrap() <= 3);
    }
    let refused = ask(&rig, &one, "/v1/channels").await;
    assert_eq!(refused.told(), "429 rate_limited");
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit-remaining")), ("1", "0"));
    assert_eq!(ask(&rig, &other, "/v1/channels").await.status, 200, "another key has its own");
    let admin = rig.get("/v1/channels").await;
    assert_eq!((admin.status, admin.header("ratelimit-limit")), (StatusCode::OK, ""), "a person is not counted");
    rig.stop().await;
}

#[tokio::test]
async fn sends_have_a_limit_of_their_own() {
    let rig = with(Limits { sends: n(2), ..Limits::default() }).await;
    let key = app(&rig, "sender").await;
    let path = rig.channel("Front desk").await;
    let send = async || {
        let body = json!({"to": "+15550100111", "content": {"type": "text", "text": "hello"}});
        let sent = rig.bare(Method::POST, &format!("{path}/messages")).bearer_auth(&key).json(&body).send().await.unwrap();
        Answer::of(sent).await
    };
    assert_ne!(send().await.status, 429);
    assert_ne!(send().await.status, 429);
    let refused = send().await;
    assert_eq!(refused.told(), "429 rate_limited");
    assert_eq!(refused.header("ratelimit-policy"), "2;w=60;burst=2");
    assert_eq!(ask(&rig, &key, "/v1/channels").await.status, 200);
    rig.stop().await;
}

#[tokio::test]
async fn callers_without_a_key_meet_themselves_and_nobody_else() {
    let rig = with(Limits { unknown: n(4), ..Limits::default() }).await;
    let key = app(&rig, "good").await;
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(Answer::of(rig.bare(Method::GET, "/v1/channels").send().await.unwrap()).await.told());
    }
    assert_eq!(
        told,
        [
            "401 unauthorized",
            "401 unauthorized",
            "401 unauthorized",
            "401 unauthorized",
            "429 rate_limited",
            "429 rate_limited"
        ]
    );
    let page = Answer::of(rig.bare(Method::GET, "/").send().await.unwrap()).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after").is_empty()), (429, false));
    assert_eq!(rig.bare(Method::GET, "/livez").send().await.unwrap().status(), 200, "whether we live is told to all");
    assert_eq!(ask(&rig, &key, "/v1/channels").await.status, 200);
    assert_eq!(rig.get("/v1/channels").await.status, 200);
    rig.stop().await;
}

#[tokio::test]
async fn a_key_opens_so_many_streams_and_a_person_always_finds_one() {
    let rig = with(Limits { streams: 8, streams_per_key: 4, ..Limits::default() }).await;
    let (one, other) = (app(&rig, "one").await, app(&rig, "other").await);
    let open = async |key: &str| rig.bare(Method::GET, "/v1/events").bearer_auth(key).send().await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(open(&one).await);
    }
    assert_eq!(Answer::of(open(&one).await).await.told(), "429 too_many_streams");
    for _ in 0..2 {
        streams.push(open(&other).await);
    }
    assert!(streams.iter().all(|s| s.status() == 200));
    let full = Answer::of(open(&other).await).await;
    assert_eq!(full.told(), "503 overloaded");
    assert_eq!(full.header("retry-after"), "1");
    let person = open(rig.key.expose()).await;
    assert_eq!(person.status(), 200);
    // One that is closed makes room as soon as that is noticed.
    streams.remove(0);
    let again = async {
        while open(&one).await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("its place is given back");
    rig.stop().await;
}

#[tokio::test]
async fn connections_that_say_nothing_make_room_for_a_good_key() {
    let rig = with(Limits { connections: 32, connections_per_source: 16, ..Limits::default() }).await;
    let key = app(&rig, "good").await;
    let mut silent = Vec::new();
    for round in 0..20 {
        for _ in 0..20 {
            silent.push(TcpStream::connect(rig.address()).await.unwrap());
        }
        let (status, answer) = alone(&rig, Some(&key), "/v1/channels").await;
        assert_eq!(status, 200, "round {round}: {answer}");
        let (status, _) = alone(&rig, Some(rig.key.expose()), "/v1/channels").await;
        assert_eq!(status, 200);
    }
    // The eldest had to go.
    let mut eldest = silent.remove(0);
    let ended = tokio::time::timeout(PATIENCE, eldest.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)));
    rig.stop().await;
}

#[tokio::test]
async fn a_flood_of_requests_without_a_key_does_not_keep_a_good_one_out() {
    let rig = with(Limits { connections: 64, connections_per_source: 32, ..Limits::default() }).await;
    let key = app(&rig, "good").await;
    let address = rig.address();
    let flood: Vec<_> = (0..48)
        .map(|_| {
            tokio::spawn(async move {
                let bad = format!("GET /v1/channels HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer wiu_bad\r\n\r\n");
                loop {
                    let Ok(mut stream) = TcpStream::connect(address).await else { continue };
                    let mut heard = [0; 4096];
                    while stream.write_all(bad.as_bytes()).await.is_ok() && stream.read(&mut heard).await.is_ok_and(|n| n > 0) {
                    }
                }
            })
        })
        .collect();
    for _ in 0..50 {
        let (status, answer) = alone(&rig, Some(&key), "/v1/channels").await;
        assert_eq!(status, 200, "{answer}");
    }
    flood.iter().for_each(tokio::task::JoinHandle::abort);
    rig.stop().await;
}

#[tokio::test]
async fn when_all_places_are_taken_by_good_keys_the_next_is_told_when_to_come_again() {
    let rig = with(Limits { connections: 32, connections_per_source: 4, ..Limits::default() }).await;
    let good =
        format!("GET /v1/channels HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n", rig.address(), rig.key.expose());
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(rig.address()).await.unwrap();
        stream.write_all(good.as_bytes()).await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        open.push(stream);
    }
    let (status, answer) = alone(&rig, Some(rig.key.expose()), "/v1/channels").await;
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("retry-after: 1\r\n") && answer.contains("\"overloaded\""), "{answer}");
    drop(open.pop());
    let again = async { while alone(&rig, Some(rig.key.expose()), "/v1/channels").await.0 != 200 {} };
    tokio::time::timeout(PATIENCE, again).await.expect("there is room again");
    rig.stop().await;
}

#[tokio::test]
async fn a_crowd_of_apps_leaves_room_for_the_person_who_would_take_their_keys_back() {
    let rig = with(Limits { connections: 64, connections_per_source: 16, ..Limits::default() }).await;
    let mut open = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let key = app(&rig, name).await;
        let good = format!("GET /v1/channels HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\n\r\n", rig.address());
        // As many as one app is known on.
        for _ in 0..4 {
            let mut stream = TcpStream::connect(rig.address()).await.unwrap();
            stream.write_all(good.as_bytes()).await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            open.push(stream);
        }
    }
    for _ in 0..5 {
        let (status, answer) = alone(&rig, Some(rig.key.expose()), "/v1/apps").await;
        assert_eq!(status, 200, "{answer}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_head_that_drips_and_a_body_that_drips_end_while_others_are_served() {
    let rig = Rig::start().await;
    let address = rig.address();
    let head = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (mut reads, mut writes) = stream.split();
        let drips = async {
            let text = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nX-Slow: ");
            let _ = writes.write_all(text.as_bytes()).await;
            // It is what a slow client does, not a wait for something.
            while writes.write_all(b"a").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        let mut heard = Vec::new();
        let ends = async { drop(reads.read_to_end(&mut heard).await) };
        tokio::select! {
            () = drips => {}
            () = ends => {}
        }
        assert!(!String::from_utf8_lossy(&heard).contains(" 200 "));
    };
    let body = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = format!(
            "POST /v1/channels HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: 400\r\n\r\n{{\"name\":",
            rig.key.expose()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut heard = [0; 4096];
        let length = stream.read(&mut heard).await.unwrap();
        let heard = String::from_utf8_lossy(&heard[..length]).into_owned();
        assert!(heard.starts_with("HTTP/1.1 408") && heard.contains("body_timeout"), "{heard}");
    };
    let others = async {
        for _ in 0..20 {
            assert_eq!(rig.get("/v1/channels").await.status, 200);
        }
    };
    tokio::time::timeout(PATIENCE, async { tokio::join!(head, body, others) }).await.expect("both end");
    assert_eq!(rig.get("/v1/channels").await.body["items"], json!([]));
    rig.stop().await;
}

#[tokio::test]
async fn heads_that_are_too_long_or_have_too_many_fields_are_refused() {
    let rig = Rig::start().await;
    let start = format!("GET /v1/channels HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", rig.address());
    let fields = |count: usize| (0..count).map(|n| format!("X-Field-{n}: a\r\n")).collect::<String>();
    assert_eq!(rig.raw(&format!("{start}{}\r\n", fields(98))).await.0, 401);
    assert_eq!(rig.raw(&format!("{start}{}\r\n", fields(99))).await.0, 431);
    for length in [66_000, 100_000] {
        assert_eq!(rig.raw(&format!("{start}X-Long: {}\r\n\r\n", "a".repeat(length))).await.0, 431, "{length}");
    }
    let long = TcpStream::connect(rig.address()).await.unwrap();
    let (mut reads, mut writes) = long.into_split();
    let writing = tokio::spawn(async move {
        let text = format!("{start}X-Long: {}\r\n\r\n", "a".repeat(1 << 20));
        // It is not taken to its end.
        let _ = writes.write_all(text.as_bytes()).await;
    });
    let mut heard = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, reads.read_to_end(&mut heard)).await.unwrap();
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 431"), "{heard}");
    writing.await.unwrap();
    assert_eq!(rig.get("/v1/channels").await.status, 200);
    rig.stop().await;
}
