//! Messages that a program proposes and a person answers for.

use crate::apps::{made, with};
use crate::rig::Rig;
use reqwest::Method;
use serde_json::{Value, json};

async fn propose(rig: &Rig, key: &str, channel: &str, text: &str) -> Value {
    let body = json!({"to": "+15550100123", "content": {"type": "text", "text": text}});
    let proposed = with(rig, key, Method::POST, &format!("{channel}/messages"), Some(body)).await;
    assert_eq!((proposed.status.as_u16(), &proposed.body["status"]), (202, &json!("asking")), "{}", proposed.body);
    proposed.body
}

fn path(message: &Value) -> String {
    format!("/v1/messages/{}", message["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_proposed_message_leaves_as_a_person_has_changed_it() {
    let mut rig = Rig::start().await;
    let channel = rig.stopped("Front desk").await;
    let (app, key) = made(&rig, json!({"name": "Agent", "scopes": ["messages:send:ask", "messages:read"]})).await;
    let proposed = propose(&rig, &key, &channel, "We open at ten.").await;
    assert_eq!(proposed["app_id"], app.as_str());

    let waiting = rig.get("/v1/asks").await.body;
    let ask = &waiting["items"][0];
    assert_eq!((&ask["message"]["id"], &ask["app"]), (&proposed["id"], &json!({"id": app, "name": "Agent"})));
    assert_eq!(
        (&ask["message"]["content"]["text"], &ask["message"]["chat"]),
        (&json!("We open at ten."), &json!("15550100123@s.whatsapp.net"))
    );
    assert!(ask["expires_at"].is_string());
    assert_eq!(rig.get("/v1/outbox").await.body["items"], json!([]), "nothing of it is in the outbox");

    let approve = format!("{}/approve", path(&proposed));
    for (body, expected) in [
        (json!({"content": {"type": "text", "text": ""}}), "422 invalid /content/text"),
        (json!({"content": {"type": "picture"}}), "422 invalid /content/type"),
        (json!({"content": null}), "422 invalid /content"),
        (json!({"text": "x"}), "422 invalid /text"),
    ] {
        assert_eq!(rig.post(&approve, body.clone()).await.told(), expected, "{body}");
    }
    let approved = rig.post(&approve, json!({"content": {"type": "text", "text": "We open at nine."}})).await;
    assert_eq!((approved.status.as_u16(), &approved.body["status"]), (200, &json!("queued")), "{}", approved.body);
    assert_eq!(approved.body["content"]["text"], "We open at nine.");
    assert_eq!(rig.get("/v1/asks").await.body["items"], json!([]));
    assert_eq!(rig.get("/v1/outbox").await.body["items"][0]["id"], proposed["id"]);
    assert_eq!(rig.post(&approve, json!({})).await.told(), "409 not_asking");
    assert_eq!(rig.bid(Method::POST, &format!("{}/deny", path(&proposed))).await.told(), "409 not_asking");
    propose(&rig, &key, &channel, "And close at five.").await;
    assert_eq!(rig.kinds("message.*").await, ["message.asking", "message.queued", "message.asking"]);
    rig.stop().await;
}

#[tokio::test]
async fn always_for_this_chat_is_for_this_chat_of_this_channel_only() {
    let mut rig = Rig::start().await;
    let channel = rig.stopped("Front desk").await;
    let (app, key) = made(&rig, json!({"name": "Agent", "scopes": ["messages:send:ask"]})).await;
    let proposed = propose(&rig, &key, &channel, "We open at ten.").await;
    let approved = rig.post(&format!("{}/approve", path(&proposed)), json!({"always": true})).await;
    assert_eq!(approved.body["status"], "queued", "{}", approved.body);
    let id = channel.rsplit('/').next().unwrap();
    let permits = rig.get(&format!("/v1/apps/{app}")).await.body["permits"].clone();
    let widened = json!({"scope": "messages:send", "channels": [id], "recipients": ["15550100123@s.whatsapp.net"]});
    assert!(permits.as_array().unwrap().contains(&widened), "{permits}");

    let send = |to: &str| {
        let body = json!({"to": to, "content": {"type": "text", "text": "Hello"}});
        let path = format!("{channel}/messages");
        let (rig, key) = (&rig, &key);
        async move { with(rig, key, Method::POST, &path, Some(body)).await.body["status"].clone() }
    };
    assert_eq!(send("+15550100123").await, "queued");
    assert_eq!(send("+15550100124").await, "asking");
    rig.stop().await;
}

#[tokio::test]
async fn a_denied_or_withdrawn_message_never_leaves() {
    let mut rig = Rig::start().await;
    let channel = rig.stopped("Front desk").await;
    let (_, key) = made(&rig, json!({"name": "Agent", "scopes": ["messages:send:ask"]})).await;
    let one = propose(&rig, &key, &channel, "One").await;
    let denied = rig.bid(Method::POST, &format!("{}/deny", path(&one))).await;
    assert_eq!((denied.status.as_u16(), &denied.body["status"]), (200, &json!("denied")));
    assert_eq!(rig.bid(Method::POST, &format!("{}/deny", path(&one))).await.status, 200, "twice is no harm");
    assert_eq!(rig.post(&format!("{}/approve", path(&one)), json!({})).await.told(), "409 not_asking");

    let two = propose(&rig, &key, &channel, "Two").await;
    let withdrawn = with(&rig, &key, Method::DELETE, &path(&two), None).await;
    assert_eq!((withdrawn.status.as_u16(), &withdrawn.body["status"]), (200, &json!("cancelled")), "{}", withdrawn.body);
    assert_eq!(rig.get("/v1/asks").await.body["items"], json!([]));
    assert_eq!(rig.get("/v1/outbox").await.body["items"], json!([]));
    let nobody = "/v1/messages/msg_01j5a9k3m4n5p6q7r8s9t0v1w2";
    assert_eq!(rig.post(&format!("{nobody}/approve"), json!({})).await.told(), "404 not_found");
    assert_eq!(rig.bid(Method::POST, &format!("{nobody}/deny")).await.told(), "404 not_found");
    rig.stop().await;
}
