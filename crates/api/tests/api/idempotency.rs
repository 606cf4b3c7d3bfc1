use crate::rig::Rig;
use reqwest::Method;
use serde_json::{Value, json};

fn text(text: &str) -> Value {
    json!({"to": "+15550100123", "content": {"type": "text", "text": text}})
}

/// Status, the headers that matter, and the body to the byte.
async fn send(rig: &Rig, path: &str, key: &str, body: &Value) -> (u16, String, String, String) {
    let request = rig.request(Method::POST, &format!("{path}/messages")).header("idempotency-key", key).json(body);
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
    let (status, location, replayed) = (answer.status().as_u16(), header("location"), header("idempotent-replayed"));
    (status, location, replayed, answer.text().await.unwrap())
}

async fn many(rig: &Rig, path: &str) -> usize {
    rig.get(&format!("{path}/messages")).await.body["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_answered_alike_and_sent_once() {
    let mut rig = Rig::start().await;
    let path = rig.stopped("Front desk").await;
    let body = json!({"to": "+15550100123", "content": {"type": "text", "text": "Hello"}, "send_at": "2100-01-01T00:00:00Z"});
    assert_eq!(send(&rig, &path, "far", &body).await.0, 422, "what was refused is not remembered");

    let (status, location, replayed, first) = send(&rig, &path, "order 7", &text("Hello")).await;
    assert_eq!((status, replayed.as_str()), (202, ""));
    let again = send(&rig, &path, "order 7", &text("Hello")).await;
    assert_eq!(again, (202, location.clone(), "true".to_owned(), first.clone()));
    // Written in another way, it asks for the same.
    let other = json!({"content": {"text": "Hello", "type": "text"}, "to": "15550100123@s.whatsapp.net"});
    assert_eq!(send(&rig, &path, "order 7", &other).await.3, first);

    // What becomes of the message changes nothing about the answer that was given; nor does another state of the channel.
    rig.bid(Method::DELETE, &location).await;
    rig.bid(Method::POST, &format!("{path}/logout")).await;
    rig.until(&path, "disconnected").await;
    assert_eq!(send(&rig, &path, "order 7", &text("Hello")).await, again);
    assert_eq!(many(&rig, &path).await, 1);

    let (dir, key) = rig.stop().await;
    let rig = Rig::start_in(dir, key).await;
    assert_eq!(send(&rig, &path, "order 7", &text("Hello")).await, again, "a restart forgets nothing");
    rig.stop().await;
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let mut rig = Rig::start().await;
    let path = rig.stopped("Front desk").await;
    let second = rig.stopped("Back office").await;
    assert_eq!(send(&rig, &path, "order 7", &text("Hello")).await.0, 202);
    let (status, _, _, body) = send(&rig, &path, "order 7", &text("Good-bye")).await;
    assert_eq!(status, 422);
    assert!(body.contains("\"code\":\"idempotency_key_reused\""), "{body}");
    assert_eq!(send(&rig, &second, "order 7", &text("Good-bye")).await.0, 202, "each channel has keys of its own");
    for bad in ["", "ä", &"x".repeat(256)] {
        let request = rig.request(Method::POST, &format!("{path}/messages")).header("idempotency-key", bad).json(&text("x"));
        let answer = crate::rig::Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.told(), "422 invalid Idempotency-Key", "{bad:?}");
    }
    assert_eq!((many(&rig, &path).await, many(&rig, &second).await), (1, 1));
    rig.stop().await;
}

#[tokio::test]
async fn requests_that_come_at_once_under_one_key_are_one_message() {
    let mut rig = Rig::start().await;
    let path = rig.stopped("Front desk").await;
    let hello = text("Hello");
    let all = futures::future::join_all((0..50).map(|_| send(&rig, &path, "order 7", &hello))).await;
    let taken: Vec<&String> = all.iter().filter(|a| a.0 == 202).map(|a| &a.3).collect();
    assert!(!taken.is_empty() && taken.iter().all(|body| *body == taken[0]));
    for (status, _, _, body) in all.iter().filter(|a| a.0 != 202) {
        assert!(*status == 409 && body.contains("\"code\":\"idempotency_in_flight\""), "{status} {body}");
    }
    assert_eq!(send(&rig, &path, "order 7", &hello).await.3, *taken[0], "it is in flight no longer");
    assert_eq!(many(&rig, &path).await, 1);
    rig.stop().await;
}
