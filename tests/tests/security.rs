//! docs/security.md names, for every defence, a test that shows it. Those tests have to be there; and one of them is here: what an
//! app can do to what a person decided.
#![allow(clippy::unwrap_used)]

use acceptance::apps::{App, Asking};
use acceptance::{Rest, Whatisup, World};
use reqwest::Method;
use serde_json::{Value, json};
use std::fs;

/// (the line, the test's name, its file) of each link of the form [`name`](../file.rs).
fn named(text: &str) -> Vec<(String, String, String)> {
    let mut named = Vec::new();
    for line in text.lines() {
        for rest in line.split("[`").skip(1) {
            let Some((name, rest)) = rest.split_once("`](../") else { continue };
            let Some((file, _)) = rest.split_once(')') else { continue };
            if file.ends_with(".rs") && !name.contains("::") {
                named.push((line.to_owned(), name.to_owned(), file.to_owned()));
            }
        }
    }
    named
}

#[test]
fn every_defence_names_a_test_that_is_there() {
    let root = acceptance::binaries::repository();
    let text = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let all = named(&text);
    assert!(all.len() > 40, "this test looks at the wrong text");
    for (_, name, file) in &all {
        let source = fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let at = source.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("{file} has no {name}"));
        let before: Vec<_> = source[..at].lines().rev().take(4).collect();
        assert!(before.iter().any(|line| line.contains("test")), "{name} in {file} is no test");
        assert!(!before.iter().any(|line| line.contains("#[ignore")), "{name} in {file} is never run");
    }
    // Each line of a table of defences; the tables before them have other headings.
    let (mut within, mut rows) = (false, 0);
    for line in text.lines() {
        if line.starts_with('|') {
            within |= line.contains("| shown by |");
            if within && !line.contains("shown by") && !line.starts_with("|---") {
                rows += 1;
                assert!(all.iter().any(|(of, ..)| of == line), "no test shows this: {line}");
            }
        } else {
            within = false;
        }
    }
    assert!(rows > 20, "this test looks at the wrong tables");
}

