//! What a key may do and see: every route as it declares it, and every list within the key's reach.

use crate::apps::{made, with};
use crate::events::Stream;
use crate::rig::{Answer, Doors, Rig};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const CHANNEL: &str = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2";
const ADA: &str = "15550100123@s.whatsapp.net";

/// A documented route: method, path, and what it declares.
struct Route {
    method: Method,
    path: String,
    need: Value,
    responses: Vec<String>,
}

fn routes() -> Vec<Route> {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            routes.push(Route {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                need: operation["x-permission"].clone(),
                responses: operation["responses"].as_object().unwrap().keys().cloned().collect(),
            });
        }
    }
    assert!(routes.len() > 50, "{}", routes.len());
    routes
}

/// The path with an id of something that is not there.
fn nowhere(path: &str) -> String {
    let kind = ["messages", "webhooks", "deliveries", "apps/requests", "apps"];
    let prefix = ["msg_", "wh_", "dlv_", "req_", "app_"];
    let at = kind.iter().position(|kind| path.starts_with(&format!("/v1/{kind}/")));
    let id = CHANNEL.replace("ch_", at.map_or("ch_", |at| prefix[at]));
    path.replace("{id}", &id).replace("{key}", &CHANNEL.replace("ch_", "key_"))
}

/// A key with these scopes, bound to nothing.
async fn key_with(rig: &Rig, scopes: &[&str]) -> String {
    made(rig, json!({"name": "Agent", "scopes": scopes})).await.1
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or(""))
}

#[test]
fn every_route_says_what_it_needs() {
    let scopes: Vec<&str> = domain::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    for Route { method, path, need, responses } in routes() {
        let kind = need["kind"].as_str().unwrap_or_else(|| panic!("{method} {path} needs nothing that is known"));
        let told = |status: &str| responses.iter().any(|r| r == status);
        match kind {
            "open" | "sign_in" | "poll_token" => {}
            "known" => assert!(told("401"), "{method} {path}"),
            "person" => assert!(told("401") && told("403"), "{method} {path}"),
            "scope" => {
                assert!(told("401") && told("403"), "{method} {path}");
                assert!(scopes.contains(&need["scope"].as_str().unwrap()), "{method} {path}: {need}");
                match need["of"].as_str().unwrap() {
                    "anything" | "every_channel" => assert_eq!(need.get("in"), None),
                    "channel" | "message" | "webhook" | "delivery" => {
                        assert!(told("404"), "{method} {path}");
                        assert!(path.contains(&format!("{{{}}}", need["in"].as_str().unwrap())), "{method} {path}");
                    }
                    of => panic!("{method} {path}: {of}"),
                }
            }
            other => panic!("{method} {path}: {other}"),
        }
    }
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    let open: Vec<String> =
        routes().into_iter().filter(|r| r.need["kind"] == "open").map(|r| format!("{} {}", r.method, r.path)).collect();
    assert_eq!(open, ["GET /livez", "POST /v1/apps/requests"], "nothing else is open: {}", document["info"]["title"]);
}

#[tokio::test]
async fn a_key_that_lacks_what_a_route_needs_learns_nothing_and_changes_nothing() {
    let rig = Rig::start().await;
    let tip = *rig.ledger.tip().borrow();
    for Route { method, path, need, .. } in routes() {
        // All scopes but the one that is needed, and those that would imply it.
        let needed = need["scope"].as_str().unwrap_or("");
        let scopes: Vec<&str> = domain::Scope::ALL
            .iter()
            .filter(|scope| needed.is_empty() || !scope.implies(needed.parse().unwrap()))
            .map(|scope| scope.as_str())
            .collect();
        let expected = match need["kind"].as_str().unwrap() {
            "person" => (403, "person_only"),
            "scope" => (403, "scope_missing"),
            _ => continue,
        };
        let key = key_with(&rig, &scopes).await;
        let request = rig.bare(method.clone(), &nowhere(&path)).bearer_auth(&key);
        // Also a body that is none: it is not looked at before.
        let request = if method == Method::GET { request } else { request.header("content-type", "text/plain").body("x") };
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(code(&answer), expected, "{method} {path}");
        if expected.1 == "scope_missing" {
            assert!(answer.body["detail"].as_str().unwrap().contains(needed), "{}", answer.body);
            assert!(answer.header("www-authenticate").contains("insufficient_scope"));
        }
    }
    assert_eq!(rig.get("/v1/channels").await.body["items"], json!([]));
    let happened: Vec<String> = rig.kinds("*").await.into_iter().filter(|kind| !kind.starts_with("app.")).collect();
    assert_eq!(happened, Vec::<String>::new(), "since {tip}");
    rig.stop().await;
}

