//! `whatisupd apps`, `asks` and `audit`: what a person without a desktop lets programs do, typed in a terminal.
#![allow(clippy::unwrap_used)]

use acceptance::apps::{App, Asking};
use acceptance::{Events, PATIENCE, Rest, Whatisup, World};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

/// What a command said on standard output; it has to be a success.
async fn said(app: &Whatisup, verb: &str, args: &[&str]) -> String {
    let (good, out, err) = typed(app, verb, args, "").await;
    assert!(good, "{verb} {args:?}: {out}{err}");
    out
}

/// What a command objected; it must not be a success.
async fn objected(app: &Whatisup, verb: &str, args: &[&str]) -> String {
    let (good, out, err) = typed(app, verb, args, "").await;
    assert!(!good, "{verb} {args:?} went well: {out}");
    err
}

async fn typed(app: &Whatisup, verb: &str, args: &[&str], input: &str) -> (bool, String, String) {
    let mut command = app.command(verb);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("the command ends").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

async fn asking(app: &Whatisup, scopes: Value) -> Asking {
    let body = json!({ "name": "Assistant", "reason": "To answer at night", "scopes": scopes });
    Asking::to_be_let_in(&app.base(), body).await.unwrap()
}

async fn status(rest: &Rest, method: Method, path: &str) -> (u16, String) {
    let (status, answer) = rest.call(method, path, None).await.unwrap();
    (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_let_in_by_its_code_with_less_than_it_asked_for_and_shown_out_again() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let admin = app.rest().await.unwrap();
    let desk = admin.post("/v1/channels", json!({ "name": "Front desk", "start": false })).await.unwrap();
    let other = admin.post("/v1/channels", json!({ "name": "Workshop", "start": false })).await.unwrap();
    assert!(said(&app, "apps", &[]).await.contains("No app yet"));
    assert!(said(&app, "apps", &["requests"]).await.contains("No program asks"));

    let asking = asking(&app, json!(["channels:read", "channels:manage", "events:read"])).await;
    let listed = said(&app, "apps", &["requests"]).await;
    let me = std::env::current_exe().unwrap();
    for part in
        [&asking.code, "Assistant", "To answer at night", "channels:manage", &*me.file_name().unwrap().to_string_lossy()]
    {
        assert!(listed.contains(part), "no {part:?} in:\n{listed}");
    }

    // What it did not ask for cannot be given; a wrong code lets nobody in.
    let no = objected(&app, "apps", &["approve", &asking.code, "--scope", "apps:manage"]).await;
    assert!(no.contains("does not ask for apps:manage"), "{no}");
    let no = objected(&app, "apps", &["approve", &asking.code, "--scope", "everything"]).await;
    assert!(no.contains("there is no scope \"everything\"") && no.contains("messages:send:ask"), "{no}");
    let no = objected(&app, "apps", &["approve", &asking.code, "--channel", "Attic"]).await;
    assert!(no.contains("there is no channel \"Attic\""), "{no}");
    let no = objected(&app, "apps", &["approve", "000-000"]).await;
    assert!(no.contains("no program that waits shows the code 000-000"), "{no}");
    assert_eq!(asking.poll(0).await.unwrap().1["state"], "waiting");

    let code = asking.code.to_lowercase().replace('-', "");
    let done = said(&app, "apps", &["approve", &code, "--scope", "channels:read", "--channel", "Front desk"]).await;
    assert!(done.contains("gets      channels:read on ch_") && done.contains("Allowed."), "{done}");
    let key = asking.allowed().await.unwrap();
    let path = |channel: &Value| format!("/v1/channels/{}", channel["id"].as_str().unwrap());
    assert_eq!(status(&key, Method::GET, &path(&desk)).await.0, 200);
    assert_eq!(status(&key, Method::GET, &path(&other)).await, (404, "not_found".to_owned()));
    let (no, why) = status(&key, Method::POST, &format!("{}/start", path(&desk))).await;
    assert_eq!((no, why.as_str()), (403, "scope_missing"));
    let apps = said(&app, "apps", &[]).await;
    assert!(apps.contains("Assistant") && apps.contains("channels:read on ch_"), "{apps}");

    said(&app, "apps", &["revoke", "Assistant"]).await;
    assert_eq!(status(&key, Method::GET, &path(&desk)).await, (401, "key_revoked".to_owned()));
    said(&app, "apps", &["enable", "Assistant"]).await;
    assert_eq!(status(&key, Method::GET, &path(&desk)).await.0, 200);
    said(&app, "apps", &["delete", "Assistant"]).await;
    assert_eq!(status(&key, Method::GET, &path(&desk)).await.0, 401);
    let no = objected(&app, "apps", &["show", "Assistant"]).await;
    assert!(no.contains("there is no app \"Assistant\""), "{no}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_denied_gets_nothing_and_one_that_is_allowed_once_is_out_at_the_next_start() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let first = asking(&app, json!(["channels:read"])).await;
    assert!(said(&app, "apps", &["deny", &first.code]).await.contains("\"Assistant\" was sent away"));
    let answer = first.answered().await.unwrap();
    assert_eq!((answer["state"].as_str(), &answer["key"]), (Some("denied"), &Value::Null));

    let second = asking(&app, json!(["channels:read"])).await;
    let done = said(&app, "apps", &["approve", &second.code, "--once", "--name", "For tonight"]).await;
    assert!(done.contains("until WhatIsUp is quit"), "{done}");
    let key = second.allowed().await.unwrap();
    assert_eq!(status(&key, Method::GET, "/v1/channels").await.0, 200);
    assert!(said(&app, "apps", &["show", "For tonight"]).await.contains("until WhatIsUp is quit"));

    let app = Whatisup::start(app.terminate().await.unwrap()).await.unwrap();
    assert_eq!(status(&key, Method::GET, "/v1/channels").await.0, 401);
    drop(app);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_made_by_hand_has_keys_that_are_printed_once_rotated_and_revoked_while_streams_close() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let no = objected(&app, "apps", &["new", "Script"]).await;
    assert!(no.contains("say what it may do") && no.contains("messages:send:ask"), "{no}");
    let no = objected(&app, "apps", &["new", "Script", "--scope", "channels:read", "--expires-in", "soon"]).await;
    assert!(no.contains("no length of time") && no.contains("12h"), "{no}");

    let made = said(&app, "apps", &["new", "Script", "--scope", "channels:read", "--scope", "events:read"]).await;
    let first = Rest::new(app.base(), made.trim().to_owned());
    assert_eq!(status(&first, Method::GET, "/v1/channels").await.0, 200);
    let mut stream = Events::open(&app.base(), first.key(), None).await.unwrap();
    let keys = said(&app, "apps", &["keys", "list", "Script", "--json"]).await;
    let keys: Value = serde_json::from_str(&keys).unwrap();
    let id = keys[0]["id"].as_str().unwrap().to_owned();
    assert!(!keys.to_string().contains("wiu_"), "{keys}");

    let rotated = said(&app, "apps", &["keys", "rotate", "Script", &id, "--overlap", "1h"]).await;
    let second = Rest::new(app.base(), rotated.trim().to_owned());
    assert_ne!(first.key(), second.key());
    for key in [&first, &second] {
        assert_eq!(status(key, Method::GET, "/v1/channels").await.0, 200, "both are good for an hour");
    }
    said(&app, "apps", &["keys", "revoke", "Script", &id]).await;
    assert_eq!(status(&first, Method::GET, "/v1/channels").await, (401, "key_revoked".to_owned()));
    assert_eq!(status(&second, Method::GET, "/v1/channels").await.0, 200);
    let ended = stream.wait("an event after the end", |_| false).await.unwrap_err().to_string();
    assert!(ended.contains("the stream ended"), "{ended}");

    let made = said(&app, "apps", &["keys", "new", "Script", "--label", "laptop"]).await;
    assert!(made.starts_with("wiu_"), "{made}");
    let listed = said(&app, "apps", &["keys", "list", "Script"]).await;
    assert!(listed.contains("laptop") && listed.contains("revoked") && listed.lines().count() == 3, "{listed}");
    let no = objected(&app, "apps", &["keys", "revoke", "Script", "desktop"]).await;
    assert!(no.contains("has no key \"desktop\""), "{no}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_asks_goes_out_as_edited_or_not_at_all() {
    let world = World::with_phones(2).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let admin = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&admin, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let grace = world.phone(1).unwrap();
    assert!(said(&app, "asks", &[]).await.contains("No message waits"));
    let agent = App::make(&admin, "Agent", json!([{ "scope": "messages:send:ask" }])).await.unwrap();
    let propose = async |text: &str| {
        let message = agent.rest.send_text(&channel, grace.number(), text).await.unwrap();
        assert_eq!(message["status"], "asking", "{message}");
        message["id"].as_str().unwrap().to_owned()
    };

    let (first, second) = (propose("We are open until 6").await, propose("We are closed for ever").await);
    let listed = said(&app, "asks", &[]).await;
    for part in [&first, "Agent", "We are open until 6", &second, grace.number()] {
        assert!(listed.contains(part), "no {part:?} in:\n{listed}");
    }
    let (good, out, err) = typed(&app, "asks", &["approve", &first, "--text-from", "-"], "We are open until 8\n").await;
    assert!(good, "{out}{err}");
    said(&app, "asks", &["deny", &second]).await;
    world.arrives(&grace, "We are open until 8").await.unwrap();
    assert!(said(&app, "asks", &[]).await.contains("No message waits"));
    let no = objected(&app, "asks", &["approve", &second]).await;
    assert!(no.contains("409"), "{no}");

    // From now on, in this chat, without asking.
    let third = propose("Shall I answer by myself?").await;
    said(&app, "asks", &["approve", &third, "--always"]).await;
    let message = agent.rest.send_text(&channel, grace.number(), "Then I do").await.unwrap();
    assert_eq!(message["status"], "queued", "{message}");
    world.arrives(&grace, "Then I do").await.unwrap();
    let texts: Vec<_> = grace.messages().await.iter().filter_map(|m| m.content.text().map(str::to_owned)).collect();
    assert!(!texts.iter().any(|text| text.contains("closed") || text.contains("until 6")), "{texts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_shown_verified_and_exported_and_says_that_it_was_a_person_in_a_terminal() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    said(&app, "apps", &["new", "Script", "--scope", "channels:read"]).await;
    said(&app, "apps", &["revoke", "Script"]).await;
    let shown = said(&app, "audit", &[]).await;
    assert!(shown.contains("person (cli)") && shown.contains("app.make") && shown.contains("app.disable"), "{shown}");
    let last = said(&app, "audit", &["--last", "1"]).await;
    assert!(last.lines().count() == 1 && last.contains("app.disable"), "{last}");
    let verified = said(&app, "audit", &["--verify"]).await;
    assert!(verified.contains("is as it was written: 2 entries"), "{verified}");

    let file = world.path("audit.ndjson");
    let name = file.to_str().unwrap();
    said(&app, "audit", &["--export", name]).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    // What was exported can be reckoned anywhere.
    assert_eq!(lines[1]["prev_hash"], lines[0]["hash"]);
    assert!(!text.contains("wiu_"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let no = objected(&app, "audit", &["--export", name]).await;
    assert!(no.contains("cannot write"), "{no}");
    let streamed = said(&app, "audit", &["--export", "-"]).await;
    assert!(streamed.starts_with(text.lines().next().unwrap()), "{streamed}");
}