/// Status and word of what is answered to this request.
async fn told(rest: &Rest, method: Method, path: &str, body: Value) -> (u16, String) {
    let body = (method != Method::GET && method != Method::DELETE).then_some(body);
    let (status, answer) = rest.call(method, path, body).await.unwrap();
    (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
}

fn unused(thing: &mut Value) {
    for told in ["last_used_at", "last_from", "requests_today"] {
        thing.as_object_mut().unwrap().remove(told);
    }
}

fn permits(scopes: &[&str]) -> Value {
    scopes.iter().map(|scope| json!({ "scope": scope })).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_manages_apps_takes_away_and_gives_nothing() {
    let world = World::with_phones(1).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let admin = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&admin, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let channel = channel.as_str();
    let manager = App::make(&admin, "Manager", permits(&["apps:manage", "channels:read"])).await.unwrap();
    let till = json!({ "name": "Till", "permits": [{ "scope": "messages:send:ask" }, { "scope": "messages:read", "channels": [channel] }],
        "origins": ["https://till.example"], "limits": 60 });
    let till = App::of(&admin, till).await.unwrap();
    let shut = App::make(&admin, "Shut out", permits(&["channels:read"])).await.unwrap();
    let off = json!({ "disabled": true });
    admin.call(Method::PATCH, &format!("/v1/apps/{}", shut.id), Some(off)).await.unwrap();
    let ask = json!({ "name": "Accomplice", "reason": "To be let in by the manager", "scopes": ["channels:read"] });
    let asking = Asking::to_be_let_in(&app.base(), ask).await.unwrap();
    let proposed = till.rest.send_text(channel, "+15550100123", "may the till write this?").await.unwrap();
    assert_eq!(proposed["status"], "asking", "{proposed}");
    let proposed = proposed["id"].as_str().unwrap();

    // More for itself, for another, for a new one; an answer in a person's place; a further key to what it is not.
    let (me, other) = (format!("/v1/apps/{}", manager.id), format!("/v1/apps/{}", till.id));
    let now = || async {
        let mut seen = Vec::new();
        for id in [&manager.id, &till.id, &shut.id] {
            let mut shown = admin.get(&format!("/v1/apps/{id}")).await.unwrap();
            // That they were used is no change.
            let keys = shown["keys"].as_array_mut().unwrap().iter_mut();
            keys.for_each(unused);
            unused(&mut shown);
            seen.push(shown);
        }
        for path in ["/v1/apps/requests", "/v1/asks"] {
            seen.push(admin.get(path).await.unwrap());
        }
        let mut apps = admin.get("/v1/apps").await.unwrap();
        seen.push(json!(apps["items"].as_array_mut().unwrap().len()));
        seen
    };
    let before = now().await;
    let everything = permits(&["apps:manage", "channels:read", "channels:manage", "messages:send"]);
    let one_more = json!([{ "scope": "messages:send:ask" }, { "scope": "messages:read", "channels": [channel] }, { "scope": "events:read" }]);
    let wider = json!([{ "scope": "messages:send:ask" }, { "scope": "messages:read" }]);
    let unasked = json!([{ "scope": "messages:send" }, { "scope": "messages:read", "channels": [channel] }]);
    let exchanged = permits(&["channels:read"]);
    for (method, path, body) in [
        (Method::PATCH, me.clone(), json!({ "permits": everything })),
        (Method::PATCH, me.clone(), json!({ "origins": ["https://manager.example"] })),
        (Method::PATCH, me.clone(), json!({ "programs": ["/bin/sh"] })),
        (Method::PATCH, other.clone(), json!({ "permits": one_more })),
        (Method::PATCH, other.clone(), json!({ "permits": wider })),
        (Method::PATCH, other.clone(), json!({ "permits": unasked })),
        (Method::PATCH, other.clone(), json!({ "permits": exchanged })),
        (Method::PATCH, other.clone(), json!({ "origins": ["https://till.example", "https://manager.example"] })),
        (Method::PATCH, other.clone(), json!({ "limits": null })),
        (Method::PATCH, me.clone(), json!({ "limits": 100_000 })),
        (Method::PATCH, other.clone(), json!({ "limits": 61 })),
        (Method::PATCH, format!("/v1/apps/{}", shut.id), json!({ "disabled": false })),
        (Method::POST, "/v1/apps".to_owned(), json!({ "name": "Mine", "permits": permits(&["channels:read"]) })),
        (Method::POST, format!("{me}/keys"), json!({})),
        (Method::POST, format!("{other}/keys"), json!({})),
        (Method::POST, format!("{me}/keys/{}/rotate", manager.key_id), json!({})),
        (Method::POST, format!("{other}/keys/{}/rotate", till.key_id), json!({})),
        (Method::POST, format!("/v1/apps/requests/{}/allow", asking.id), json!({})),
        (Method::POST, format!("/v1/apps/requests/{}/deny", asking.id), json!({})),
        (Method::POST, format!("/v1/messages/{proposed}/approve"), json!({})),
        (Method::POST, format!("/v1/messages/{proposed}/deny"), json!({})),
        (Method::POST, "/v1/sign-in-links".to_owned(), json!({})),
    ] {
        let answer = told(&manager.rest, method.clone(), &path, body.clone()).await;
        assert_eq!(answer, (403, "person_only".to_owned()), "{method} {path} {body}");
        assert_eq!(now().await, before, "refused, and done nevertheless: {method} {path} {body}");
    }
    assert_eq!(asking.poll(0).await.unwrap().1["state"], "waiting");

    // Less is possible: for another, at once and for good.
    let patch = async |path: &str, body: Value| manager.rest.call(Method::PATCH, path, Some(body)).await.unwrap();
    let (status, narrowed) =
        patch(&other, json!({ "permits": permits(&["messages:send:ask"]), "origins": [], "limits": 30 })).await;
    assert_eq!((status.as_u16(), &narrowed["origins"], &narrowed["limits"]), (200, &json!([]), &json!(30)), "{narrowed}");
    let reading = format!("/v1/channels/{channel}/messages");
    assert_eq!(told(&till.rest, Method::GET, &reading, Value::Null).await, (403, "scope_missing".to_owned()));
    let back = json!({ "permits": before[1]["permits"] });
    assert_eq!(told(&manager.rest, Method::PATCH, &other, back).await, (403, "person_only".to_owned()));
    assert_eq!(patch(&other, json!({ "disabled": true })).await.0.as_u16(), 200);
    assert_eq!(told(&till.rest, Method::GET, "/v1/me", Value::Null).await.0, 401);
    assert_eq!(told(&manager.rest, Method::PATCH, &other, json!({ "disabled": false })).await.1, "person_only");
    manager.rest.delete(&format!("/v1/apps/{}", shut.id)).await.unwrap();

    // And for itself; not even it comes back from there, nor does a new start bring anything back.
    assert_eq!(patch(&me, json!({ "permits": permits(&["channels:read"]) })).await.0.as_u16(), 200);
    let all = json!({ "permits": permits(&["apps:manage", "channels:read"]) });
    assert_eq!(told(&manager.rest, Method::PATCH, &me, all).await, (403, "scope_missing".to_owned()));
    let app = Whatisup::start(app.terminate().await.unwrap()).await.unwrap();
    let mine = manager.rest.get("/v1/me").await.unwrap()["permits"].clone();
    assert_eq!((mine.as_array().unwrap().len(), &mine[0]["scope"]), (1, &json!("channels:read")), "{mine}");
    assert_eq!(told(&till.rest, Method::GET, "/v1/me", Value::Null).await.0, 401);
    app.terminate().await.unwrap();
}
