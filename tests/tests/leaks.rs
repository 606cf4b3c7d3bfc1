//! What must stay where it belongs does so: a long story of people and programs, and then every key, token, passphrase, private
//! key and text of it looked for in all that could be seen. `whatisup-leaks` does the same for the whole run of all tests.
#![allow(clippy::unwrap_used)]

use acceptance::apps::{App, Asking};
use acceptance::hook::{Hook, Reply};
use acceptance::leaks::{self, Kind, Report, Store};
use acceptance::{Events, Options, Rest, Whatisup, World};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Command;

/// Ours in all detail.
const LOUD: &str = "debug,access=trace,api=trace,app=trace,channel=trace,domain=trace,engine=trace,ledger=trace,sandbox=info,\
                    socket=trace,vault=trace,webhooks=trace,whatisupd=trace,whatsapp=trace";
const PASSPHRASE: &str = "eleven borrowed bicycles";

#[test]
fn a_long_story_leaks_nothing_and_what_would_leak_is_found() {
    let folder = tempfile::tempdir().unwrap();
    // The story notes what it knows and sees where the environment says, which is set before a process begins.
    let told = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_story", "--ignored", "--nocapture"])
        .env("LEAKS", folder.path())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success() && said.contains("1 passed"), "{said}");
    assert!(!said.contains("could not be kept"), "{said}");

    let report = leaks::scan(folder.path()).unwrap();
    assert!(report.leaks.is_empty(), "{:#?}", report.leaks);
    let Report { secrets, texts, logs, answers, events, files, .. } = report;
    let enough = secrets >= 40 && texts >= 6 && logs >= 2 && answers >= 30 && events >= 20 && files >= 5;
    assert!(enough, "{secrets} secrets, {texts} texts, {logs} logs, {answers} answers, {events} events, {files} files");

    // And every one of them would have been found, at every kind of place.
    let known = fs::read_to_string(folder.path().join("known.jsonl")).unwrap();
    // The same is noted again and again.
    for line in known.lines().collect::<BTreeSet<_>>() {
        let known: Value = serde_json::from_str(line).unwrap();
        let (kind, value) = (known["kind"].as_str().unwrap(), known["value"].as_str().unwrap());
        let planted = plant(value);
        let places: Vec<_> = leaks::scan(planted.path()).unwrap().leaks.into_iter().map(|leak| leak.place).collect();
        for place in [
            "printed-",
            "the answer to GET /v1/apps",
            "the event app.requested",
            "data/of-x/ledger.db",
            "redis/of-",
            "postgres/of-",
        ] {
            assert!(
                places.iter().any(|p| p.contains(place)),
                "a {kind} ({}) was not found at {place}: {places:?}",
                known["what"]
            );
        }
    }
}

/// The folder of a run in which a secret is everywhere.
fn plant(value: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["seen", "data/of-x", "redis/of-x", "postgres/of-x"] {
        fs::create_dir_all(folder.path().join(part)).unwrap();
    }
    leaks::know_in(folder.path(), Kind::Secret, "planted", value);
    let write = |name: &str, bytes: &[u8]| fs::File::create(folder.path().join(name)).unwrap().write_all(bytes).unwrap();
    let body = json!({ "x": value }).to_string();
    write("seen/printed-1.log", format!("2026-01-01 INFO api: x={value} y\n").as_bytes());
    write("seen/answers-1.jsonl", format!("{}\n", json!({ "route": "GET /v1/apps", "body": body })).as_bytes());
    write("seen/events-1.jsonl", format!("{}\n", json!({ "event": "app.requested", "data": body })).as_bytes());
    let page = [b"\0\x01page".as_slice(), value.as_bytes(), b"\xff", [0; 512].as_slice()].concat();
    write("data/of-x/ledger.db", &page);
    write("redis/of-x/1.aof", &page);
    write("postgres/of-x/16390", &page);
    folder
}

