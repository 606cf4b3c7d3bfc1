use crate::rig::{Answer, Rig};
use engine::OutboxConfig;
use reqwest::Method;
use serde_json::{Value, json};
use socket::SendError;
use std::time::Duration;
use tempfile::TempDir;
use vault::AdminKey;

fn text(text: &str) -> Value {
    json!({"to": "+15550100123", "content": {"type": "text", "text": text}})
}

async fn send(rig: &Rig, path: &str, body: Value) -> Value {
    let sent = rig.post(&format!("{path}/messages"), body).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    sent.body
}

fn texts(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|m| m["content"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_outbox_shows_what_has_not_left_by_channel_and_status() {
    let mut rig = Rig::start().await;
    let path = rig.stopped("Front desk").await;
    let second = rig.stopped("Back office").await;
    let later = rig.engine.clock().now().plus(Duration::from_secs(3600)).to_string();
    for n in 0..3 {
        send(&rig, &path, text(&n.to_string())).await;
    }
    let mut scheduled = text("later");
    scheduled["send_at"] = json!(later);
    let scheduled = send(&rig, &path, scheduled).await;
    assert_eq!((&scheduled["send_at"], &scheduled["attempts"]), (&json!(later), &json!(0)));
    send(&rig, &second, text("elsewhere")).await;

    let all = rig.get("/v1/outbox").await.body;
    assert_eq!(texts(&all), ["elsewhere", "later", "2", "1", "0"]);
    assert_eq!(all["counts"], json!({"queued": 4, "sending": 0, "scheduled": 1, "failed": 0}));
    let id = path.rsplit('/').next().unwrap();
    let first = rig.get(&format!("/v1/outbox?channel={id}&status=queued&limit=2")).await.body;
    assert_eq!((texts(&first), &first["counts"]["queued"]), (vec!["2", "1"], &json!(3)));
    let next = first["next_cursor"].as_str().unwrap();
    let last = rig.get(&format!("/v1/outbox?channel={id}&status=queued&limit=2&cursor={next}")).await.body;
    assert_eq!((texts(&last), &last["next_cursor"]), (vec!["0"], &json!(null)));
    assert_eq!(texts(&rig.get("/v1/outbox?status=scheduled").await.body), ["later"]);
    for (query, expected) in [
        ("status=lost", "422 invalid status"),
        ("channel=x", "422 invalid channel"),
        ("channel=ch_01j5a9k3m4n5p6q7r8s9t0v1w2", "404 not_found"),
        ("limit=0", "422 invalid limit"),
        ("cursor=x", "422 invalid cursor"),
    ] {
        assert_eq!(rig.get(&format!("/v1/outbox?{query}")).await.told(), expected, "{query}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn times_that_make_no_sense_are_told_by_their_pointer() {
    let mut rig = Rig::start().await;
    let path = rig.stopped("Front desk").await;
    let now = rig.engine.clock().now();
    let at = |seconds: i64| domain::Timestamp::from_millis(now.as_millis() + seconds * 1000).to_string();
    for (times, expected) in [
        (json!({"send_at": "tomorrow"}), "422 invalid /send_at"),
        (json!({"send_at": 5}), "422 invalid /send_at"),
        (json!({"send_at": null}), "422 invalid /send_at"),
        (json!({"send_at": at(400 * 24 * 3600)}), "422 invalid /send_at"),
        (json!({"expires_at": at(-5)}), "422 invalid /expires_at"),
        (json!({"expires_at": at(60), "send_at": at(60)}), "422 invalid /expires_at"),
        (json!({"expires_at": "x", "send_at": "x"}), "422 invalid /send_at /expires_at"),
    ] {
        let mut body = text("x");
        body.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
        assert_eq!(rig.post(&format!("{path}/messages"), body).await.told(), expected, "{times}");
    }
    let mut body = text("x");
    body["expires_at"] = json!(at(3600));
    assert_eq!(send(&rig, &path, body).await["expires_at"], at(3600));
    rig.stop().await;
}

#[tokio::test]
async fn a_message_is_cancelled_while_it_is_queued_and_not_when_it_has_left() {
    let mut rig = Rig::start().await;
    let path = rig.stopped("Front desk").await;
    let queued = send(&rig, &path, text("queued")).await;
    let address = format!("/v1/messages/{}", queued["id"].as_str().unwrap());
    assert_eq!(rig.bid(Method::POST, &format!("{address}/retry")).await.told(), "409 not_failed");
    let cancelled = rig.bid(Method::DELETE, &address).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.body["status"]), (200, &json!("cancelled")));
    rig.logged("message.cancelled", &path).await;
    assert_eq!(rig.get(&address).await.body["status"], "cancelled");
    assert_eq!(rig.get(&format!("{path}/messages?status=cancelled")).await.body["items"][0]["id"], queued["id"]);
    assert_eq!(rig.get(&format!("{path}/messages?status=queued")).await.body["items"], json!([]));
    assert_eq!(rig.get(&format!("{path}/messages?status=lost")).await.told(), "422 invalid status");
    assert_eq!(rig.get(&format!("{path}/messages?direction=up")).await.told(), "422 invalid direction");
    assert_eq!(rig.get(&format!("{path}/messages?direction=inbound")).await.body["items"], json!([]));

    let (path, _live) = rig.connected("Back office").await;
    let sent = send(&rig, &path, text("sent")).await;
    let address = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
    rig.logged("message.sending", &path).await;
    assert_eq!(rig.bid(Method::DELETE, &address).await.told(), "409 not_cancellable");
    for nobody in ["/v1/messages/msg_01j5a9k3m4n5p6q7r8s9t0v1w2", "/v1/messages/x"] {
        assert_eq!(rig.bid(Method::DELETE, nobody).await.told(), "404 not_found");
        assert_eq!(rig.bid(Method::POST, &format!("{nobody}/retry")).await.told(), "404 not_found");
    }
    rig.stop().await;
}

#[tokio::test]
async fn what_failed_waits_for_a_person_who_retries_or_discards() {
    let mut rig = Rig::start().await;
    let (path, live) = rig.connected("Front desk").await;
    for _ in 0..2 {
        live.answers_a_send(Err(SendError::NoSuchRecipient));
    }
    let mut addresses = Vec::new();
    for n in 0..2 {
        let sent = send(&rig, &path, text(&n.to_string())).await;
        addresses.push(format!("/v1/messages/{}", sent["id"].as_str().unwrap()));
    }
    for address in &addresses {
        let failed = rig.eventually(address, |m| m["status"] == "failed").await;
        assert_eq!(failed["failure"]["reason"], "no_such_recipient");
    }
    let wedged = rig.get("/v1/outbox?status=failed").await.body;
    assert_eq!((texts(&wedged), &wedged["counts"]["failed"]), (vec!["1", "0"], &json!(2)));

    let retried = rig.bid(Method::POST, &format!("{}/retry", addresses[0])).await;
    assert_eq!((retried.status.as_u16(), &retried.body["status"]), (202, &json!("queued")));
    rig.eventually(&addresses[0], |m| m["status"] == "sending" || m["status"] == "sent").await;
    let discarded = rig.bid(Method::DELETE, &addresses[1]).await;
    assert_eq!((discarded.status.as_u16(), &discarded.body["status"]), (200, &json!("cancelled")));
    assert_eq!(rig.get("/v1/outbox").await.body["counts"]["failed"], 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_full_outbox_refuses_with_a_time_to_come_back() {
    let outbox = OutboxConfig { per_minute: 0, max_queued: 2, ..OutboxConfig::default() };
    let mut rig = Rig::start_with(TempDir::new().unwrap(), AdminKey::generate().unwrap(), outbox).await;
    let path = rig.stopped("Front desk").await;
    for n in 0..2 {
        send(&rig, &path, text(&n.to_string())).await;
    }
    let request = rig.request(Method::POST, &format!("{path}/messages")).header("idempotency-key", "a").json(&text("2"));
    let refused = Answer::of(request.send().await.unwrap()).await;
    assert_eq!((refused.told().as_str(), refused.header("retry-after")), ("429 queue_full", "30"));
    let oldest = rig.get("/v1/outbox").await.body["items"][1]["id"].as_str().unwrap().to_owned();
    rig.bid(Method::DELETE, &format!("/v1/messages/{oldest}")).await;
    let request = rig.request(Method::POST, &format!("{path}/messages")).header("idempotency-key", "a").json(&text("2"));
    assert_eq!(request.send().await.unwrap().status(), 202, "a refusal is not remembered under its key");
    rig.stop().await;
}
