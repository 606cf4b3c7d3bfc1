use crate::apps;
use crate::receiver::Receiver;
use crate::rig::{Answer, Doors, Rig};
use reqwest::Method;
use serde_json::{Value, json};

const URL: &str = "http://127.0.0.1:1/hooks";

async fn made(rig: &Rig, body: Value) -> (String, Value) {
    let made = rig.post("/v1/webhooks", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    (made.header("location").to_owned(), made.body)
}

#[tokio::test]
async fn a_webhook_is_made_and_its_secrets_are_shown_once() {
    let rig = Rig::start().await;
    let channel = rig.channel("Front desk").await.rsplit('/').next().unwrap().to_owned();
    let (path, made) = made(
        &rig,
        json!({"url": URL, "description": " Orders ", "channels": [channel], "types": ["message.*"],
               "headers": {"Authorization": "Bearer s3cret"}, "concurrency": 4}),
    )
    .await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() >= 38, "{secret}");
    assert_eq!(path, format!("/v1/webhooks/{}", made["id"].as_str().unwrap()));
    let shown = rig.get(&path).await.body;
    let list = rig.get("/v1/webhooks").await.body;
    assert_eq!(list, json!({"items": [shown]}));
    for (field, expected) in [
        ("url", json!(URL)),
        ("description", json!("Orders")),
        ("channels", json!([channel])),
        ("types", json!(["message.*"])),
        ("header_names", json!(["authorization"])),
        ("concurrency", json!(4)),
        ("status", json!("active")),
        ("pending", json!(0)),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    assert_eq!(shown["secrets"].as_array().unwrap().len(), 1);
    let told = format!("{list}");
    assert!(!told.contains("s3cret") && !told.contains(secret), "secrets are never shown again");

    assert_eq!(rig.bid(Method::DELETE, &path).await.status, 204);
    assert_eq!(rig.get(&path).await.told(), "404 not_found");
    assert_eq!(rig.bid(Method::DELETE, &path).await.told(), "404 not_found");
    assert_eq!(rig.get("/v1/webhooks").await.body, json!({"items": []}));
    rig.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_told_by_its_pointer() {
    let rig = Rig::start().await;
    let long = "x".repeat(201);
    let url = |url: &str| json!({"url": url});
    let with = |field: &str, value: Value| json!({"url": URL, field: value});
    for (body, expected) in [
        (json!({}), "/url"),
        (url(""), "/url"),
        (url("127.0.0.1:8080"), "/url"),
        (url("ftp://127.0.0.1/"), "/url"),
        (url("http://ada:pw@127.0.0.1/"), "/url"),
        (url("http://169.254.169.254/latest"), "/url"),
        (url("http://192.168.0.1/"), "/url"),
        (url("https://example.org/"), "/url"),
        (url(&format!("http://127.0.0.1/{}", "x".repeat(3000))), "/url"),
        (with("description", json!(long)), "/description"),
        (with("channels", json!(["x"])), "/channels/0"),
        (with("channels", json!(["ch_01j5a9k3m4n5p6q7r8s9t0v1w2"])), "/channels/0"),
        (with("types", json!(["message.received", "message.recieved"])), "/types/1"),
        (with("types", json!(["nonsense.*"])), "/types/0"),
        (with("headers", json!({"Host": "x"})), "/headers/Host"),
        (with("headers", json!({"webhook-id": "x"})), "/headers/webhook-id"),
        (with("headers", json!({"Content-Type": "x"})), "/headers/Content-Type"),
        (with("headers", json!({"Connection": "x"})), "/headers/Connection"),
        (with("headers", json!({"x-a": "a\r\nb: c"})), "/headers/x-a"),
        (with("headers", json!({"x-a": 1})), "/headers/x-a"),
        (with("concurrency", json!(0)), "/concurrency"),
        (with("concurrency", json!(17)), "/concurrency"),
        (with("colour", json!("red")), "/colour"),
    ] {
        assert_eq!(rig.post("/v1/webhooks", body.clone()).await.told(), format!("422 invalid {expected}"), "{body}");
    }
    let typo = rig.post("/v1/webhooks", with("types", json!(["message.recieved"]))).await;
    assert!(typo.body["detail"].as_str().unwrap().contains("did you mean \"message.received\""), "{}", typo.body);
    let far = rig.post("/v1/webhooks", url("https://example.org/")).await;
    assert!(far.body["detail"].as_str().unwrap().contains("sandbox build"), "{}", far.body);
    assert_eq!(rig.get("/v1/webhooks").await.body, json!({"items": []}), "nothing was made");
    rig.stop().await;
}

#[tokio::test]
async fn a_webhook_is_changed_in_parts() {
    let rig = Rig::start().await;
    let (path, before) = made(&rig, json!({"url": URL, "types": ["message.*"], "headers": {"x-a": "1", "x-b": "2"}})).await;
    let after = rig.patch(&path, json!({"headers": {"X-A": null, "x-c": "3"}, "description": "Till"})).await.body;
    assert_eq!((&after["header_names"], &after["description"]), (&json!(["x-b", "x-c"]), &json!("Till")));
    assert_eq!((&after["url"], &after["types"]), (&before["url"], &before["types"]));
    let after = rig.patch(&path, json!({"url": "http://127.0.0.1:2/", "types": [], "concurrency": 2})).await.body;
    assert_eq!(
        (&after["url"], &after["types"], &after["concurrency"], &after["header_names"]),
        (&json!("http://127.0.0.1:2/"), &json!([]), &json!(2), &json!(["x-b", "x-c"]))
    );
    for (body, expected) in [
        (json!({"url": null}), "422 invalid /url"),
        (json!({"url": "https://example.org"}), "422 invalid /url"),
        (json!({"types": ["x"], "concurrency": 99}), "422 invalid /types/0 /concurrency"),
        (json!({"secret": "whsec_x"}), "422 invalid /secret"),
        (json!({"status": "paused"}), "422 invalid /status"),
    ] {
        assert_eq!(rig.patch(&path, body.clone()).await.told(), expected, "{body}");
    }
    assert_eq!(rig.patch("/v1/webhooks/wh_01j5a9k3m4n5p6q7r8s9t0v1w2", json!({})).await.told(), "404 not_found");
    rig.stop().await;
}

#[tokio::test]
async fn a_secret_is_rotated_with_an_overlap() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    let (path, before) = made(&rig, json!({"url": receiver.url})).await;
    let rotated = rig.post(&format!("{path}/rotate-secret"), json!({"overlap_seconds": 3600})).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    assert_ne!(rotated.body["secret"], before["secret"]);
    let secrets = rig.get(&path).await.body["secrets"].clone();
    assert_eq!(secrets.as_array().unwrap().len(), 2);
    assert_eq!((&secrets[0]["expires_at"], &secrets[1]["expires_at"]), (&json!(null), &rotated.body["previous_expires_at"]));
    rig.bid(Method::POST, &format!("{path}/test")).await;
    let signed = receiver.next().await.headers["webhook-signature"].to_str().unwrap().to_owned();
    assert_eq!(signed.split(' ').count(), 2, "both sign: {signed}");
    // Without a body it is a day.
    assert_eq!(rig.bid(Method::POST, &format!("{path}/rotate-secret")).await.status, 200);
    assert_eq!(rig.get(&path).await.body["secrets"].as_array().unwrap().len(), 2, "the oldest ended");
    let long = rig.post(&format!("{path}/rotate-secret"), json!({"overlap_seconds": 604_801})).await;
    assert_eq!(long.told(), "422 invalid /overlap_seconds");
    rig.stop().await;
}

#[tokio::test]
async fn a_webhook_can_be_tried_with_any_type_of_event() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    let (path, made) = made(&rig, json!({"url": receiver.url, "headers": {"authorization": "Bearer s3cret"}})).await;
    let tried = rig.bid(Method::POST, &format!("{path}/test")).await;
    assert_eq!(tried.status, 200, "{}", tried.body);
    assert_eq!((&tried.body["delivered"], &tried.body["status"]), (&json!(true), &json!(200)));
    assert_eq!(tried.body["answer"], "taken note of");
    let call = receiver.next().await;
    assert_eq!((&call.body["type"], &call.body["seq"]), (&json!("message.received"), &json!(0)));
    assert_eq!(call.headers["authorization"], "Bearer s3cret");
    assert_eq!(call.headers["webhook-id"].to_str().unwrap(), call.body["id"].as_str().unwrap());

    for kind in ["channel.stuck", "message.failed", "webhook.paused", "receipt.unmatched", "message.reaction"] {
        rig.post(&format!("{path}/test"), json!({"type": kind})).await;
        assert_eq!(receiver.next().await.body["type"], kind);
    }
    receiver.answers(500);
    let tried = rig.post(&format!("{path}/test"), json!({})).await.body;
    assert_eq!((&tried["delivered"], &tried["status"]), (&json!(false), &json!(500)));
    assert!(tried["error"].is_string());
    receiver.next().await;
    for (body, expected) in [
        (json!({"type": "message.*"}), "422 invalid /type"),
        (json!({"type": "message.recieved"}), "422 invalid /type"),
        (json!({"kind": "x"}), "422 invalid /kind"),
    ] {
        assert_eq!(rig.post(&format!("{path}/test"), body).await.told(), expected);
    }
    assert_eq!(receiver.rest(), 0);
    let nobody = rig.bid(Method::POST, "/v1/webhooks/wh_01j5a9k3m4n5p6q7r8s9t0v1w2/test").await;
    assert_eq!(nobody.told(), "404 not_found");
    assert_eq!(rig.get(&path).await.body["status"], made["status"], "a test that fails changes nothing");

    let (nowhere, _) = self::made(&rig, json!({"url": URL})).await;
    let tried = rig.post(&format!("{nowhere}/test"), json!({})).await.body;
    assert_eq!((&tried["delivered"], &tried["status"]), (&json!(false), &json!(null)));
    rig.stop().await;
}