#[test]
fn texts_are_found_everywhere_but_in_postgres_where_they_may_be() {
    const LETTER: &str = "a letter that nobody else may read";
    let folder = tempfile::tempdir().unwrap();
    for part in ["seen", "data"] {
        fs::create_dir_all(folder.path().join(part)).unwrap();
    }
    leaks::know_in(folder.path(), Kind::Text, "planted", LETTER);
    let page = [b"\0\x01page".as_slice(), LETTER.as_bytes(), b"\xff", [0; 512].as_slice()].concat();
    for (store, file) in [(Store::Redis, "appendonlydir/1.aof"), (Store::Postgres, "data/base/16384/16390")] {
        let server = tempfile::tempdir().unwrap();
        let file = server.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &page).unwrap();
        leaks::keep_store_in(folder.path(), store, server.path()).unwrap();
    }
    let report = leaks::scan(folder.path()).unwrap();
    assert_eq!(report.stored, 2);
    let places: Vec<_> = report.leaks.into_iter().map(|leak| leak.place).collect();
    assert!(places.iter().any(|place| place.starts_with("redis/")), "{places:?}");
    assert!(!places.iter().any(|place| place.starts_with("postgres/")), "{places:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the body of a_long_story_leaks_nothing_and_what_would_leak_is_found"]
async fn the_story() {
    let world = World::with_phones(3).await.unwrap();
    let (ada, grace, hedy) = (world.phone(0).unwrap(), world.phone(1).unwrap(), world.phone(2).unwrap());
    let loud = vec![("WHATISUP_LOG_LEVEL".to_owned(), LOUD.to_owned())];
    let app = Whatisup::start(Options { env: loud, ..world.options("app") }).await.unwrap();
    let admin = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&admin, &mut events, &ada, "Front desk").await.unwrap();
    let hook = Hook::start(|_| Reply::Status(200, String::new())).await.unwrap();
    let body = json!({ "url": format!("{}?token=querysecret-77", hook.url()), "headers": { "x-secret": "headersecret-77" } });
    let webhook = admin.post("/v1/webhooks", body).await.unwrap();
    leaks::know(Kind::Secret, "a webhook's query", "querysecret-77");
    let path = format!("/v1/webhooks/{}/rotate-secret", webhook["id"].as_str().unwrap());
    admin.post(&path, json!({})).await.unwrap();

    // A program asks, is let in, fetches its key, and uses it in every way that there is.
    let key = let_in(&app, &admin).await;
    let mut stream = Events::open(&app.base(), key.key(), None).await.unwrap();
    let proposed = propose(&key, &channel, grace.number(), "may I write this to Grace?").await;
    let edited = json!({ "content": { "type": "text", "text": "this is what Grace may read" } });
    admin.post(&format!("/v1/messages/{proposed}/approve"), edited).await.unwrap();
    world.arrives(&grace, "this is what Grace may read").await.unwrap();
    let other = propose(&key, &channel, grace.number(), "and this she never reads").await;
    admin.act(&format!("/v1/messages/{other}/deny")).await.unwrap();
    let ticket = key.post("/v1/tickets", json!({ "for": "/v1/events?limit=1" })).await.unwrap();
    let with_ticket = format!("/v1/events?limit=1&ticket={}", ticket["ticket"].as_str().unwrap());
    let nobody = Rest::nobody(app.base());
    nobody.page(&with_ticket).await.unwrap();
    nobody.page(&with_ticket).await.unwrap_err();
    stream.wait("its message", |e| e.name.starts_with("message.")).await.unwrap();

    // Keys come and go; wrong ones are tried.
    let by_hand = App::make(&admin, "By hand", json!([{ "scope": "messages:read" }])).await.unwrap();
    let (second, _) = by_hand.rotate_key(&admin, &by_hand.key_id, 3600).await.unwrap();
    by_hand.revoke_key(&admin, &second).await.unwrap();
    for _ in 0..60 {
        let tried = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let wrong = Rest::new(app.base(), format!("wiu_{tried}"));
        wrong.call(Method::GET, "/v1/channels", None).await.unwrap();
    }
    admin.get("/v1/apps").await.unwrap();
    admin.get("/v1/audit?limit=500&verify=true").await.unwrap();
    admin.page("/v1/events?limit=500").await.unwrap();

    // People write to each other; a browser signs in; nonsense is refused.
    hedy.send_text(ada.number(), "a secret between Hedy and Ada").await.unwrap();
    events.of("message.received", &channel).await.unwrap();
    admin.send_text(&channel, hedy.number(), "an answer that is nobody else's").await.unwrap();
    world.arrives(&hedy, "an answer that is nobody else's").await.unwrap();
    admin.send_text(&channel, "+15550100999", "a letter to somebody who is not there").await.unwrap();
    events.of("message.failed", &channel).await.unwrap();
    sign_in(&app, &admin).await;
    leaks::know(Kind::Secret, "a refused body", "badbodysecret");
    let nonsense = json!({ "name": "x", "reason": "nonsense of badbodysecret", "scopes": [] });
    admin.call(Method::POST, "/v1/apps/requests", Some(nonsense)).await.unwrap();

    // The session travels, sealed, and once more for Baileys; the program is killed in the middle, and comes up again.
    let path = format!("/v1/channels/{channel}/export");
    let sealed = json!({ "passphrase": PASSPHRASE });
    assert!(admin.call(Method::POST, &path, Some(sealed)).await.unwrap().0.is_success());
    assert!(admin.call(Method::POST, &path, Some(json!({ "format": "baileys" }))).await.unwrap().0.is_success());
    app.signal("ABRT").await.unwrap();
    let options = app.kill().await.unwrap();
    let app = Whatisup::start(options).await.unwrap();
    let made = app.command("backup").arg(world.path("backup.tar")).output().await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    app.terminate().await.unwrap();
}