#[tokio::test]
async fn what_is_out_of_reach_is_as_if_it_were_not_there() {
    let mut rig = Rig::start().await;
    let (mine, other) = (rig.stopped("Front desk").await, rig.stopped("Back office").await);
    let id = mine.rsplit('/').next().unwrap();
    let scopes: Vec<&str> = domain::Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    let (_, key) = made(&rig, json!({"name": "Agent", "scopes": scopes, "channels": [id]})).await;
    let body = json!({"to": "+15550100123", "content": {"type": "text", "text": "Hello"}});
    let message = rig.post(&format!("{other}/messages"), body).await.body["id"].as_str().unwrap().to_owned();
    let hook =
        rig.post("/v1/webhooks", json!({"url": "http://127.0.0.1:9/hooks"})).await.body["id"].as_str().unwrap().to_owned();
    let before = *rig.ledger.tip().borrow();
    for Route { method, path, need, .. } in routes() {
        let there = match need["of"].as_str() {
            Some("channel") => path.replace("{id}", other.rsplit('/').next().unwrap()),
            Some("message") => path.replace("{id}", &message),
            Some("webhook") => path.replace("{id}", &hook),
            _ => continue,
        };
        let reached = with(&rig, &key, method.clone(), &there, None).await;
        assert_eq!(code(&reached), (404, "not_found"), "{method} {path}");
        // Word for word what is answered for something that is not there at all.
        let missed = with(&rig, &key, method.clone(), &nowhere(&path), None).await;
        assert_eq!(reached.body, missed.body, "{method} {path}");
    }
    assert_eq!(*rig.ledger.tip().borrow(), before, "nothing was changed");
    let whole = with(&rig, &key, Method::POST, "/v1/channels", Some(json!({"name": "Third"}))).await;
    assert_eq!(code(&whole), (403, "scope_missing"), "a channel that will be is in nobody's reach who has some");
    assert_eq!(with(&rig, &key, Method::GET, &mine, None).await.status, 200);
    rig.stop().await;
}

#[tokio::test]
async fn lists_and_numbers_hold_what_the_key_reaches() {
    let mut rig = Rig::start().await;
    let (mine, other) = (rig.stopped("Front desk").await, rig.stopped("Back office").await);
    for (channel, to) in [(&mine, "+15550100123"), (&mine, "+15550100124"), (&other, "+15550100123")] {
        let body = json!({"to": to, "content": {"type": "text", "text": "Hello"}});
        assert_eq!(rig.post(&format!("{channel}/messages"), body).await.status, 202);
    }
    rig.post("/v1/webhooks", json!({"url": "http://127.0.0.1:9/hooks"})).await;
    let id = mine.rsplit('/').next().unwrap();
    let scopes = ["channels:read", "messages:read", "events:read", "webhooks:manage"];
    let (_, key) =
        made(&rig, json!({"name": "Agent", "scopes": scopes, "channels": [id], "recipients": ["+15550100123"]})).await;
    let get = |path: String| {
        let (rig, key) = (&rig, &key);
        async move { with(rig, key, Method::GET, &path, None).await.body }
    };

    let channels = get("/v1/channels".into()).await;
    assert_eq!(channels["items"].as_array().unwrap().iter().map(|c| &c["id"]).collect::<Vec<_>>(), [id]);
    let messages = get(format!("{mine}/messages")).await;
    assert_eq!(messages["items"].as_array().unwrap().iter().map(|m| &m["chat"]).collect::<Vec<_>>(), [ADA]);
    assert_eq!(get(format!("{mine}/messages?chat=%2B15550100124")).await["items"], json!([]));
    let outbox = get("/v1/outbox".into()).await;
    assert_eq!((outbox["items"].as_array().unwrap().len(), &outbox["counts"]["queued"]), (1, &json!(1)));
    let asked = get(format!("/v1/outbox?channel={}", other.rsplit('/').next().unwrap())).await;
    assert_eq!(asked["code"], "not_found");
    assert_eq!(get("/v1/webhooks".into()).await["items"], json!([]));
    assert_eq!(rig.get("/v1/outbox").await.body["counts"]["queued"], 3);

    let metrics = get("/metrics".into()).await;
    let metrics = metrics.as_str().unwrap();
    assert!(metrics.contains(id) && !metrics.contains(other.rsplit('/').next().unwrap()), "{metrics}");
    assert!(!metrics.contains("http_requests") && !metrics.contains("outbox"), "{metrics}");
    assert_eq!(get("/v1/info".into()).await["data_dir"], Value::Null);
    assert!(get("/v1/stats".into()).await["messages"].is_array());

    let page = rig.bare(Method::GET, "/v1/events?limit=1000").bearer_auth(&key).header("accept", "application/json");
    let page = Answer::of(page.send().await.unwrap()).await.body;
    let events = page["items"].as_array().unwrap();
    assert!(events.iter().all(|e| e["channel_id"] == *id), "{page}");
    let told: Vec<&Value> =
        events.iter().filter(|e| e["type"] == "message.queued").map(|e| &e["data"]["message"]["chat"]).collect();
    assert_eq!(told, [ADA]);
    assert_eq!(page["next_after"], *rig.ledger.tip().borrow(), "what is left out was looked at");
    rig.stop().await;
}