#[tokio::test]
async fn what_waits_while_a_webhook_is_paused_comes_in_order_when_it_is_resumed() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    let (path, _) = made(&rig, json!({"url": receiver.url, "types": ["channel.created"]})).await;
    rig.channel("0").await;
    assert_eq!(receiver.next().await.body["data"]["channel"]["name"], "0");

    let paused = rig.bid(Method::POST, &format!("{path}/pause")).await.body;
    assert_eq!((&paused["status"], &paused["status_reason"]), (&json!("paused"), &json!("by_hand")));
    assert!(paused["status_since"].is_string());
    assert_eq!(rig.bid(Method::POST, &format!("{path}/pause")).await.body["status_since"], paused["status_since"]);
    for n in 1..4 {
        rig.channel(&n.to_string()).await;
    }
    let waiting = rig.eventually(&path, |w| w["pending"] == 3).await;
    assert!(waiting["oldest_pending_at"].is_string() && waiting["summary"].as_str().unwrap().contains("3 events wait"));
    assert_eq!(receiver.rest(), 0);

    let resumed = rig.bid(Method::POST, &format!("{path}/resume")).await.body;
    assert_eq!((&resumed["status"], &resumed["status_reason"]), (&json!("active"), &json!(null)));
    for n in 1..4 {
        assert_eq!(receiver.next().await.body["data"]["channel"]["name"], n.to_string());
    }
    rig.eventually(&path, |w| w["pending"] == 0).await;
    let kinds: Vec<String> = rig.kinds("webhook.*").await;
    assert_eq!(kinds, ["webhook.paused", "webhook.resumed"]);
    rig.stop().await;
}

