//! Programs ask, people answer; apps and their keys.

use crate::rig::{Answer, PATIENCE, Rig};
use domain::{Actor, AuditEntry, Outcome};
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

fn wanted() -> Value {
    json!({"name": "Desk assistant", "reason": "To answer questions", "scopes": ["channels:read", "messages:send"]})
}

async fn ask(rig: &Rig, body: Value) -> Answer {
    Answer::of(rig.bare(Method::POST, "/v1/apps/requests").json(&body).send().await.unwrap()).await
}

async fn poll(rig: &Rig, asked: &Value) -> Answer {
    let path = asked["status_url"].as_str().unwrap();
    let token = asked["poll_token"].as_str().unwrap();
    Answer::of(rig.bare(Method::GET, path).bearer_auth(token).send().await.unwrap()).await
}

/// Asks as a program, allows as a person, and collects: the last answer.
async fn let_in(rig: &Rig, body: Value) -> Value {
    let asked = ask(rig, body).await.body;
    let allowed = rig.post(&format!("/v1/apps/requests/{}/allow", asked["id"].as_str().unwrap()), json!({})).await;
    assert_eq!(allowed.status, 200, "{}", allowed.body);
    poll(rig, &asked).await.body
}

/// Makes an app by hand; its id and its key.
pub async fn made(rig: &Rig, body: Value) -> (String, String) {
    let made = rig.post("/v1/apps", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    (made.body["app"]["id"].as_str().unwrap().to_owned(), made.body["key"].as_str().unwrap().to_owned())
}

pub async fn with(rig: &Rig, key: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = rig.bare(method, path).bearer_auth(key);
    let request = if let Some(body) = body { request.json(&body) } else { request };
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_program_asks_a_person_allows_and_the_key_is_told_once() {
    let rig = Rig::start().await;
    let asked = ask(&rig, wanted()).await;
    assert_eq!((asked.status.as_u16(), asked.header("location")), (202, asked.body["status_url"].as_str().unwrap()));
    let code = asked.body["code"].as_str().unwrap();
    assert_eq!((code.len(), code.as_bytes()[3]), (7, b'-'));
    assert_eq!(poll(&rig, &asked.body).await.body, json!({"state": "waiting"}));

    let waiting = rig.get("/v1/apps/requests").await.body;
    let seen = &waiting["items"][0];
    assert_eq!((&seen["id"], &seen["code"], &seen["state"]), (&asked.body["id"], &asked.body["code"], &json!("waiting")));
    assert_eq!((&seen["name"], &seen["reason"]), (&json!("Desk assistant"), &json!("To answer questions")));
    assert!(seen["words"].as_array().unwrap().contains(&json!("Send messages as you, without asking")), "{seen}");
    assert_eq!(seen["peer"]["door"], "tcp");
    if cfg!(target_os = "linux") {
        assert_eq!(seen["peer"]["program"]["pid"], std::process::id());
        assert_eq!(seen["peer"]["program"]["path"], std::env::current_exe().unwrap().to_str().unwrap());
    }

    let allowed = rig.post(&format!("/v1/apps/requests/{}/allow", asked.body["id"].as_str().unwrap()), json!({})).await;
    assert_eq!((allowed.status.as_u16(), &allowed.body["state"]), (200, &json!("allowed")));
    assert_eq!(rig.get("/v1/apps/requests").await.body["items"], json!([]));

    let told = poll(&rig, &asked.body).await.body;
    assert_eq!((&told["state"], &told["once"]), (&json!("allowed"), &json!(false)));
    let key = told["key"].as_str().unwrap();
    assert!(key.starts_with("wiu_") && key.len() == 47);
    assert_eq!(poll(&rig, &asked.body).await.body, json!({"state": "collected"}));

    let me = with(&rig, key, Method::GET, "/v1/me", None).await.body;
    assert_eq!(
        (&me["kind"], &me["person"], &me["app_id"], &me["key_id"]),
        (&json!("app"), &json!(false), &told["app"], &told["key_id"])
    );
    assert_eq!(me["permits"], told["permits"]);
    assert_eq!(with(&rig, key, Method::GET, "/v1/channels", None).await.status, 200);

    let apps = rig.get("/v1/apps").await.body;
    assert_eq!((&apps["items"][0]["id"], &apps["items"][0]["name"]), (&told["app"], &json!("Desk assistant")));
    assert_eq!(apps["items"][0]["keys"][0]["id"], told["key_id"]);
    for secret in [key, asked.body["poll_token"].as_str().unwrap(), code] {
        let log =
            rig.bare(Method::GET, "/v1/events?after=0").bearer_auth(rig.key.expose()).header("accept", "application/json");
        let log = log.send().await.unwrap().text().await.unwrap();
        assert!(log.contains("app.allowed") && !log.contains(secret), "{log}");
        assert!(!rig.get("/v1/audit").await.body.to_string().contains(secret));
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_person_gives_less_than_was_asked_for_and_never_more() {
    let rig = Rig::start().await;
    let channel = rig.channel("Front desk").await;
    let id = channel.rsplit('/').next().unwrap();
    let asked = ask(&rig, wanted()).await.body;
    // As a person types it.
    let code = asked["code"].as_str().unwrap().replace('-', "").to_lowercase();
    let answer = format!("/v1/apps/requests/{code}/allow");
    for (body, expected) in [
        (json!({"permits": [{"scope": "apps:manage"}]}), "422 invalid /permits"),
        (json!({"permits": [{"scope": "messages:read"}, {"scope": "channels:read"}]}), "422 invalid /permits"),
        (json!({"permits": []}), "422 invalid /permits"),
        (json!({"permits": [{"scope": "channels:read", "channels": []}]}), "422 invalid /permits/0/channels"),
        (json!({"permits": null}), "422 invalid /permits"),
        (json!({"expires_in": 1}), "422 invalid /expires_in"),
        (json!({"name": ""}), "422 invalid /name"),
        (json!({"forever": true}), "422 invalid /forever"),
    ] {
        assert_eq!(rig.post(&answer, body.clone()).await.told(), expected, "{body}");
    }
    let less = json!({"permits": [{"scope": "messages:send:ask", "channels": [id], "recipients": ["+15550100123"]}],
        "once": true, "expires_in": 3600, "name": "Desk"});
    assert_eq!(rig.post(&answer, less).await.status, 200);
    let told = poll(&rig, &asked).await.body;
    assert_eq!(
        told["permits"],
        json!([{"scope": "messages:send:ask", "channels": [id], "recipients": ["15550100123@s.whatsapp.net"]}])
    );
    assert_eq!(told["once"], true);
    assert!(told["key_expires_at"].is_string());
    let app = rig.get(&format!("/v1/apps/{}", told["app"].as_str().unwrap())).await.body;
    assert_eq!(app["name"], "Desk");
    assert_eq!((&app["keys"][0]["until_quit"], &app["keys"][0]["expires_at"]), (&json!(true), &told["key_expires_at"]));
    assert!(app["words"][0].as_str().unwrap().ends_with(", only on Front desk, only with +15550100123"), "{app}");
    assert_eq!(with(&rig, told["key"].as_str().unwrap(), Method::GET, "/v1/channels", None).await.told(), "403 scope_missing");
    rig.stop().await;
}

#[tokio::test]
async fn a_denied_program_hears_it_and_cannot_be_let_in_by_a_late_answer() {
    let rig = Rig::start().await;
    let asked = ask(&rig, wanted()).await.body;
    let id = asked["id"].as_str().unwrap();
    let denied = rig.bid(Method::POST, &format!("/v1/apps/requests/{id}/deny")).await;
    assert_eq!((denied.status.as_u16(), &denied.body["state"]), (200, &json!("denied")));
    assert_eq!(poll(&rig, &asked).await.body, json!({"state": "denied"}));
    assert_eq!(rig.post(&format!("/v1/apps/requests/{id}/allow"), json!({})).await.told(), "409 request_answered");
    assert_eq!(rig.get("/v1/apps").await.body["items"], json!([]));
    for nobody in ["req_01j5a9k3m4n5p6q7r8s9t0v1w2", "ZZZ-ZZZ", "nonsense", "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"] {
        assert_eq!(rig.post(&format!("/v1/apps/requests/{nobody}/allow"), json!({})).await.told(), "404 not_found", "{nobody}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn an_answer_is_held_back_until_somebody_decides() {
    let rig = Rig::start().await;
    let asked = ask(&rig, wanted()).await.body;
    let path = format!("{}?wait=30", asked["status_url"].as_str().unwrap());
    let token = asked["poll_token"].as_str().unwrap();
    let held = rig.bare(Method::GET, &path).bearer_auth(token).send();
    let (held, ()) = tokio::join!(held, async {
        let code = asked["code"].as_str().unwrap();
        assert_eq!(rig.post(&format!("/v1/apps/requests/{code}/allow"), json!({})).await.status, 200);
    });
    assert_eq!(Answer::of(held.unwrap()).await.body["state"], "allowed");
    let too_long = format!("{}?wait=31", asked["status_url"].as_str().unwrap());
    let refused = rig.bare(Method::GET, &too_long).bearer_auth(token).send().await.unwrap();
    assert_eq!(Answer::of(refused).await.told(), "422 invalid wait");
    rig.stop().await;
}

#[tokio::test]
async fn a_stream_tells_each_state_and_ends_with_the_last() {
    let rig = Rig::start().await;
    let asked = ask(&rig, wanted()).await.body;
    let stream = rig
        .bare(Method::GET, asked["status_url"].as_str().unwrap())
        .bearer_auth(asked["poll_token"].as_str().unwrap())
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut pieces = stream.bytes_stream();
    let first = tokio::time::timeout(PATIENCE, pieces.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&first), "event: state\ndata: {\"state\":\"waiting\"}\n\n");
    rig.post(&format!("/v1/apps/requests/{}/allow", asked["id"].as_str().unwrap()), json!({})).await;
    let mut rest = String::new();
    while let Some(piece) = tokio::time::timeout(PATIENCE, pieces.next()).await.unwrap() {
        rest.push_str(&String::from_utf8_lossy(&piece.unwrap()));
    }
    assert!(rest.contains("\"state\":\"allowed\"") && rest.contains("\"key\":\"wiu_"), "{rest}");
    rig.stop().await;
}

#[tokio::test]
async fn only_the_program_that_asked_hears_what_became_of_it() {
    let rig = Rig::start().await;
    let asked = ask(&rig, wanted()).await.body;
    let other = ask(&rig, wanted()).await.body;
    let path = asked["status_url"].as_str().unwrap();
    assert_eq!(Answer::of(rig.bare(Method::GET, path).send().await.unwrap()).await.told(), "401 unauthorized");
    for wrong in ["", "guess", other["poll_token"].as_str().unwrap(), rig.key.expose()] {
        assert_eq!(with(&rig, wrong, Method::GET, path, None).await.told(), "401 unauthorized", "{wrong}");
    }
    let nobody = "/v1/apps/requests/req_01j5a9k3m4n5p6q7r8s9t0v1w2";
    assert_eq!(with(&rig, asked["poll_token"].as_str().unwrap(), Method::GET, nobody, None).await.told(), "401 unauthorized");
    assert_eq!(with(&rig, "x", Method::GET, "/v1/apps/requests/nonsense", None).await.told(), "404 not_found");
    // Nor is the token good for anything else.
    assert_eq!(
        with(&rig, asked["poll_token"].as_str().unwrap(), Method::GET, "/v1/channels", None).await.told(),
        "401 unauthorized"
    );
    rig.stop().await;
}

#[tokio::test]
async fn no_key_of_an_app_answers_for_a_person() {
    let rig = Rig::start().await;
    let all = ["channels:manage", "messages:read", "messages:send", "events:read", "webhooks:manage", "apps:manage"];
    let (app, key) = made(&rig, json!({"name": "All", "scopes": all})).await;
    let asked = ask(&rig, wanted()).await.body;
    let id = asked["id"].as_str().unwrap();
    let message = "/v1/messages/msg_01j5a9k3m4n5p6q7r8s9t0v1w2";
    for (method, path) in [
        (Method::GET, "/v1/apps/requests".to_owned()),
        (Method::POST, format!("/v1/apps/requests/{id}/allow")),
        (Method::POST, format!("/v1/apps/requests/{id}/deny")),
        (Method::POST, "/v1/apps".to_owned()),
        (Method::POST, format!("/v1/apps/{app}/keys")),
        (Method::POST, format!("/v1/apps/{app}/keys/key_01j5a9k3m4n5p6q7r8s9t0v1w2/rotate")),
        (Method::GET, "/v1/asks".to_owned()),
        (Method::POST, format!("{message}/approve")),
        (Method::POST, format!("{message}/deny")),
    ] {
        let body = (method == Method::POST).then(wanted);
        assert_eq!(with(&rig, &key, method.clone(), &path, body).await.told(), "403 person_only", "{method} {path}");
    }
    assert_eq!(poll(&rig, &asked).await.body, json!({"state": "waiting"}));
    rig.stop().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let rig = Rig::start().await;
    let mut last = ask(&rig, wanted()).await;
    for _ in 0..9 {
        last = ask(&rig, wanted()).await;
    }
    assert_eq!(last.told(), "429 asked_too_often");
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(rig.get("/v1/apps/requests").await.body["items"].as_array().unwrap().len() <= 8);
    rig.stop().await;
}

#[tokio::test]
async fn a_request_says_who_asks_for_what_and_why() {
    let rig = Rig::start().await;
    let but = |field: &str, value: Value| {
        let mut body = wanted();
        body[field] = value;
        body
    };
    for (body, expected) in [
        (json!({}), "422 invalid /name"),
        (json!({"name": "x", "reason": "y"}), "422 invalid /scopes"),
        (but("name", json!("")), "422 invalid /name"),
        (but("name", json!("x".repeat(65))), "422 invalid /name"),
        (but("name", json!("Wh\u{200b}atIsUp")), "422 invalid /name"),
        (but("name", json!("a\u{202e}b")), "422 invalid /name"),
        (but("reason", json!("")), "422 invalid /reason"),
        (but("reason", json!("x".repeat(281))), "422 invalid /reason"),
        (but("scopes", json!([])), "422 invalid /scopes"),
        (but("scopes", json!(["admin"])), "422 invalid /scopes/0"),
        (but("channels", json!([])), "422 invalid /channels"),
        (but("channels", json!(["front desk"])), "422 invalid /channels/0"),
        (but("recipients", json!(["nobody"])), "422 invalid /recipients/0"),
        (but("permits", json!([{"scope": "channels:read"}])), "422 invalid /permits"),
        (but("origin", json!("null")), "422 invalid /origin"),
        (but("origin", json!("https://desk.example/")), "422 invalid /origin"),
        (but("program", json!("/usr/bin/x")), "422 invalid /program"),
    ] {
        assert_eq!(ask(&rig, body.clone()).await.told(), expected, "{body}");
    }
    let form =
        rig.bare(Method::POST, "/v1/apps/requests").header("content-type", "text/plain").body("{}").send().await.unwrap();
    assert_eq!(Answer::of(form).await.told(), "415 unsupported_media_type");
    let page = rig.bare(Method::POST, "/v1/apps/requests").header("origin", "https://evil.example").json(&wanted());
    assert_eq!(Answer::of(page.send().await.unwrap()).await.told(), "403 origin_not_allowed");
    assert_eq!(rig.get("/v1/apps/requests").await.body["items"], json!([]));
    let permits = json!({"name": "x", "reason": "y", "origin": "https://desk.example", "channels": null,
        "permits": [{"scope": "messages:send", "recipients": ["+15550100123"]}]});
    assert_eq!(ask(&rig, permits).await.status, 202);
    assert_eq!(rig.get("/v1/apps/requests").await.body["items"][0]["origin"], "https://desk.example");
    rig.stop().await;
}

#[tokio::test]
async fn an_app_is_made_by_hand_changed_and_deleted() {
    let rig = Rig::start().await;
    let exe = std::env::current_exe().unwrap().canonicalize().unwrap();
    let made = rig
        .post(
            "/v1/apps",
            json!({"name": "Till", "scopes": ["messages:send"], "recipients": ["+15550100123"], "origins": ["https://till.example"],
                "programs": [exe], "limits": 60, "expires_in": 3600}),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let app = &made.body["app"];
    let path = format!("/v1/apps/{}", app["id"].as_str().unwrap());
    assert_eq!(made.header("location"), path);
    assert_eq!(
        (&app["limits"], &app["origins"], &app["disabled_at"]),
        (&json!(60), &json!(["https://till.example"]), &json!(null))
    );
    assert_eq!(app["programs"], json!([exe]));
    assert_eq!((&app["keys"][0]["id"], &app["keys"][0]["state"]), (&made.body["key_id"], &json!("good")));
    assert!(!rig.get(&path).await.body.to_string().contains(made.body["key"].as_str().unwrap()));
    let key = made.body["key"].as_str().unwrap();

    let changed = rig.patch(&path, json!({"name": "Till 2", "limits": null, "origins": [], "programs": []})).await.body;
    assert_eq!((&changed["name"], &changed["limits"], &changed["origins"]), (&json!("Till 2"), &json!(null), &json!([])));
    assert_eq!(changed["permits"], app["permits"]);
    let disabled = rig.patch(&path, json!({"disabled": true})).await.body;
    assert!(disabled["disabled_at"].is_string());
    assert_eq!(with(&rig, key, Method::GET, "/v1/me", None).await.told(), "401 key_revoked");
    rig.patch(&path, json!({"disabled": false, "permits": [{"scope": "channels:read"}]})).await;
    assert_eq!(with(&rig, key, Method::GET, "/v1/me", None).await.body["permits"][0]["scope"], "channels:read");

    for (body, expected) in [
        (json!({"name": null}), "422 invalid /name"),
        (json!({"name": "\n"}), "422 invalid /name"),
        (json!({"limits": 0}), "422 invalid /limits"),
        (json!({"permits": []}), "422 invalid /permits"),
        (json!({"permits": [{"scope": "apps:manage", "recipients": ["+15550100123"]}]}), "422 invalid /permits/0/recipients"),
        (json!({"origins": ["*"]}), "422 invalid /origins/0"),
        (json!({"programs": ["till"]}), "422 invalid /programs/0"),
        (json!({"programs": ["/nowhere/till"]}), "422 invalid /programs/0"),
        (json!({"disabled": null}), "422 invalid /disabled"),
        (json!({"id": "x"}), "422 invalid /id"),
    ] {
        assert_eq!(rig.patch(&path, body.clone()).await.told(), expected, "{body}");
    }
    assert_eq!(rig.bid(Method::DELETE, &path).await.status, 204);
    assert!(with(&rig, key, Method::GET, "/v1/me", None).await.told().starts_with("401 "));
    assert_eq!(rig.bid(Method::DELETE, &path).await.told(), "404 not_found");
    assert_eq!(rig.get(&path).await.told(), "404 not_found");
    assert_eq!(rig.get(&format!("{path}/keys")).await.told(), "404 not_found");
    assert_eq!(rig.get("/v1/apps/nonsense").await.told(), "404 not_found");
    rig.stop().await;
}

#[tokio::test]
async fn an_app_that_manages_apps_takes_away_and_gives_nothing() {
    let rig = Rig::start().await;
    let (app, _) = made(&rig, json!({"name": "Till", "scopes": ["messages:send", "channels:read"], "limits": 100})).await;
    let (_, keeper) = made(&rig, json!({"name": "Keeper", "scopes": ["apps:manage"]})).await;
    let (_, other) = made(&rig, json!({"name": "Other", "scopes": ["channels:read"]})).await;
    let path = format!("/v1/apps/{app}");
    let patch = |body: Value| with(&rig, &keeper, Method::PATCH, &path, Some(body));
    for more in [
        json!({"permits": [{"scope": "messages:send"}, {"scope": "messages:read"}]}),
        json!({"origins": ["https://till.example"]}),
        json!({"programs": [std::env::current_exe().unwrap()]}),
        json!({"limits": 101}),
        json!({"limits": null}),
        json!({"name": "Your bank"}),
    ] {
        assert_eq!(patch(more.clone()).await.told(), "403 person_only", "{more}");
    }
    assert_eq!(patch(json!({"permits": [{"scope": "channels:read"}], "limits": 10})).await.status, 200);
    programs_are_taken_away_without_a_word_on_files(&rig, &path, &keeper).await;
    assert_eq!(patch(json!({"disabled": true})).await.status, 200);
    assert_eq!(patch(json!({"disabled": false})).await.told(), "403 person_only");
    assert_eq!(with(&rig, &other, Method::GET, "/v1/apps", None).await.told(), "403 scope_missing");
    assert_eq!(with(&rig, &other, Method::PATCH, &path, Some(json!({"disabled": true}))).await.told(), "403 scope_missing");
    assert_eq!(with(&rig, &keeper, Method::GET, "/v1/apps", None).await.body["items"].as_array().unwrap().len(), 3);
    assert_eq!(with(&rig, &keeper, Method::DELETE, &path, None).await.status, 204);
    rig.stop().await;
}

/// What is there, what is not, and what leads to what the app has look the same to an app.
async fn programs_are_taken_away_without_a_word_on_files(rig: &Rig, path: &str, keeper: &str) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    let (till, desk) = (dir.join("till"), dir.join("desk"));
    for file in [&till, &desk] {
        std::fs::write(file, "").unwrap();
    }
    assert_eq!(rig.patch(path, json!({"programs": [till, desk]})).await.status, 200);
    let patch = |programs: Value| with(rig, keeper, Method::PATCH, path, Some(json!({ "programs": programs })));
    let detour = dir.join(".").join("..").join(dir.file_name().unwrap()).join("till");
    for other in [json!(["/nowhere/till"]), json!(["/etc/passwd"]), json!([dir]), json!(["till"]), json!([till, detour])] {
        assert_eq!(patch(other.clone()).await.told(), "403 person_only", "{other}");
    }
    std::fs::remove_file(&till).unwrap();
    let fewer = patch(json!([till])).await;
    assert_eq!((fewer.status.as_u16(), &fewer.body["programs"]), (200, &json!([till])), "though it is not there any more");
    assert_eq!(patch(json!([till, desk])).await.told(), "403 person_only", "what was taken away is not given back");
    assert_eq!(patch(json!([])).await.body["programs"], json!([]));
}

#[tokio::test]
async fn a_copy_of_the_audit_log_ends_when_the_key_does_that_asked_for_it() {
    let rig = Rig::start().await;
    let (app, key) = made(&rig, json!({"name": "Keeper", "scopes": ["apps:manage"]})).await;
    // More than what waits on its way: pages are read as they are taken.
    let line = |n: usize| AuditEntry {
        actor: Actor::Itself,
        peer: None,
        action: "test".to_owned(),
        target: None,
        outcome: Outcome::Done,
        detail: Some(format!("{n} {}", "x".repeat(900))),
    };
    let now = domain::Timestamp::from_secs(1_800_000_000);
    rig.ledger.change_access(vec![], (0..20_000).map(line).collect(), vec![], now).await.unwrap();
    let export = async |key: &str| {
        rig.bare(Method::GET, "/v1/audit").bearer_auth(key).header("accept", "application/x-ndjson").send().await.unwrap()
    };
    let mut whole = 0;
    let mut pieces = export(rig.key.expose()).await.bytes_stream();
    while let Some(piece) = tokio::time::timeout(PATIENCE, pieces.next()).await.unwrap() {
        whole += piece.unwrap().len();
    }
    let mut pieces = export(&key).await.bytes_stream();
    let mut taken = pieces.next().await.unwrap().unwrap().len();
    assert_eq!(rig.patch(&format!("/v1/apps/{app}"), json!({"disabled": true})).await.status, 200);
    let broke_off = loop {
        match tokio::time::timeout(PATIENCE, pieces.next()).await.unwrap() {
            Some(Ok(piece)) => taken += piece.len(),
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broke_off && taken < whole, "{taken} of {whole}: it is not to be taken for the whole");
    rig.stop().await;
}

#[tokio::test]
async fn keys_are_added_rotated_with_overlap_and_revoked_at_once() {
    let rig = Rig::start().await;
    let (app, first) = made(&rig, json!({"name": "Till", "scopes": ["channels:read", "events:read"]})).await;
    let path = format!("/v1/apps/{app}/keys");
    let added = rig.post(&path, json!({"label": "laptop", "expires_in": 3600})).await;
    assert_eq!((added.status.as_u16(), &added.body["label"], &added.body["app_id"]), (201, &json!("laptop"), &json!(app)));
    let (second, id) = (added.body["key"].as_str().unwrap(), added.body["id"].as_str().unwrap());
    assert_eq!(rig.bid(Method::POST, &path).await.status, 201, "a body is not needed");

    let rotated = rig.post(&format!("{path}/{id}/rotate"), json!({})).await;
    assert_eq!((rotated.status.as_u16(), &rotated.body["replaces"]), (201, &json!(id)));
    let third = rotated.body["key"].as_str().unwrap();
    for good in [&first, second, third] {
        assert_eq!(with(&rig, good, Method::GET, "/v1/me", None).await.status, 200);
    }
    let third_id = rotated.body["id"].as_str().unwrap();
    let at_once = rig.post(&format!("{path}/{third_id}/rotate"), json!({"overlap_seconds": 0})).await;
    assert_eq!(with(&rig, third, Method::GET, "/v1/me", None).await.told(), "401 key_revoked");
    assert_eq!(rig.post(&format!("{path}/{third_id}/rotate"), json!({})).await.told(), "409 key_ended");
    assert_eq!(
        rig.post(&format!("{path}/{id}/rotate"), json!({"overlap_seconds": 604_801})).await.told(),
        "422 invalid /overlap_seconds"
    );

    let fourth = at_once.body["key"].as_str().unwrap();
    let mut stream = rig.bare(Method::GET, "/v1/events").bearer_auth(fourth).send().await.unwrap().bytes_stream();
    tokio::time::timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
    let revoke = format!("{path}/{}/revoke", at_once.body["id"].as_str().unwrap());
    let revoked = rig.bid(Method::POST, &revoke).await;
    assert_eq!((revoked.status.as_u16(), &revoked.body["state"]), (200, &json!("revoked")));
    let end = async { while let Some(Ok(_)) = stream.next().await {} };
    tokio::time::timeout(Duration::from_secs(5), end).await.expect("an open stream closes when its key is revoked");
    assert_eq!(with(&rig, fourth, Method::GET, "/v1/me", None).await.told(), "401 key_revoked");
    assert_eq!(rig.bid(Method::POST, &revoke).await.status, 200, "twice is no harm");

    let listed = rig.get(&path).await.body;
    let states: Vec<&str> = listed["items"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!((states.len(), states.iter().filter(|state| **state == "revoked").count()), (5, 2), "{listed}");
    assert!(!listed.to_string().contains("wiu_"));
    for nobody in [
        format!("{path}/key_01j5a9k3m4n5p6q7r8s9t0v1w2/revoke"),
        format!("{path}/nonsense/revoke"),
        format!("/v1/apps/app_01j5a9k3m4n5p6q7r8s9t0v1w2/keys/{id}/revoke"),
    ] {
        assert_eq!(rig.bid(Method::POST, &nobody).await.told(), "404 not_found", "{nobody}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn apps_survive_a_restart_and_those_let_in_until_quit_do_not() {
    let rig = Rig::start().await;
    let stays = let_in(&rig, wanted()).await;
    let asked = ask(&rig, wanted()).await.body;
    rig.post(&format!("/v1/apps/requests/{}/allow", asked["id"].as_str().unwrap()), json!({"once": true})).await;
    let goes = poll(&rig, &asked).await.body;
    assert_eq!(with(&rig, goes["key"].as_str().unwrap(), Method::GET, "/v1/me", None).await.status, 200);
    let (dir, key) = rig.stop().await;
    let rig = Rig::start_in(dir, key).await;
    assert_eq!(with(&rig, stays["key"].as_str().unwrap(), Method::GET, "/v1/me", None).await.status, 200);
    assert!(with(&rig, goes["key"].as_str().unwrap(), Method::GET, "/v1/me", None).await.told().starts_with("401 "));
    rig.stop().await;
}

#[tokio::test]
async fn everybody_who_is_known_may_ask_what_they_may_do() {
    let rig = Rig::start().await;
    let me = rig.get("/v1/me").await.body;
    assert_eq!((&me["kind"], &me["person"], &me["app_id"]), (&json!("admin"), &json!(true), &json!(null)));
    assert!(me["permits"].as_array().unwrap().iter().any(|permit| permit["scope"] == "apps:manage"));
    assert_eq!(Answer::of(rig.bare(Method::GET, "/v1/me").send().await.unwrap()).await.told(), "401 unauthorized");
    rig.stop().await;
}
