//! Bodies, queries and small texts of requests, each read as every route would read it. What they do at a running server is thrown
//! at it as a whole in tests/api/fuzz.rs.

use crate::body;
use crate::problem::Problem;
use crate::{
    accept, apps, asks, audit, channels, cursor, messages, outbox, params, session, settings, stats, tickets, webhooks,
};
use axum::extract::FromRequestParts as _;
use axum::http::{HeaderMap, HeaderValue, Request, header};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

type Read = fn(&[u8]) -> Result<(), Problem>;

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<(), Problem> {
    body::parse::<T>(bytes, "").map(drop)
}

/// Read in two steps, as a part of a message.
fn content(bytes: &[u8]) -> Result<(), Problem> {
    let Ok(json) = serde_json::from_slice::<Box<RawValue>>(bytes) else { return Ok(()) };
    messages::content::read(&json, "/content").map(drop)
}

/// Every body that a route takes.
const BODIES: [(&str, Read); 22] = [
    (r#"{"name":"Front desk","proxy":"socks5://127.0.0.1:9050","start":false}"#, read::<channels::create::ChannelIn>),
    (r#"{"name":"Till","proxy":null}"#, read::<channels::patch::ChannelPatch>),
    (r#"{"phone":"+15550100123"}"#, read::<channels::pairing_code::PairingCodeIn>),
    (r#"{"passphrase":"correct horse battery"}"#, read::<channels::export::ExportIn>),
    (
        r#"{"file":"YWdl","passphrase":"correct horse battery","name":"x","start":true,"baileys":{"files":{"creds.json":"{}"}}}"#,
        read::<channels::import::ImportIn>,
    ),
    (r#"{"to":"+15550100123","content":{"type":"text","text":"Hello"}}"#, read::<messages::send::MessageIn>),
    (r#"{"content":{"type":"text","text":"Hello"},"always":true}"#, read::<asks::approve::ApprovalIn>),
    (
        r#"{"url":"http://127.0.0.1/","description":"","channels":[],"types":["message.*"],"headers":{"x-a":"b"},"concurrency":1}"#,
        read::<webhooks::create::WebhookIn>,
    ),
    (r#"{"headers":{"x-a":null},"concurrency":2}"#, read::<webhooks::patch::WebhookPatch>),
    (r#"{"type":"message.received"}"#, read::<webhooks::test::TestIn>),
    (r#"{"overlap_seconds":3600}"#, read::<webhooks::rotate_secret::RotationIn>),
    (r#"{"from_seq":1,"to_seq":9}"#, read::<webhooks::redeliver::RedeliveryIn>),
    (r#"{"notifications":{"messages":true}}"#, read::<settings::patch::SettingsPatch>),
    (r#"{"key":"wiu_x"}"#, read::<session::sign_in::SessionIn>),
    (
        r#"{"name":"Till","permits":[{"scope":"messages:send","channels":null,"recipients":["+15550100123"]}]}"#,
        read::<apps::create::AppIn>,
    ),
    (r#"{"name":"Till","disabled":true}"#, read::<apps::patch::AppPatchIn>),
    (r#"{"label":"x","expires_in":3600}"#, read::<apps::keys::create::KeyIn>),
    (r#"{"overlap_seconds":0}"#, read::<apps::keys::rotate::KeyRotationIn>),
    (
        r#"{"name":"Till","reason":"to send","scopes":["messages:send"],"channels":null}"#,
        read::<apps::requests::ask::AppRequestIn>,
    ),
    (r#"{"once":true,"permits":[{"scope":"events:read"}]}"#, read::<apps::requests::allow::AllowIn>),
    (r#"{"for":"/v1/events?after=3"}"#, read::<tickets::create::TicketIn>),
    (r#"{"type":"text","text":"Hello"}"#, content),
];

/// Pointers lead to something that may have been in the body; what is shown of it is no 5xx.
fn told(problem: &Problem) -> (u16, String) {
    let out = problem.to_out();
    assert!((400..500).contains(&out.status), "{}: {}", out.status, out.code);
    for error in &out.errors {
        let pointer = error.pointer.as_deref().unwrap_or_default();
        assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer:?}");
    }
    let first = out
        .errors
        .first()
        .map(|error| error.detail.split(['`', '"']).next().unwrap_or_default().chars().take(24).collect::<String>());
    (out.status, first.unwrap_or_default())
}

#[test]
fn bodies() {
    // The first byte says which.
    let seeds = BODIES.iter().zip(0_u8..).map(|((json, _), nth)| [&[nth], json.as_bytes()].concat());
    let words = [
        "null",
        "true",
        "[]",
        "{}",
        "\"\"",
        "\"type\":",
        "\"to\":",
        "\"text\":",
        "\"content\":",
        "\"channels\":",
        "\"permits\":",
        "\"scope\":",
        "\"headers\":",
        "\"\\ud800\"",
        "\\u0000",
        "1e400",
        "-1",
        "[[[[[[[[",
        "{\"a\":{\"a\":{\"a\":",
        ",",
        ":",
    ];
    ::fuzz::target!("bodies").seeds(seeds).words(words).run(|bytes| {
        let (nth, json) = bytes.split_first().map_or((0, bytes), |(nth, rest)| (usize::from(*nth) % BODIES.len(), rest));
        (nth, BODIES[nth].1(json).map_err(|problem| told(&problem)))
    });
}

fn ask<T: DeserializeOwned>(query: &[u8]) -> Result<(), Problem> {
    // What is no query does not get as far as this.
    let uri = format!("/?{}", String::from_utf8_lossy(query));
    let Ok(request) = Request::builder().uri(uri).body(()) else { return Ok(()) };
    let (mut parts, ()) = request.into_parts();
    futures::executor::block_on(params::Params::<T>::from_request_parts(&mut parts, &())).map(drop)
}

const QUERIES: [(&str, Read); 8] = [
    ("cursor=dGltZWxpbmU6NDI&limit=10", ask::<channels::timeline::TimelineQuery>),
    ("from=2026-11-22T00:00:00Z", ask::<channels::uptime::UptimeQuery>),
    ("chat=15550100123@s.whatsapp.net&status=sent&limit=5", ask::<messages::list::MessagesQuery>),
    ("channel=ch_01j5a9k3m4n5p6q7r8s9t0v1w2", ask::<outbox::list::OutboxQueryIn>),
    ("status=failed&limit=5", ask::<webhooks::deliveries::DeliveriesQuery>),
    ("hours=24", ask::<stats::show::StatsQuery>),
    ("verify=true&before=9", ask::<audit::read::AuditQueryIn>),
    ("wait=30", ask::<apps::requests::collect::CollectQuery>),
];

#[test]
fn queries() {
    let seeds = QUERIES.iter().zip(0_u8..).map(|((query, _), nth)| [&[nth], query.as_bytes()].concat());
    let words = ["&", "=", "%", "%00", "%ff", "+", "limit=", "cursor=", "status=", "channel=", ";", "[]=", "?"];
    ::fuzz::target!("queries").seeds(seeds).words(words).longest(1024).run(|bytes| {
        let (nth, query) = bytes.split_first().map_or((0, bytes), |(nth, rest)| (usize::from(*nth) % QUERIES.len(), rest));
        (nth, QUERIES[nth].1(query).map_err(|problem| told(&problem)))
    });
}

#[test]
fn small_texts() {
    let seeds = ["dGltZWxpbmU6NDI", "image/png;q=0.5, */*;q=0.1", "a=b; whatisup_9487=token; x", "42"];
    let words = ["whatisup_9487=", ";", ",", "q=", "*/*", "=", "application/json", "text/event-stream"];
    ::fuzz::target!("small_texts").seeds(seeds).words(words).longest(512).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let value = HeaderValue::from_bytes(bytes);
        let mut headers = HeaderMap::new();
        if let Ok(value) = value {
            headers.insert(header::ACCEPT, value.clone());
            headers.insert(header::COOKIE, value);
        }
        let chosen = accept::choose(&headers, &["application/json", "text/event-stream", "image/png"]);
        let cookie = session::cookie::read(&headers, 9487).map(|token| token.contains(';'));
        assert_ne!(cookie, Some(true));
        let position = cursor::read("timeline", &text);
        if let Ok(position) = position {
            assert_eq!(cursor::read("timeline", &cursor::write("timeline", position)), Ok(position));
        }
        (chosen, cookie, position.is_ok())
    });
}