/// A webhook of an app, of events that do not happen: nothing is sent anywhere. With the app's path and key.
async fn of_app(rig: &Rig) -> (String, String, String) {
    let scopes = ["webhooks:manage", "channels:read", "events:read"];
    let (app, key) = apps::made(rig, json!({"name": "Agent", "scopes": scopes})).await;
    let hook = json!({"url": "https://198.51.100.7/hooks", "types": ["channel.connected"]});
    let hook = apps::with(rig, &key, Method::POST, "/v1/webhooks", Some(hook)).await;
    assert_eq!(hook.status, 201, "{}", hook.body);
    (format!("/v1/webhooks/{}", hook.body["id"].as_str().unwrap()), format!("/v1/apps/{app}"), key)
}

#[tokio::test]
async fn the_webhook_of_an_app_that_was_revoked_is_not_resumed_and_stays_paused_when_a_person_says_so() {
    let rig = Rig::start_at(Doors { shipped: true, ..Doors::default() }).await;
    let (path, app, _) = of_app(&rig).await;
    assert_eq!(rig.patch(&app, json!({"disabled": true})).await.status, 200);
    let paused = rig.get(&path).await.body;
    assert_eq!((&paused["status"], &paused["status_reason"]), (&json!("paused"), &json!("app_revoked")));
    assert!(paused["summary"].as_str().unwrap().contains("when you let the app in again"), "{paused}");
    let resumed = rig.bid(Method::POST, &format!("{path}/resume")).await;
    assert_eq!(resumed.told(), "409 conflict");
    assert!(resumed.body["detail"].as_str().unwrap().contains("Let the app in again"), "{}", resumed.body);
    assert_eq!(rig.get(&path).await.body["status_reason"], "app_revoked");

    assert_eq!(rig.patch(&app, json!({"disabled": false})).await.status, 200);
    assert_eq!(rig.get(&path).await.body["status"], "active", "nobody said anything else");
    assert_eq!(rig.patch(&app, json!({"disabled": true})).await.status, 200);
    let by_hand = rig.bid(Method::POST, &format!("{path}/pause")).await.body;
    assert_eq!((&by_hand["status"], &by_hand["status_reason"]), (&json!("paused"), &json!("by_hand")));
    assert_eq!(rig.bid(Method::POST, &format!("{path}/resume")).await.told(), "409 conflict");
    assert_eq!(rig.patch(&app, json!({"disabled": false})).await.status, 200);
    assert_eq!(rig.get(&path).await.body["status_reason"], "by_hand");
    assert_eq!(rig.bid(Method::POST, &format!("{path}/resume")).await.body["status"], "active");
    rig.stop().await;
}