#[tokio::test]
async fn a_stream_tells_what_the_key_may_hear_live_and_from_the_log() {
    let mut rig = Rig::start().await;
    let (mine, other) = (rig.stopped("Front desk").await, rig.stopped("Back office").await);
    let id = mine.rsplit('/').next().unwrap();
    let (_, key) = made(
        &rig,
        json!({"name": "Agent", "permits": [
            {"scope": "events:read", "channels": [id]}, {"scope": "messages:read", "channels": [id], "recipients": [ADA]}
        ]}),
    )
    .await;
    let start = *rig.ledger.tip().borrow();
    let mut live = Stream::open_with(&rig, &key, "", None).await;
    let snapshot = live.next().await.unwrap();
    assert_eq!(snapshot.body["channels"].as_array().unwrap().iter().map(|c| &c["id"]).collect::<Vec<_>>(), [id]);

    for (channel, to) in [(&other, "+15550100123"), (&mine, "+15550100124"), (&mine, "+15550100123")] {
        let body = json!({"to": to, "content": {"type": "text", "text": "Hello"}});
        assert_eq!(rig.post(&format!("{channel}/messages"), body).await.status, 202);
    }
    rig.patch(&other, json!({"name": "Third"})).await;
    rig.patch(&mine, json!({"name": "Fourth"})).await;
    let heard = |events: Vec<crate::events::Sent>| {
        events.into_iter().map(|e| (e.kind, e.body["channel_id"].as_str().unwrap_or("").to_owned())).collect::<Vec<_>>()
    };
    let expected = [("message.queued".to_owned(), id.to_owned()), ("channel.updated".to_owned(), id.to_owned())];
    assert_eq!(heard(live.take(2).await), expected);
    // The same from the log, by somebody who comes back.
    let mut back = Stream::open_with(&rig, &key, &format!("?after={start}"), None).await;
    assert_eq!(back.next().await.unwrap().kind, "snapshot");
    assert_eq!(heard(back.take(2).await), expected);
    rig.stop().await;
}

#[tokio::test]
async fn streams_end_when_the_key_does_or_may_less() {
    let rig = Rig::start().await;
    let (app, key) = made(&rig, json!({"name": "Agent", "scopes": ["events:read", "channels:read"]})).await;
    let mut stream = Stream::open_with(&rig, &key, "", None).await;
    stream.next().await.unwrap();
    let less = rig.patch(&format!("/v1/apps/{app}"), json!({"permits": [{"scope": "events:read"}]})).await;
    assert_eq!(less.status, 200, "{}", less.body);
    assert!(stream.next().await.is_none(), "it may do less now");
    let mut stream = Stream::open_with(&rig, &key, "", None).await;
    stream.next().await.unwrap();
    let keys = rig.get(&format!("/v1/apps/{app}/keys")).await.body;
    let path = format!("/v1/apps/{app}/keys/{}/revoke", keys["items"][0]["id"].as_str().unwrap());
    assert!(rig.bid(Method::POST, &path).await.status.is_success());
    assert!(stream.next().await.is_none(), "its key was revoked");
    assert_eq!(with(&rig, &key, Method::GET, "/v1/events", None).await.told(), "401 key_revoked");
    rig.stop().await;
}

