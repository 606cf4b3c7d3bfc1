//! Tickets: what stands in for a key in a URL, once.

use crate::apps::{made, with};
use crate::rig::{Answer, PATIENCE, Rig};
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::json;

async fn ticket(rig: &Rig, key: &str, target: &str) -> String {
    let made = with(rig, key, Method::POST, "/v1/tickets", Some(json!({"for": target}))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.body["expires_at"].is_string());
    made.body["ticket"].as_str().unwrap().to_owned()
}

async fn open(rig: &Rig, path: &str) -> reqwest::Response {
    rig.bare(Method::GET, path).send().await.unwrap()
}

#[tokio::test]
async fn a_ticket_opens_one_address_once() {
    let rig = Rig::start().await;
    let admin = rig.key.expose();
    let good = ticket(&rig, admin, "/v1/events?types=channel.*").await;
    let mut stream = open(&rig, &format!("/v1/events?types=channel.*&ticket={good}")).await;
    assert_eq!((stream.status().as_u16(), &stream.headers()["content-type"]), (200, &"text/event-stream".parse().unwrap()));
    assert!(tokio::time::timeout(PATIENCE, stream.chunk()).await.unwrap().unwrap().is_some());
    let again = open(&rig, &format!("/v1/events?types=channel.*&ticket={good}")).await;
    assert_eq!(Answer::of(again).await.told(), "401 ticket_invalid");

    // One that is tried elsewhere is used up.
    let strayed = ticket(&rig, admin, "/v1/events?types=channel.*").await;
    for path in ["/v1/events", "/v1/events?types=channel.*"] {
        let with_ticket = format!("{path}{}ticket={strayed}", if path.contains('?') { '&' } else { '?' });
        assert_eq!(Answer::of(open(&rig, &with_ticket).await).await.told(), "401 ticket_invalid", "{path}");
    }
    let elsewhere = ticket(&rig, admin, "/v1/events").await;
    let refused = Answer::of(open(&rig, &format!("/v1/channels?ticket={elsewhere}")).await).await.told();
    assert!(refused.starts_with("401 "), "{refused}");
    assert_eq!(Answer::of(open(&rig, "/v1/events?ticket=guess").await).await.told(), "401 ticket_invalid");
    rig.stop().await;
}

#[tokio::test]
async fn a_ticket_shows_what_its_maker_may_see_and_ends_with_the_key() {
    let rig = Rig::start().await;
    let seen = rig.channel("Front desk").await;
    rig.channel("Back office").await;
    let id = seen.rsplit('/').next().unwrap();
    let (app, key) = made(&rig, json!({"name": "Board", "scopes": ["events:read", "channels:read"], "channels": [id]})).await;
    let good = ticket(&rig, &key, "/v1/events").await;
    let mut stream = open(&rig, &format!("/v1/events?ticket={good}")).await.bytes_stream();
    let first = tokio::time::timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
    let first = String::from_utf8_lossy(&first);
    assert!(first.contains("Front desk") && !first.contains("Back office"), "{first}");

    let late = ticket(&rig, &key, "/v1/events").await;
    rig.patch(&format!("/v1/apps/{app}"), json!({"disabled": true})).await;
    let refused = Answer::of(open(&rig, &format!("/v1/events?ticket={late}")).await).await.told();
    assert!(refused.starts_with("401 "), "{refused}");
    rig.stop().await;
}

#[tokio::test]
async fn tickets_are_for_streams_and_images_only() {
    let rig = Rig::start().await;
    for (target, expected) in [
        (json!("/v1/channels"), "422 invalid /for"),
        (json!("https://evil.example/v1/events"), "422 invalid /for"),
        (json!("/v1/events?ticket=x"), "422 invalid /for"),
        (json!(null), "422 invalid /for"),
    ] {
        assert_eq!(rig.post("/v1/tickets", json!({"for": target})).await.told(), expected, "{target}");
    }
    let keyless = rig.bare(Method::POST, "/v1/tickets").json(&json!({"for": "/v1/events"})).send().await.unwrap();
    assert_eq!(Answer::of(keyless).await.told(), "401 unauthorized");
    let path = rig.channel("Front desk").await;
    let good = ticket(&rig, rig.key.expose(), &format!("{path}/qr")).await;
    let qr = Answer::of(open(&rig, &format!("{path}/qr?ticket={good}")).await).await;
    assert_eq!(qr.told(), "409 not_pairing", "it was let in");
    rig.stop().await;
}
