//! What the application writes about itself: into files of bounded size, and nothing that is nobody's business.
#![allow(clippy::unwrap_used)]

use acceptance::hook::{Hook, Reply};
use acceptance::{Options, Rest, Whatisup, World};
use reqwest::Method;
use sandbox::Fault;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Ours in all detail, and everything that we stand on as far as a developer would turn it up.
const LOUD: &str = "debug,api=trace,app=trace,channel=trace,domain=trace,engine=trace,ledger=trace,sandbox=info,socket=trace,\
                    vault=trace,webhooks=trace,whatisupd=trace,whatsapp=trace";

/// What must not be found, and the levels at which it must not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Never {
    AtAll,
    /// A developer who turns it up may see a number.
    AboveDebug,
}

#[derive(Default)]
struct Scanner {
    needles: Vec<(String, String, Never)>,
}

impl Scanner {
    fn never(&mut self, what: &str, needle: &str) {
        assert!(needle.len() >= 6, "{what} is too short to be looked for: {needle:?}");
        self.needles.push((what.to_owned(), needle.to_owned(), Never::AtAll));
    }

    fn not_above_debug(&mut self, what: &str, needle: &str) {
        self.needles.push((what.to_owned(), needle.to_owned(), Never::AboveDebug));
    }

    /// A secret of 32 bytes, however it might be written.
    fn never_key(&mut self, what: &str, bytes: &[u8]) {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.never(what, &hex);
        self.never(what, &hex.to_uppercase());
        self.never(what, &STANDARD_NO_PAD.encode(bytes));
        self.never(what, &URL_SAFE_NO_PAD.encode(bytes));
        // As `{:?}` of a slice.
        let listed: Vec<String> = bytes.iter().take(8).map(u8::to_string).collect();
        self.never(what, &listed.join(", "));
    }

    /// The first line in which something is that should not be, with what it is.
    fn find(&self, text: &str) -> Option<(String, String)> {
        text.lines().find_map(|line| {
            let detail = ["DEBUG", "TRACE"].iter().any(|level| line.contains(level));
            let (what, ..) = self
                .needles
                .iter()
                .find(|(_, needle, never)| line.contains(needle.as_str()) && (*never == Never::AtAll || !detail))?;
            Some((what.clone(), line.to_owned()))
        })
    }
}

/// Everything that the processes on this data directory have said.
fn said(options: &Options, stderr: &str) -> BTreeMap<String, String> {
    let logs = options.data_dir.join("logs");
    let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let mut all: BTreeMap<String, String> =
        acceptance::files(&logs).unwrap().iter().map(|path| (path.display().to_string(), read(path))).collect();
    assert!(!all.is_empty(), "there are no log files");
    all.insert("stderr".to_owned(), stderr.to_owned());
    all
}

fn keys_of(options: &Options, scanner: &mut Scanner) {
    use base64::Engine as _;
    let keys: Value = serde_json::from_slice(&fs::read(options.key_file.as_ref().unwrap()).unwrap()).unwrap();
    for (name, secret) in keys["secrets"].as_object().unwrap() {
        let text = secret.as_str().unwrap();
        scanner.never(name, text);
        let engines = [&base64::engine::general_purpose::STANDARD, &base64::engine::general_purpose::URL_SAFE_NO_PAD];
        if let Some(bytes) = engines.into_iter().find_map(|engine| engine.decode(text).ok()).filter(|bytes| bytes.len() == 32) {
            scanner.never_key(name, &bytes);
        }
    }
}

