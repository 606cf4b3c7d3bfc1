use crate::receiver::Receiver;
use crate::rig::Rig;
use reqwest::Method;
use serde_json::{Value, json};

async fn webhook(rig: &Rig, receiver: &Receiver) -> String {
    let made = rig.post("/v1/webhooks", json!({"url": receiver.url, "types": ["channel.created", "channel.updated"]})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.header("location").to_owned()
}

fn names(page: &Value) -> Vec<(&str, &str)> {
    let all = page["items"].as_array().unwrap();
    all.iter().map(|d| (d["type"].as_str().unwrap(), d["status"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn every_event_that_is_owed_is_a_delivery_with_what_was_sent_and_what_came_of_it() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    let path = webhook(&rig, &receiver).await;
    let first = rig.channel("Front desk").await;
    let call = receiver.next().await;
    rig.patch(&first, json!({"name": "Back office"})).await;
    receiver.next().await;
    let delivered = format!("{path}/deliveries?status=delivered");
    let list = rig.eventually(&delivered, |page| page["items"].as_array().unwrap().len() == 2).await;
    assert_eq!(names(&list), [("channel.updated", "delivered"), ("channel.created", "delivered")]);
    let delivery = &list["items"][1];
    assert_eq!((&delivery["event_id"], &delivery["seq"]), (&call.body["id"], &call.body["seq"]));
    assert_eq!(delivery["channel_id"], first.rsplit('/').next().unwrap());
    assert_eq!(path, format!("/v1/webhooks/{}", delivery["webhook_id"].as_str().unwrap()));

    let address = format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let shown = rig.get(&address).await.body;
    assert_eq!(shown["payload"], call.body, "what is shown is what was sent");
    assert_eq!(shown["attempts"], 1);
    let attempt = &shown["attempts_log"][0];
    assert_eq!(
        (&attempt["status"], &attempt["delivered"], &attempt["answer"]),
        (&json!(200), &json!(true), &json!("taken note of"))
    );
    assert!(attempt["latency_ms"].is_u64() && attempt["at"].is_string());

    assert_eq!(names(&rig.get(&format!("{path}/deliveries?type=channel.updated")).await.body).len(), 1);
    assert_eq!(names(&rig.get(&format!("{path}/deliveries?status=pending")).await.body).len(), 0);
    let page = rig.get(&format!("{path}/deliveries?limit=1")).await.body;
    let next = page["next_cursor"].as_str().unwrap();
    let second = rig.get(&format!("{path}/deliveries?limit=1&cursor={next}")).await.body;
    assert_eq!((names(&second), &second["next_cursor"]), (vec![("channel.created", "delivered")], &json!(null)));
    for (query, expected) in [
        ("status=lost", "422 invalid status"),
        ("type=channel.*", "422 invalid type"),
        ("type=channel.creatd", "422 invalid type"),
        ("limit=0", "422 invalid limit"),
        ("cursor=x", "422 invalid cursor"),
    ] {
        assert_eq!(rig.get(&format!("{path}/deliveries?{query}")).await.told(), expected, "{query}");
    }
    for nobody in ["/v1/deliveries/dlv_01j5a9k3m4n5p6q7r8s9t0v1w2", "/v1/deliveries/x"] {
        assert_eq!(rig.get(nobody).await.told(), "404 not_found");
        assert_eq!(rig.bid(Method::POST, &format!("{nobody}/skip")).await.told(), "404 not_found");
        assert_eq!(rig.bid(Method::POST, &format!("{nobody}/redeliver")).await.told(), "404 not_found");
    }
    assert_eq!(rig.get("/v1/webhooks/wh_01j5a9k3m4n5p6q7r8s9t0v1w2/deliveries").await.told(), "404 not_found");
    rig.stop().await;
}

#[tokio::test]
async fn a_failed_delivery_waits_is_skipped_or_delivered_anew() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    let path = webhook(&rig, &receiver).await;
    receiver.answers(503);
    rig.channel("first").await;
    receiver.next().await;
    let failing = rig.eventually(&path, |w| w["failing_since"].is_string()).await;
    assert_eq!((&failing["status"], &failing["pending"]), (&json!("active"), &json!(1)));
    rig.channel("second").await;
    rig.eventually(&path, |w| w["pending"] == 2).await;
    let list = rig.get(&format!("{path}/deliveries")).await.body;
    let address = |at: usize| format!("/v1/deliveries/{}", list["items"][at]["id"].as_str().unwrap());
    let waiting = rig.get(&address(1)).await.body;
    assert_eq!((&waiting["status"], &waiting["attempts"]), (&json!("pending"), &json!(1)));
    assert!(waiting["next_attempt_at"].is_string());
    assert_eq!((&waiting["attempts_log"][0]["status"], &waiting["attempts_log"][0]["delivered"]), (&json!(503), &json!(false)));

    // The first holds the second back until somebody decides.
    receiver.answers(200);
    let skipped = rig.bid(Method::POST, &format!("{}/skip", address(1))).await;
    assert_eq!((skipped.status.as_u16(), &skipped.body["status"]), (200, &json!("skipped")));
    assert_eq!(receiver.next().await.body["data"]["channel"]["name"], "second");
    rig.eventually(&path, |w| w["pending"] == 0 && w["failing_since"].is_null()).await;
    assert_eq!(rig.bid(Method::POST, &format!("{}/skip", address(0))).await.told(), "409 not_pending");

    let again = rig.bid(Method::POST, &format!("{}/redeliver", address(1))).await;
    assert_eq!((again.status.as_u16(), &again.body["status"]), (202, &json!("pending")));
    assert_eq!(receiver.next().await.body["data"]["channel"]["name"], "first");
    rig.eventually(&address(1), |d| d["status"] == "delivered").await;
    rig.stop().await;
}

#[tokio::test]
async fn a_span_of_time_is_delivered_again() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    let before = rig.engine.clock().now();
    rig.channel("before there was a webhook").await;
    let path = webhook(&rig, &receiver).await;
    rig.channel("after").await;
    assert_eq!(receiver.next().await.body["data"]["channel"]["name"], "after");
    rig.eventually(&path, |w| w["pending"] == 0).await;

    let redeliver = async |body: Value| rig.post(&format!("{path}/redeliver"), body).await;
    let missed = redeliver(json!({"since": before.to_string(), "only_undelivered": true})).await;
    assert_eq!((missed.status.as_u16(), missed.body), (202, json!({"deliveries": 1})));
    assert_eq!(receiver.next().await.body["data"]["channel"]["name"], "before there was a webhook");
    rig.eventually(&path, |w| w["pending"] == 0).await;
    let all = redeliver(json!({"since": before.to_string()})).await;
    assert_eq!(all.body, json!({"deliveries": 2}));
    for name in ["before there was a webhook", "after"] {
        assert_eq!(receiver.next().await.body["data"]["channel"]["name"], name);
    }
    let none = redeliver(json!({"since": "2000-01-01T00:00:00Z", "until": before.to_string()})).await;
    assert_eq!(none.body, json!({"deliveries": 0}));
    for (body, expected) in [
        (json!({}), "422 invalid /since"),
        (json!({"since": "yesterday"}), "422 invalid /since"),
        (json!({"since": "2000-01-02T00:00:00Z", "until": "2000-01-01T00:00:00Z"}), "422 invalid /until"),
        (json!({"since": "2000-01-02T00:00:00Z", "until": null}), "422 invalid /until"),
    ] {
        assert_eq!(redeliver(body.clone()).await.told(), expected, "{body}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn an_event_that_the_log_let_go_of_cannot_be_delivered_again() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    let path = webhook(&rig, &receiver).await;
    rig.channel("Front desk").await;
    receiver.next().await;
    let delivered = format!("{path}/deliveries?status=delivered");
    let list = rig.eventually(&delivered, |page| page["items"].as_array().unwrap().len() == 1).await;
    let address = format!("/v1/deliveries/{}", list["items"][0]["id"].as_str().unwrap());
    rig.channel("Back office").await;
    receiver.next().await;
    rig.eventually(&path, |w| w["pending"] == 0).await;
    while rig.ledger.prune_events(ledger::Keep { events: 1, ..ledger::Keep::ALL }, 100).await.unwrap().more {}
    let shown = rig.get(&address).await.body;
    assert_eq!((&shown["payload"], &shown["status"]), (&json!(null), &json!("delivered")));
    assert_eq!(rig.bid(Method::POST, &format!("{address}/redeliver")).await.told(), "409 event_gone");
    assert_eq!(receiver.rest(), 0);
    rig.stop().await;
}