#[tokio::test]
async fn what_a_person_put_into_headers_does_not_go_where_an_app_points_its_webhook() {
    let rig = Rig::start_at(Doors { shipped: true, ..Doors::default() }).await;
    let (path, _, key) = of_app(&rig).await;
    let names = |webhook: &Value| webhook["header_names"].clone();
    let secret = json!({"headers": {"Authorization": "Bearer s3cret"}});
    assert_eq!(names(&rig.patch(&path, secret).await.body), json!(["authorization"]));
    let patched = async |body: Value| apps::with(&rig, &key, Method::PATCH, &path, Some(body)).await.body;
    let same = json!({"url": "https://198.51.100.7/hooks", "headers": {"x-a": "1"}});
    assert_eq!(names(&patched(same).await), json!(["authorization", "x-a"]), "it goes where it went before");
    let elsewhere = patched(json!({"url": "https://198.51.100.8/hooks", "headers": {"X-B": "2"}})).await;
    assert_eq!((&elsewhere["url"], names(&elsewhere)), (&json!("https://198.51.100.8/hooks"), json!(["x-b"])));
    let by_hand = rig.patch(&path, json!({"url": "https://198.51.100.9/hooks"})).await.body;
    assert_eq!(names(&by_hand), json!(["x-b"]), "a person knows where it goes");
    rig.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_disables_its_webhook() {
    let rig = Rig::start().await;
    let mut receiver = Receiver::start().await;
    receiver.answers(410);
    let (path, _) = made(&rig, json!({"url": receiver.url, "types": ["channel.*"]})).await;
    rig.channel("Front desk").await;
    receiver.next().await;
    let gone = rig.eventually(&path, |w| w["status"] == "disabled").await;
    assert_eq!(gone["status_reason"], "gone");
    assert_eq!(rig.kinds("webhook.*").await, ["webhook.disabled"]);
    rig.stop().await;
}

#[tokio::test]
async fn a_browser_needs_the_header_and_a_stranger_the_key_for_webhooks_too() {
    let rig = Rig::start().await;
    for (method, path) in [
        (Method::GET, "/v1/webhooks"),
        (Method::POST, "/v1/webhooks"),
        (Method::DELETE, "/v1/webhooks/wh_01j5a9k3m4n5p6q7r8s9t0v1w2"),
        (Method::GET, "/v1/outbox"),
        (Method::GET, "/v1/stats"),
        (Method::POST, "/v1/deliveries/dlv_01j5a9k3m4n5p6q7r8s9t0v1w2/skip"),
        (Method::GET, "/docs/concepts/events"),
    ] {
        let answer = Answer::of(rig.bare(method, path).send().await.unwrap()).await;
        assert_eq!(answer.told(), "401 unauthorized", "{path}");
    }
    rig.stop().await;
}