async fn put_hook(rest: &Rest, hook: &Hook, scanner: &mut Scanner) {
    let body = json!({ "url": format!("{}?token=hookquerysecret", hook.url()), "headers": { "x-secret": "headersecret123" } });
    let made = rest.post("/v1/webhooks", body).await.unwrap();
    let secret = made["secret"].as_str().unwrap();
    scanner.never("the webhook's secret", secret.strip_prefix("whsec_").unwrap());
    scanner.never("the webhook's header", "headersecret123");
    scanner.never("the webhook's query", "hookquerysecret");
    let id = made["id"].as_str().unwrap();
    let rotated = rest.post(&format!("/v1/webhooks/{id}/rotate-secret"), json!({})).await.unwrap();
    scanner.never("the new secret", rotated["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_story_leaves_no_secret_no_text_and_no_number_in_the_logs() {
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let mut scanner = Scanner::default();
    let loud = vec![("WHATISUP_LOG_LEVEL".to_owned(), LOUD.to_owned())];
    let app = Whatisup::start(Options { env: loud, ..world.options("app") }).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();

    // Pairing: the QR, the names, the numbers.
    let channel = rest.create_channel("Front desk").await.unwrap();
    events.wait("a QR", |e| e.data["data"]["channel"]["state"]["step"] == "shown").await.unwrap();
    let qr = rest.qr(&channel).await.unwrap();
    for part in qr.split(',').filter(|part| part.len() > 20) {
        scanner.never("a part of the QR", part.trim_start_matches("2@"));
    }
    ada.scan(&qr).await.unwrap();
    events.of("channel.connected", &channel).await.unwrap();
    scanner.not_above_debug("a number", ada.number());
    scanner.not_above_debug("a number", grace.number());

    // A receiver that first refuses, with a secret header.
    let hook = Hook::start(|caught| match caught.header("webhook-id") {
        Some(_) => Reply::Status(200, String::new()),
        None => Reply::Status(500, String::new()),
    })
    .await
    .unwrap();
    put_hook(&rest, &hook, &mut scanner).await;

    // Messages both ways, one of them under a key of the program's own, one to nobody.
    let texts = ["a very private sentence", "an answer as private", "a third for the same key", "to nobody at all"];
    rest.send_text(&channel, grace.number(), texts[0]).await.unwrap();
    world.arrives(&grace, texts[0]).await.unwrap();
    grace.send_text(ada.number(), texts[1]).await.unwrap();
    events.of("message.received", &channel).await.unwrap();
    let body = json!({ "to": grace.number(), "content": { "type": "text", "text": texts[2] } });
    for _ in 0..2 {
        let (status, _) = rest.send_once(&channel, "idempotency-key-of-a-program", &body).await.unwrap();
        assert_eq!(status.as_u16(), 202);
    }
    world.arrives(&grace, texts[2]).await.unwrap();
    rest.send_text(&channel, "+15550100999", texts[3]).await.unwrap();
    events.of("message.failed", &channel).await.unwrap();
    texts.iter().for_each(|text| scanner.never("a message's text", text));
    scanner.not_above_debug("a number", "15550100999");
    scanner.never("the idempotency key", "idempotency-key-of-a-program");
    hook.wait(5).await.unwrap();

    // A body that is not understood, a wrong key, and a sign-in.
    let (status, _) = rest.call(Method::POST, "/v1/webhooks", Some(json!({ "url": "nonsense of bodysecret9" }))).await.unwrap();
    assert!(status.is_client_error());
    scanner.never("a refused body", "bodysecret9");
    let stranger = Rest::new(app.base(), "wiu_notthekeybutakey".to_owned());
    assert_eq!(stranger.call(Method::GET, "/v1/channels", None).await.unwrap().0.as_u16(), 401);
    scanner.never("a wrong key", "notthekeybutakey");
    let link = rest.post("/v1/sign-in-links", json!({})).await.unwrap()["url"].as_str().unwrap().to_owned();
    let ticket = link.split_once("#sign-in=").unwrap().1.split('&').next().unwrap().to_owned();
    let browser = reqwest::Client::new();
    let session = browser.post(format!("{}/v1/session", app.base())).json(&json!({ "ticket": ticket })).send().await.unwrap();
    assert!(session.status().is_success());
    let cookie = session.headers()["set-cookie"].to_str().unwrap().split(['=', ';']).nth(1).unwrap().to_owned();
    scanner.never("the ticket", &ticket);
    scanner.never("the cookie", &cookie);
    let told: Value = session.json().await.unwrap();
    scanner.never("what the page was told", told["secret"].as_str().unwrap());
    scanner.never("the admin key", rest.key());

    // A drop, a backup, a crash, and a start after it.
    world.network().inject(world.device_of(&ada).unwrap(), Fault::Drop);
    events.of("channel.reconnecting", &channel).await.unwrap();
    events.of("channel.connected", &channel).await.unwrap();
    let made = app.command("backup").arg(world.path("backup.tar")).output().await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let before = app.printed();
    let options = app.kill().await.unwrap();
    let app = Whatisup::start(options.clone()).await.unwrap();
    let mut events = app.events(Some(0)).await.unwrap();
    events.times("channel.connected", 3).await.unwrap();
    let printed = format!("{before}{}", app.printed());
    app.terminate().await.unwrap();
    keys_of(&options, &mut scanner);

    let all = said(&options, &printed);
    let ours: usize = all.values().map(|text| text.lines().count()).sum();
    assert!(ours > 60, "only {ours} lines: this was not loud");
    for (place, text) in &all {
        assert!(!text.contains("whsec_") && !text.contains("wiu_"), "{place} has something that looks like a key");
        assert_eq!(scanner.find(text), None, "in {place}");
    }

    // And it would have been found, in every way and at every place.
    for (what, needle, never) in &scanner.needles {
        for place in all.keys() {
            for level in ["INFO", "DEBUG"] {
                let planted = format!("{}2026-01-01T00:00:00Z {level} api: x={needle} y\n", all[place]);
                let expected = *never == Never::AtAll || level == "INFO";
                assert_eq!(scanner.find(&planted).is_some(), expected, "{what} at {level} in {place}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_json_in_files_for_the_owner_only_and_bounded() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_phones(0).await.unwrap();
    let env = [("LEVEL", LOUD), ("FILE_MIB", "1"), ("KEEP_FILES", "3")];
    let env = env.map(|(name, value)| (format!("WHATISUP_LOG_{name}"), value.to_owned())).to_vec();
    let options = Options { env, ..world.options("app") };
    // As after a long time.
    let logs = options.data_dir.join("logs");
    fs::create_dir_all(&logs).unwrap();
    fs::write(logs.join("whatisup.log"), "{}\n".repeat((1 << 20) / 3)).unwrap();
    for n in 1..6 {
        fs::write(logs.join(format!("whatisup.log.{n}")), format!("{{\"old\":{n}}}\n")).unwrap();
    }
    let app = Whatisup::start(options).await.unwrap();
    app.rest().await.unwrap().get("/v1/channels").await.unwrap();
    let printed = app.printed();
    let options = app.terminate().await.unwrap();

    let mut files = acceptance::files(&logs).unwrap();
    files.sort();
    let names: Vec<_> = files.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["whatisup.log", "whatisup.log.1", "whatisup.log.2"]);
    assert_eq!(fs::read_to_string(&files[2]).unwrap(), "{\"old\":1}\n", "the oldest has gone");
    for path in &files {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(fs::metadata(&logs).unwrap().permissions().mode() & 0o777, 0o700);
    let text = fs::read_to_string(&files[0]).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()), "{text}");
    assert!(lines.iter().any(|line| line["level"] == "INFO"), "{text}");
    assert!(!printed.contains("\u{1b}["), "colours where nobody sees them");
    drop(options);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_log_files_there_are_none_and_a_place_that_cannot_be_written_stops_nothing() {
    let world = World::with_phones(0).await.unwrap();
    let off = vec![("WHATISUP_LOG_FILES".to_owned(), "false".to_owned())];
    let options = Whatisup::start(Options { env: off, ..world.options("off") }).await.unwrap().terminate().await.unwrap();
    assert!(!options.data_dir.join("logs").exists());

    let options = world.options("in the way");
    fs::create_dir(&options.data_dir).unwrap();
    fs::write(options.data_dir.join("logs"), "a file").unwrap();
    let mut app = Whatisup::start(options).await.unwrap();
    app.prints("there are no log files").await.unwrap();
    app.terminate().await.unwrap();
}
