//! The control API over HTTP, as the dashboard's panel and other programs' tests use it.
#![allow(clippy::unwrap_used)]

mod client;

use std::net::SocketAddr;
use std::time::Duration;

use client::{Client, PATIENCE};
use futures::StreamExt as _;
use reqwest::StatusCode;
use sandbox::phone::Phones;
use sandbox::{Sandbox, SandboxConfig, control};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

struct Panel {
    sandbox: Sandbox,
    phones: Phones,
    address: SocketAddr,
    http: reqwest::Client,
    _stop: DropGuard,
}

impl Panel {
    async fn open() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let phones = Phones::with_people(sandbox.network().clone(), 2).await.unwrap();
        let listener = control::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(control::serve(listener, phones.clone(), stop.clone()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox, phones, address, http, _stop: stop.drop_guard() }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let answer = self.http.post(self.url(path)).json(&body).send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn linked(&self) -> Client {
        let mut client = Client::start(self.sandbox.url()).await;
        let answer = self.done("/scan", json!({ "qr": client.qr_code().await })).await;
        assert_eq!(answer["device"], "15550100101:1@s.whatsapp.net");
        client.connected().await;
        client
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panel_links_a_client_reads_what_it_wrote_answers_and_unlinks_it() {
    let panel = Panel::open().await;
    let mut client = panel.linked().await;
    let state = panel.get("/state").await;
    assert_eq!(state["phones"][0]["name"], "Ada");
    assert_eq!(state["phones"][0]["linked_devices"][0]["online"], true);
    assert_eq!(state["counters"]["logins_xx"], 1);

    client.handle.client().send_text(wacore_binary::Jid::pn("15550100102"), "hello").await.unwrap();
    let grace = panel.phones.get("15550100102").unwrap();
    let message = grace.wait_for_message(PATIENCE, |message| message.content.text() == Some("hello")).await.unwrap();
    let messages = panel.get("/phones/15550100102/messages").await;
    assert_eq!((&messages[0]["text"], &messages[0]["direction"]), (&json!("hello"), &json!("in")));
    assert_eq!(messages[0]["chat"], "15550100101@s.whatsapp.net");
    panel.done(&format!("/phones/15550100102/messages/{}/read", message.id), json!(null)).await;
    assert_eq!(panel.get("/phones/15550100102/conversations").await[0]["unread"], 0);

    let sent = panel.done("/phones/15550100102/messages", json!({ "to": "+1 555 0100 101", "text": "hi" })).await;
    assert!(sent["id"].as_str().is_some_and(|id| !id.is_empty()));
    client.text("hi").await;

    let gone = panel.done("/phones/15550100101/unlink", json!({})).await;
    assert_eq!(gone["devices"], json!(["15550100101:1@s.whatsapp.net"]));
    assert_eq!(panel.get("/phones/15550100101").await["linked_devices"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_tell_of_pairing_login_and_messages() {
    let panel = Panel::open().await;
    let mut stream = panel.http.get(panel.url("/events")).send().await.unwrap().bytes_stream();
    let _client = panel.linked().await;
    panel.done("/phones/15550100102/messages", json!({ "to": "15550100101", "text": "look" })).await;
    let mut text = String::new();
    let wanted = ["event: paired", "event: login", "event: message", "\"text\":\"look\""];
    let read = async {
        while !wanted.iter().all(|line| text.contains(line)) {
            text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("missing something in {text}"));
}

#[tokio::test]
async fn phones_are_made_changed_and_named_apart() {
    let panel = Panel::open().await;
    let (status, phone) = panel.post("/phones", json!({ "name": "Mary", "number": "+1 555 0100 150" })).await;
    assert_eq!((status, &phone["number"]), (StatusCode::CREATED, &json!("15550100150")));
    let (status, problem) = panel.post("/phones", json!({ "number": "15550100150" })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("number_taken")));
    let (status, _) = panel.post("/phones", json!({})).await;
    assert_eq!(status, StatusCode::CREATED);

    let patch = json!({ "online": false, "auto_reply": true });
    let answer = panel.http.patch(panel.url("/phones/15550100150")).json(&patch).send().await.unwrap();
    let phone: Value = answer.json().await.unwrap();
    assert_eq!((&phone["online"], &phone["auto_reply"]), (&json!(false), &json!(true)));
    let (status, problem) = panel.post("/phones/15550100150/messages", json!({ "to": "15550100101", "text": "x" })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("phone_offline")));
}

#[tokio::test]
async fn faults_are_injected_listed_and_healed() {
    let panel = Panel::open().await;
    panel.done("/faults", json!({ "kind": "slow", "latency_ms": 5 })).await;
    assert_eq!(panel.get("/faults").await, json!([{ "kind": "slow", "device": null }]));
    panel.http.delete(panel.url("/faults")).send().await.unwrap();
    assert_eq!(panel.get("/state").await["faults"], json!([]));
    for kind in ["drop", "hang", "half_open", "refuse", "unavailable", "replaced", "banned", "outdated", "passkey"] {
        panel.done("/faults", json!({ "kind": kind, "seconds": 60 })).await;
    }
    for kind in ["swallow_acks", "delay_acks", "drop_before_ack", "swallow", "delay"] {
        panel.done("/faults", json!({ "kind": kind, "count": 2, "way": "from_client", "tag": "receipt" })).await;
    }
    panel.done("/faults", json!({ "kind": "nack", "code": 463, "count": 3 })).await;
    let (status, problem) = panel.post("/faults", json!({ "kind": "stream_error" })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("code_missing")));
    panel.done("/reset", json!(null)).await;
    assert_eq!(panel.get("/faults").await, json!([]));
}

#[tokio::test]
async fn messages_are_written_by_the_hundred_held_back_amended_and_counted() {
    let panel = Panel::open().await;
    let (ada, grace) = ("/phones/15550100101", "/phones/15550100102");
    let many = json!({ "to": "15550100102", "count": 100, "prefix": "n" });
    let sent = panel.done(&format!("{ada}/messages/bulk"), many).await;
    assert_eq!(sent["ids"].as_array().unwrap().len(), 100);
    let late = panel.done(&format!("{ada}/messages"), json!({ "to": "15550100102", "text": "late", "hold": true })).await;
    let late = late["id"].as_str().unwrap();
    panel.done(&format!("{ada}/messages/{late}/edit"), json!({ "text": "later" })).await;
    panel.done(&format!("{ada}/messages/{late}/reaction"), json!({ "emoji": "👍" })).await;
    panel.done(&format!("{grace}/receipts"), json!({ "to": "15550100101", "ids": [late], "kind": "read" })).await;
    panel.done(&format!("{ada}/messages/{late}/release"), json!(null)).await;
    panel.done(&format!("{ada}/messages/{late}/revoke"), json!(null)).await;

    let phone = panel.phones.get("15550100102").unwrap();
    phone.wait_for_message(PATIENCE, |message| message.content.kind() == "revoke").await.unwrap();
    let arrivals = panel.get(&format!("{grace}/arrivals")).await;
    assert_eq!((&arrivals["messages"], &arrivals["duplicates"]), (&json!(104), &json!(0)));
    assert_eq!(arrivals["chats"][0]["messages"][99]["text"], "n100");
    let list = panel.get(&format!("{grace}/messages?direction=in&from=100&limit=3")).await;
    let list: Vec<_> = list.as_array().unwrap().iter().map(|m| (m["place"].clone(), m["kind"].clone())).collect();
    let expected = [(100, "edit"), (101, "reaction"), (102, "text")].map(|(place, kind)| (json!(place), json!(kind)));
    assert_eq!(list, expected);

    let (status, problem) = panel.post(&format!("{ada}/messages/bulk"), json!({ "to": "15550100102" })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("invalid_field")));
}

#[tokio::test]
async fn a_lasting_fault_with_seconds_heals_by_itself() {
    let panel = Panel::open().await;
    let mut events = panel.phones.network().events();
    panel.done("/faults", json!({ "kind": "unavailable", "seconds": 1 })).await;
    let healed = async { while !matches!(events.recv().await.unwrap(), sandbox::NetworkEvent::Healed { .. }) {} };
    tokio::time::timeout(Duration::from_secs(20), healed).await.unwrap();
    assert_eq!(panel.get("/faults").await, json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_as_a_problem() {
    let panel = Panel::open().await;
    for (path, body, status, code) in [
        ("/scan", json!({ "qr": "hello" }), 422, "unreadable_qr"),
        ("/phones/15550100101/enter-code", json!({ "code": "ABCD1234" }), 409, "no_code_requested"),
        ("/phones/15550100199/scan", json!({ "qr": "x" }), 404, "no_such_phone"),
        ("/phones/15550100101/messages", json!({ "to": "15550100199", "text": "x" }), 422, "no_such_account"),
        ("/phones/15550100101/messages/nope/read", json!(null), 404, "no_such_message"),
        ("/phones/15550100101/messages", json!({ "to": "15550100102" }), 422, "invalid_field"),
        ("/faults", json!({ "kind": "gremlins" }), 422, "invalid_field"),
        ("/nowhere", json!({}), 404, "no_such_call"),
        ("/state", json!({}), 405, "wrong_method"),
    ] {
        let (got, problem) = panel.post(path, body).await;
        assert_eq!((got.as_u16(), problem["code"].as_str()), (status, Some(code)), "{path}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    // A form, which is what a web page can post, is not JSON.
    let form = panel.http.post(panel.url("/scan")).header("content-type", "text/plain").body("{\"qr\":\"x\"}");
    assert_eq!(form.send().await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn web_pages_get_nowhere() {
    let panel = Panel::open().await;
    let get = |name: &'static str, value: String| panel.http.get(panel.url("/state")).header(name, value).send();
    let port = panel.address.port();
    for host in ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1".to_owned()] {
        assert_eq!(get("host", host).await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    for host in [format!("localhost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(get("host", host).await.unwrap().status(), StatusCode::OK);
    }
    for origin in ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1"] {
        assert_eq!(get("origin", origin.to_owned()).await.unwrap().status(), StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(get("origin", format!("http://127.0.0.1:{port}")).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn every_call_is_described_and_none_of_them_listens_beyond_loopback() {
    let panel = Panel::open().await;
    let docs = panel.get("/openapi.json").await;
    for path in ["/state", "/scan", "/phones/{number}/messages", "/faults", "/events", "/reset"] {
        assert!(docs["paths"][path].is_object(), "{path}");
    }
    assert!(control::bind(SocketAddr::from(([0, 0, 0, 0], 0))).await.is_err());
}