async fn let_in(app: &Whatisup, admin: &Rest) -> Rest {
    let ask = json!({ "name": "Assistant", "reason": "To propose letters", "scopes": ["channels:read", "messages:read", "messages:send:ask", "events:read"] });
    let asking = Asking::to_be_let_in(&app.base(), ask).await.unwrap();
    asking.poll(0).await.unwrap();
    admin.get("/v1/apps/requests").await.unwrap();
    admin.post(&format!("/v1/apps/requests/{}/allow", asking.id), json!({})).await.unwrap();
    let key = asking.allowed().await.unwrap();
    // It is told once.
    assert_eq!(asking.poll(0).await.unwrap().1["state"], "collected");
    key
}

async fn propose(key: &Rest, channel: &str, to: &str, text: &str) -> String {
    let message = key.send_text(channel, to, text).await.unwrap();
    assert_eq!(message["status"], "asking", "{message}");
    message["id"].as_str().unwrap().to_owned()
}

async fn sign_in(app: &Whatisup, admin: &Rest) {
    let link = admin.act("/v1/sign-in-links").await.unwrap()["url"].as_str().unwrap().to_owned();
    let ticket = link.split_once("#sign-in=").unwrap().1.split('&').next().unwrap().to_owned();
    let browser = reqwest::Client::new();
    for _ in 0..2 {
        let session =
            browser.post(format!("{}/v1/session", app.base())).json(&json!({ "ticket": ticket })).send().await.unwrap();
        if let Some(cookie) = session.headers().get("set-cookie") {
            leaks::know(Kind::Secret, "a cookie", cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap());
            let told: Value = session.json().await.unwrap();
            leaks::know(Kind::Secret, "what a page was told", told["secret"].as_str().unwrap());
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_badly_leaves_no_picture_of_its_memory() {
    use std::os::unix::process::ExitStatusExt as _;
    let world = World::with_phones(0).await.unwrap();
    let options = world.options("app");
    let folder = world.path("where it runs");
    fs::create_dir_all(&folder).unwrap();
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "ulimit -c unlimited && exec \"$@\"", "sh"]).arg(acceptance::binaries::program("whatisupd").unwrap());
    command.args(["run", "--data-dir"]).arg(&options.data_dir).arg("--key-file").arg(options.key_file.as_ref().unwrap());
    command.args(["--port", &options.port.to_string(), "--whatsapp-url", &world.url()]).current_dir(&folder).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let pid = child.id().unwrap();
    acceptance::written(&options.data_dir.join("running.json"), "pid").await.unwrap();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().nth(4), Some("0"), "{cores}");
    // Its own user may not look into it: what it holds belongs to nobody but root (PR_SET_DUMPABLE).
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(format!("/proc/{pid}/mem")).unwrap());
    assert_eq!(owner, 0, "others can read its memory");
    tokio::process::Command::new("kill").args(["-ABRT", &pid.to_string()]).status().await.unwrap();
    let status = child.wait().await.unwrap();
    assert_eq!(status.signal(), Some(6), "{status}");
    assert!(!status.core_dumped(), "it left a picture of its memory");
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}