#[tokio::test]
async fn a_message_goes_where_the_key_may_send_and_waits_where_it_may_only_ask() {
    let mut rig = Rig::start().await;
    let channel = rig.stopped("Front desk").await;
    let (_, key) = made(
        &rig,
        json!({"name": "Agent", "permits": [
            {"scope": "messages:send", "recipients": ["15550100123@s.whatsapp.net"]},
            {"scope": "messages:send:ask", "recipients": ["15550100124@s.whatsapp.net"]}
        ]}),
    )
    .await;
    let send = |to: &'static str| {
        let (rig, key, path) = (&rig, &key, format!("{channel}/messages"));
        let body = json!({"to": to, "content": {"type": "text", "text": "Hello"}});
        async move { with(rig, key, Method::POST, &path, Some(body)).await }
    };
    let sent = send("+15550100123").await;
    assert_eq!((sent.status.as_u16(), &sent.body["status"]), (202, &json!("queued")));
    let asked = send("+15550100124").await;
    assert_eq!((asked.status.as_u16(), &asked.body["status"]), (202, &json!("asking")));
    assert_eq!(send("+15550100125").await.told(), "403 recipient_not_allowed");
    assert_eq!(send("120363000000000000@g.us").await.told(), "403 recipient_not_allowed");

    // It may see and withdraw what it sent itself, and nothing else.
    let own = format!("/v1/messages/{}", asked.body["id"].as_str().unwrap());
    assert_eq!(with(&rig, &key, Method::GET, &own, None).await.body["status"], "asking");
    assert_eq!(with(&rig, &key, Method::DELETE, &own, None).await.body["status"], "cancelled");
    let body = json!({"to": "+15550100123", "content": {"type": "text", "text": "Hello"}});
    let others = rig.post(&format!("{channel}/messages"), body).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(with(&rig, &key, Method::GET, &format!("/v1/messages/{others}"), None).await.told(), "403 scope_missing");
    let asks_only = key_with(&rig, &["messages:send:ask"]).await;
    for path in [&own, &format!("/v1/messages/{others}")] {
        assert_eq!(with(&rig, &asks_only, Method::DELETE, path, None).await.told(), "403 scope_missing");
    }
    rig.stop().await;
}

/// A head that was let in is not a right that lasts until the body comes.
#[tokio::test]
async fn what_is_taken_away_while_a_body_is_on_its_way_is_not_done() {
    let mut rig = Rig::start().await;
    let channel = rig.stopped("Front desk").await;
    let (app, key) = made(&rig, json!({"name": "Agent", "scopes": ["messages:send", "webhooks:manage"]})).await;
    let bodies = [
        (format!("{channel}/messages"), json!({"to": "+15550100123", "content": {"type": "text", "text": "Hello"}})),
        ("/v1/webhooks".to_owned(), json!({"url": "https://198.51.100.7/hooks", "types": ["channel.connected"]})),
    ];
    let mut under_way = Vec::new();
    for (path, body) in bodies {
        let body = body.to_string();
        let mut stream = TcpStream::connect(rig.address()).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            rig.address(),
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // It says so when it begins to read: by then the key was looked at.
        let mut heard = [0; 256];
        let length = stream.read(&mut heard).await.unwrap();
        assert!(heard[..length].starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&heard));
        under_way.push((stream, body));
    }
    assert_eq!(rig.patch(&format!("/v1/apps/{app}"), json!({"disabled": true})).await.status, 200);
    for (mut stream, body) in under_way {
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        assert!(heard.starts_with("HTTP/1.1 503") && heard.contains("was changed while"), "{heard}");
    }
    assert_eq!(rig.get(&format!("{channel}/messages")).await.body["items"], json!([]));
    assert_eq!(rig.get("/v1/webhooks").await.body["items"], json!([]));
    rig.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_is_the_apps_own() {
    let mut rig = Rig::start().await;
    let path = format!("{}/messages", rig.stopped("Front desk").await);
    let (one, other) = (key_with(&rig, &["messages:send"]).await, key_with(&rig, &["messages:send"]).await);
    let send = |key: String, text: &'static str| {
        let body = json!({"to": "+15550100123", "content": {"type": "text", "text": text}});
        let request = rig.bare(Method::POST, &path).bearer_auth(key).header("idempotency-key", "order-7").json(&body);
        async move { Answer::of(request.send().await.unwrap()).await }
    };
    let first = send(one.clone(), "Hello").await;
    let second = send(other, "Good day").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (202, 202), "{}", second.body);
    assert_ne!(first.body["id"], second.body["id"]);
    let again = send(one.clone(), "Hello").await;
    assert_eq!((&again.body["id"], again.header("idempotent-replayed")), (&first.body["id"], "true"));
    assert_eq!(send(one, "Hello!").await.told(), "422 idempotency_key_reused");
    rig.stop().await;
}

