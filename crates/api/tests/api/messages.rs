use crate::rig::Rig;
use domain::Person;
use serde_json::json;
use socket::InboundMessage;

fn text(to: &str, text: &str) -> serde_json::Value {
    json!({"to": to, "content": {"type": "text", "text": text}})
}

#[tokio::test]
async fn a_text_is_accepted_with_its_address_and_its_final_id() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    let sent = rig.post(&format!("{path}/messages"), text("+1 555 010 0123", "Hello")).await;
    assert_eq!(sent.status, 202, "{}", sent.body);
    assert_eq!(sent.header("location"), format!("/v1/messages/{}", sent.body["id"].as_str().unwrap()));
    assert_eq!(sent.body["chat"], "15550100123@s.whatsapp.net");
    assert_eq!(sent.body["content"], json!({"type": "text", "text": "Hello"}));
    assert_eq!((&sent.body["status"], &sent.body["direction"]), (&json!("queued"), &json!("outbound")));

    let shown = rig.get(sent.header("location")).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.body["whatsapp_id"], sent.body["whatsapp_id"]);
    assert_eq!(rig.get("/v1/messages/msg_01j5a9k3m4n5p6q7r8s9t0v1w2").await.told(), "404 not_found");
    rig.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_told_by_its_pointer() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    for (body, expected) in [
        (json!({}), "422 invalid /to"),
        (text("nobody", "x"), "422 invalid /to"),
        (text("+15550100123", ""), "422 invalid /content/text"),
        (text("+15550100123", &"x".repeat(65_537)), "422 invalid /content/text"),
        (json!({"to": "+15550100123"}), "422 invalid /content"),
        (json!({"to": "+15550100123", "content": "x"}), "422 invalid /content"),
        (json!({"to": "+15550100123", "content": {}}), "422 invalid /content/type"),
        (json!({"to": "+15550100123", "content": {"type": "song"}}), "422 invalid /content/type"),
        (json!({"to": "+15550100123", "content": {"type": "text"}}), "422 invalid /content/text"),
        (json!({"to": "+15550100123", "content": {"type": "text", "text": 1}}), "422 invalid /content/text"),
        (json!({"to": "+15550100123", "content": {"type": "text", "text": "x", "bold": true}}), "422 invalid /content/bold"),
        (json!({"to": "+15550100123", "text": "x"}), "422 invalid /text"),
    ] {
        assert_eq!(rig.post(&format!("{path}/messages"), body.clone()).await.told(), expected, "{body}");
    }
    assert_eq!(rig.get(&format!("{path}/messages")).await.body["items"], json!([]), "nothing was accepted");
    rig.stop().await;
}

#[tokio::test]
async fn the_longest_text_fits_however_it_is_escaped() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    let sent = rig.post(&format!("{path}/messages"), text("+15550100123", &"\u{1}".repeat(65_536))).await;
    assert_eq!(sent.status, 202, "{}", sent.body["detail"]);
    rig.stop().await;
}

#[tokio::test]
async fn nothing_is_accepted_for_a_channel_that_is_not_linked() {
    let rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    assert_eq!(rig.post(&format!("{path}/messages"), text("+15550100123", "x")).await.told(), "409 not_paired");
    rig.stop().await;
}

#[tokio::test]
async fn messages_are_paged_newest_first_and_by_chat() {
    let mut rig = Rig::start().await;
    let (path, live) = rig.connected("Front desk").await;
    for n in 0..3 {
        rig.post(&format!("{path}/messages"), text("+15550100123", &n.to_string())).await;
    }
    let inbound = InboundMessage {
        whatsapp_id: "3A0000000000000000AA".into(),
        chat: "15550100124@s.whatsapp.net".parse().unwrap(),
        sender: Person { phone: Some("+15550100124".parse().unwrap()), lid: None, name: Some("Ada".into()) },
        from_me: false,
        content: domain::Content::Text { text: "3".into() },
        at: rig.engine.clock().now(),
    };
    live.opening.inbox.commit(vec![inbound]).await.unwrap();

    let texts = |page: &serde_json::Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|m| m["content"]["text"].as_str().unwrap().to_owned()).collect()
    };
    let first = rig.get(&format!("{path}/messages?limit=3")).await.body;
    assert_eq!(texts(&first), ["3", "2", "1"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = rig.get(&format!("{path}/messages?limit=3&cursor={cursor}")).await.body;
    assert_eq!((texts(&second), &second["next_cursor"]), (vec!["0".to_owned()], &json!(null)));

    let chat = rig.get(&format!("{path}/messages?chat=%2B15550100124")).await.body;
    assert_eq!(texts(&chat), ["3"]);
    assert_eq!(chat["items"][0]["sender"], json!({"phone": "+15550100124", "lid": null, "name": "Ada"}));
    for (query, expected) in
        [("chat=x", "422 invalid chat"), ("limit=201", "422 invalid limit"), ("cursor=eA", "422 invalid cursor")]
    {
        assert_eq!(rig.get(&format!("{path}/messages?{query}")).await.told(), expected);
    }
    rig.stop().await;
}
