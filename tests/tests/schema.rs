//! Schemathesis, which is not ours, over the OpenAPI document of the running application, destructive routes and all: whatever it
//! thinks of, no answer is a failure of the server, has a status that the document does not name, or another form than it says.
#![allow(clippy::unwrap_used, clippy::panic)]

use acceptance::apps::App;
use acceptance::hook::{Hook, Reply};
use acceptance::{Options, Rest, Whatisup, World, binaries};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;

/// For one run. It takes a minute or two; a machine may be slow.
const LONGEST: Duration = Duration::from_secs(330);

fn schemathesis() -> PathBuf {
    let tools = std::env::var_os("TOOLS").map_or_else(|| binaries::repository().join("target/tools"), PathBuf::from);
    let program = tools.join("schemathesis/bin/schemathesis");
    assert!(program.is_file(), "{} is missing: run `scripts/setup test`", program.display());
    program
}

/// A running application with something in it to ask about.
struct Fixture {
    app: Whatisup,
    admin: Rest,
    /// Ids, by what stands before them in the path.
    there: Value,
    _hook: Hook,
    world: World,
}

async fn fixture() -> Fixture {
    let world = World::with_phones(2).await.unwrap();
    let mut options: Options = world.options("app");
    let limits = ["PER_KEY", "BURST", "SENDS_PER_KEY", "UNKNOWN"];
    options.env.extend(limits.map(|name| (format!("WHATISUP_LIMITS_{name}"), "1000000".to_owned())));
    let app = Whatisup::start(options).await.unwrap();
    let admin = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let hook = Hook::start(|_| Reply::Status(200, String::new())).await.unwrap();
    let mut webhooks = Vec::new();
    for _ in 0..3 {
        webhooks.push(id(&admin.post("/v1/webhooks", json!({ "url": hook.url() })).await.unwrap()));
    }
    let paired = world.pair(&admin, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let (mut channels, mut messages) = (vec![paired.clone()], Vec::new());
    for n in 0..4 {
        channels
            .push(id(&admin.post("/v1/channels", json!({ "name": format!("Desk {n}"), "start": n % 2 == 0 })).await.unwrap()));
        messages.push(id(&admin.send_text(&paired, world.phone(1).unwrap().number(), &format!("letter {n}")).await.unwrap()));
    }
    hook.wait(5).await.unwrap();
    let deliveries = admin.get(&format!("/v1/webhooks/{}/deliveries?limit=5", webhooks[0])).await.unwrap();
    let (mut apps, mut keys) = (Vec::new(), Vec::new());
    for n in 0..4 {
        let app = App::make(&admin, &format!("App {n}"), json!([{ "scope": "channels:read" }])).await.unwrap();
        apps.push(app.id);
        keys.push(app.key_id);
    }
    let there = json!({
        "/v1/channels/": channels, "/v1/messages/": messages, "/v1/webhooks/": webhooks, "/v1/apps/": apps, "/keys/": keys,
        "/v1/deliveries/": deliveries["items"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(),
    });
    Fixture { app, admin, there, _hook: hook, world }
}

fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_else(|| panic!("it has an id: {thing}")).to_owned()
}

async fn run(fixture: &Fixture, document: &Value, key: &str, examples: u32) -> Output {
    let folder = fixture.world.path("schemathesis");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let hooks = binaries::repository().join("tests/tests/schema/hooks.py");
    let checks = "no_failure_of_ours,status_code_conformance,content_type_conformance,response_headers_conformance,\
                  response_schema_conformance";
    let seed = std::env::var("SCHEMA_SEED").unwrap_or_else(|_| "5".to_owned());
    let mut command = Command::new(schemathesis());
    command
        .arg("run")
        .arg(&file)
        .args(["--url", fixture.app.base().as_str(), "--checks", checks, "--seed", &seed, "--workers", "2", "--no-color"])
        .args(["--max-examples", &examples.to_string(), "--request-timeout", "60", "--generation-database", "none"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--output-truncate", "false"])
        .env("SCHEMATHESIS_HOOKS", &hooks)
        .env("SCHEMA_KEY", key)
        .env("SCHEMA_THERE", fixture.there.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    tokio::time::timeout(LONGEST, command.output()).await.expect("Schemathesis ends in time").unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// All that it asked was answered as the document says, and it has asked.
async fn holds(fixture: &Fixture, key: &str, examples: u32) {
    let document = fixture.admin.get("/v1/openapi.json").await.unwrap();
    let output = run(fixture, &document, key, examples).await;
    let said = said(&output);
    assert!(output.status.success(), "the document and the answers differ:\n{said}");
    let operations: usize = document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    assert!(operations > 60 && said.contains("Test cases:"), "it has asked nothing:\n{said}");
    // It lives, and has nothing to be ashamed of.
    assert_eq!(fixture.admin.call(reqwest::Method::GET, "/livez", None).await.unwrap().0, 200);
    let printed = fixture.app.printed();
    assert!(!printed.contains("panicked"), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_with_the_admin_key_is_answered_as_the_document_says() {
    let fixture = fixture().await;
    holds(&fixture, fixture.admin.key(), 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_without_a_key_is_answered_as_the_document_says() {
    let fixture = fixture().await;
    let before = fixture.admin.get("/v1/channels").await.unwrap();
    holds(&fixture, "", 12).await;
    // And came to nothing.
    assert_eq!(
        fixture.admin.get("/v1/channels").await.unwrap()["items"].as_array().unwrap().len(),
        before["items"].as_array().unwrap().len()
    );
    let apps = fixture.admin.get("/v1/apps").await.unwrap();
    assert_eq!(apps["items"].as_array().unwrap().len(), 4, "{apps}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_document_does_not_have_would_be_found() {
    let fixture = fixture().await;
    let mut document = fixture.admin.get("/v1/openapi.json").await.unwrap();
    let paths = document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| path == "/v1/channels");
    let channels = paths.get_mut("/v1/channels").unwrap().as_object_mut().unwrap();
    channels.retain(|method, _| method == "get");
    // The same document with one field of another type.
    document["components"]["schemas"]["Channel"]["properties"]["name"] = json!({ "type": "integer" });
    let output = run(&fixture, &document, fixture.admin.key(), 3).await;
    let said = said(&output);
    assert!(!output.status.success() && said.contains("violates schema"), "{said}");
}