#[tokio::test]
async fn a_webhook_is_its_apps_own_and_never_on_this_machine() {
    let rig = Rig::start().await;
    let (_, key) = made(&rig, json!({"name": "Agent", "scopes": ["webhooks:manage"]})).await;
    for url in ["http://127.0.0.1:9/hooks", "http://localhost:9/hooks", "http://192.168.0.1/hooks", "http://169.254.169.254/"] {
        let refused = with(&rig, &key, Method::POST, "/v1/webhooks", Some(json!({"url": url}))).await;
        assert_eq!(refused.told(), "422 invalid /url", "{url}");
    }
    assert_eq!(rig.get("/v1/webhooks").await.body["items"], json!([]));
    let made_by_hand = rig.post("/v1/webhooks", json!({"url": "http://127.0.0.1:9/hooks"})).await.body;
    assert_eq!((&made_by_hand["app_id"], &made_by_hand["trusted_addresses"]), (&Value::Null, &json!(true)));
    rig.stop().await;
}

#[tokio::test]
async fn an_address_that_an_app_names_is_not_trusted_because_the_one_before_was() {
    // Nothing happens that it asks to be told of, so nothing is sent anywhere.
    let rig = Rig::start_at(Doors { shipped: true, ..Doors::default() }).await;
    let (_, key) = made(&rig, json!({"name": "Agent", "scopes": ["webhooks:manage", "channels:read", "events:read"]})).await;
    let hook = json!({"url": "https://198.51.100.7/hooks", "types": ["channel.connected"]});
    let hook = with(&rig, &key, Method::POST, "/v1/webhooks", Some(hook)).await;
    assert_eq!((hook.status.as_u16(), &hook.body["trusted_addresses"]), (201, &json!(false)), "{}", hook.body);
    let path = format!("/v1/webhooks/{}", hook.body["id"].as_str().unwrap());
    let here = json!({"url": "http://127.0.0.1:9/hooks"});
    assert_eq!(with(&rig, &key, Method::PATCH, &path, Some(here.clone())).await.told(), "422 invalid /url");
    let by_hand = rig.patch(&path, here).await.body;
    assert_eq!((&by_hand["url"], &by_hand["trusted_addresses"]), (&json!("http://127.0.0.1:9/hooks"), &json!(true)));
    let words = with(&rig, &key, Method::PATCH, &path, Some(json!({"description": "Orders"}))).await.body;
    assert_eq!(words["trusted_addresses"], json!(true), "the address is the one that a person named");
    let other = json!({"url": "https://198.51.100.8/hooks"});
    assert_eq!(with(&rig, &key, Method::PATCH, &path, Some(other)).await.body["trusted_addresses"], json!(false));
    rig.stop().await;
}

