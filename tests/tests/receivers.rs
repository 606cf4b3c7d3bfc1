//! Webhook receivers as they are out there: slow, dripping, flooding, redirecting, gone.
#![allow(clippy::unwrap_used)]

use acceptance::hook::{Hook, Reply};
use acceptance::{Rest, Whatisup, World};
use serde_json::{Value, json};
use std::time::Duration;

/// An application with one endpoint that is told of channels, and its first event; what is told of the delivery when it
/// has been tried once.
async fn tried(hook: &Hook) -> (World, Whatisup, Rest, Value) {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let endpoint = rest.post("/v1/webhooks", json!({ "url": hook.url(), "types": ["channel.created"] })).await.unwrap();
    rest.post("/v1/channels", json!({ "name": "Front desk", "start": false })).await.unwrap();
    let delivery = first_attempt(&rest, endpoint["id"].as_str().unwrap()).await;
    (world, app, rest, delivery)
}

async fn first_attempt(rest: &Rest, endpoint: &str) -> Value {
    let deadline = tokio::time::Instant::now() + acceptance::PATIENCE;
    loop {
        let page = rest.get(&format!("/v1/webhooks/{endpoint}/deliveries")).await.unwrap();
        if let Some(delivery) = page["items"].as_array().unwrap().first()
            && delivery["attempts"].as_u64().unwrap() > 0
        {
            return rest.get(&format!("/v1/deliveries/{}", delivery["id"].as_str().unwrap())).await.unwrap();
        }
        assert!(tokio::time::Instant::now() < deadline, "no attempt was noted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn attempt(delivery: &Value) -> &Value {
    &delivery["attempts_log"][0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_after_fourteen_seconds_counts() {
    let hook = Hook::start(|_| Reply::After(Duration::from_secs(14))).await.unwrap();
    let (_world, _app, _rest, delivery) = tried(&hook).await;
    assert_eq!(delivery["status"], "delivered", "{delivery}");
    assert_eq!(attempt(&delivery)["answer"], "ok");
    assert!(attempt(&delivery)["latency_ms"].as_u64().unwrap() >= 14_000);
    assert_eq!(hook.caught().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_drips_for_ever_is_given_up_after_fifteen_seconds() {
    let hook = Hook::start(|_| Reply::Drip).await.unwrap();
    let (_world, _app, _rest, delivery) = tried(&hook).await;
    assert_eq!(delivery["status"], "pending", "{delivery}");
    assert!(attempt(&delivery)["error"].as_str().is_some(), "{delivery}");
    let latency = attempt(&delivery)["latency_ms"].as_u64().unwrap();
    assert!((15_000..45_000).contains(&latency), "{latency} ms");
    assert!(delivery["next_attempt_at"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_a_gigabyte_is_not_taken() {
    let hook = Hook::start(|_| Reply::Flood(1 << 30)).await.unwrap();
    let (_world, _app, _rest, delivery) = tried(&hook).await;
    assert_eq!(delivery["status"], "delivered", "it did say 200: {delivery}");
    assert_eq!(attempt(&delivery)["answer"].as_str().unwrap().len(), 2048);
    // What the connection's buffers hold, and no more.
    assert!(hook.taken() < 64 << 20, "{} bytes were taken", hook.taken());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_itself_is_a_failure_and_is_not_followed() {
    let hook = Hook::start(|_| Reply::Status(302, "location: /hook\r\n".into())).await.unwrap();
    let (_world, _app, _rest, delivery) = tried(&hook).await;
    assert_eq!(
        (delivery["status"].as_str(), attempt(&delivery)["status"].as_u64()),
        (Some("pending"), Some(302)),
        "{delivery}"
    );
    assert_eq!(hook.caught().len(), 1, "it was followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_disables_its_endpoint_and_loses_nothing() {
    let hook = Hook::start(|_| Reply::Status(410, String::new())).await.unwrap();
    let (_world, app, rest, delivery) = tried(&hook).await;
    let endpoint = delivery["webhook_id"].as_str().unwrap();
    let mut events = app.events(Some(0)).await.unwrap();
    events.wait("webhook.disabled", |e| e.name == "webhook.disabled").await.unwrap();
    let shown = rest.get(&format!("/v1/webhooks/{endpoint}")).await.unwrap();
    assert_eq!((shown["status"].as_str(), shown["pending"].as_u64()), (Some("disabled"), Some(1)), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_comes_back_gets_everything_in_order_also_over_a_restart() {
    let up = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_up = up.clone();
    let hook = Hook::start(move |_| match is_up.load(std::sync::atomic::Ordering::SeqCst) {
        true => Reply::Status(200, String::new()),
        false => Reply::Status(500, String::new()),
    })
    .await
    .unwrap();
    let (_world, app, rest, delivery) = tried(&hook).await;
    let endpoint = delivery["webhook_id"].as_str().unwrap().to_owned();
    rest.act(&format!("/v1/webhooks/{endpoint}/pause")).await.unwrap();
    for name in ["Kitchen", "Bar", "Garden"] {
        rest.post("/v1/channels", json!({ "name": name, "start": false })).await.unwrap();
    }
    let options = app.kill().await.unwrap();
    let refused = hook.caught().len();
    up.store(true, std::sync::atomic::Ordering::SeqCst);

    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    let shown = rest.get(&format!("/v1/webhooks/{endpoint}")).await.unwrap();
    assert_eq!(shown["status"], "paused", "{shown}");
    rest.act(&format!("/v1/webhooks/{endpoint}/resume")).await.unwrap();
    let caught = hook.wait(refused + 4).await.unwrap();
    let names: Vec<String> =
        caught[refused..].iter().map(|c| c.json().unwrap()["data"]["channel"]["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["Front desk", "Kitchen", "Bar", "Garden"]);
}