#[tokio::test]
async fn who_guesses_is_told_to_wait_and_a_good_key_is_not() {
    let rig = Rig::start().await;
    let key = key_with(&rig, &["channels:read"]).await;
    let guess = |n: usize| format!("wiu_{n:043}");
    let mut told = Vec::new();
    for n in 0..12 {
        told.push(with(&rig, &guess(n), Method::GET, "/v1/channels", None).await.status.as_u16());
        assert_eq!(with(&rig, &key, Method::GET, "/v1/channels", None).await.status, 200);
    }
    assert_eq!(told, [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 429, 429]);
    let waits = with(&rig, &guess(99), Method::POST, "/v1/channels", Some(json!({"name": "x"}))).await;
    assert_eq!(waits.told(), "429 too_many_attempts");
    assert!((1..=60).contains(&waits.header("retry-after").parse::<u64>().unwrap()));
    // Who gives no key guesses none.
    let without = Answer::of(rig.bare(Method::GET, "/v1/channels").send().await.unwrap()).await;
    assert_eq!(
        (without.told().as_str(), without.header("www-authenticate")),
        ("401 unauthorized", "Bearer realm=\"WhatIsUp\"")
    );
    rig.stop().await;
}

#[tokio::test]
async fn what_is_done_and_what_is_refused_is_written_down_with_who_and_what() {
    let rig = Rig::start().await;
    let channel = rig.channel("Front desk").await;
    let id = channel.rsplit('/').next().unwrap();
    let (app, key) = made(&rig, json!({"name": "Agent", "scopes": ["channels:read", "channels:manage"]})).await;
    with(&rig, &key, Method::PATCH, &channel, Some(json!({"name": "Second"}))).await;
    with(&rig, &key, Method::GET, &channel, None).await;
    with(&rig, &key, Method::GET, "/v1/outbox", None).await;
    with(&rig, &key, Method::DELETE, "/v1/channels/ch_01j5a9k3m4n5p6q7r8s9t0v1w2", None).await;
    let audit = rig.get("/v1/audit").await.body;
    let lines: Vec<String> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["actor"]["app_id"] == json!(app) || e["app_id"] == json!(app))
        .map(|e| {
            let text = |name: &str| e[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {}", text("action"), text("target"), text("outcome"), text("detail"))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "DELETE /v1/channels/{id} ch_01j5a9k3m4n5p6q7r8s9t0v1w2 failed 404 not_found".to_owned(),
            "GET /v1/outbox - refused 403 scope_missing".to_owned(),
            format!("PATCH /v1/channels/{{id}} {id} done 200"),
        ],
        "{audit}"
    );
    rig.stop().await;
}

#[tokio::test]
async fn what_somebody_began_and_did_not_wait_for_is_written_down() {
    let mut rig = Rig::start().await;
    let channel = rig.channel("Front desk").await;
    let (_, key) = made(&rig, json!({"name": "Agent", "scopes": ["channels:manage"]})).await;
    let body = r#"{"phone":"+15550100123"}"#;
    let request = format!(
        "POST {channel}/pairing-code HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        rig.address(),
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(rig.address()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    // It is being carried out, and WhatsApp says nothing.
    rig.next_socket().await;
    drop(stream);
    let noted = |audit: &Value| {
        audit["items"].as_array().unwrap().iter().any(|e| {
            e["action"] == "POST /v1/channels/{id}/pairing-code"
                && e["outcome"] == "failed"
                && e["detail"].as_str().is_some_and(|detail| detail.contains("went away"))
        })
    };
    rig.eventually("/v1/audit", noted).await;
    rig.stop().await;
}

/// A program that a person lets in by its file needs no key on the Unix socket, and only there.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_program_that_is_let_in_by_its_file_needs_no_key_on_the_socket() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let rig = Rig::start_at(crate::rig::Doors { socket: true, ..Default::default() }).await;
    let ask = |path: &str| {
        let text = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let socket = rig.bound.socket().unwrap().to_owned();
        async move {
            let mut stream = tokio::net::UnixStream::connect(socket).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap()
        }
    };
    assert_eq!(ask("/v1/channels").await, 401);
    let program = std::env::current_exe().unwrap();
    let body = json!({"name": "This test", "scopes": ["channels:read"], "programs": [program]});
    let (app, _) = made(&rig, body).await;
    assert_eq!((ask("/v1/channels").await, ask("/v1/outbox").await), (200, 403), "with what it may do and no more");
    assert_eq!(rig.bare(Method::GET, "/v1/channels").send().await.unwrap().status(), 401, "not by another door");
    rig.patch(&format!("/v1/apps/{app}"), json!({"disabled": true})).await;
    assert_eq!(ask("/v1/channels").await, 401);
    rig.stop().await;
}
