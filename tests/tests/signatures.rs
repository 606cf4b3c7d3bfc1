//! Receivers check our signatures with code that is not ours: the stock libraries, and the examples of docs/concepts/webhooks.md
//! as they stand there.
#![allow(clippy::unwrap_used)]

use acceptance::binaries::repository;
use acceptance::hook::{Caught, Hook, Reply};
use acceptance::{Rest, Whatisup, World};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Signed requests to a receiver: one with the first secret, one while two are alive, one after the first has died.
struct Signed {
    old: String,
    new: String,
    requests: Vec<Caught>,
}

async fn signed() -> Signed {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let hook = Hook::start(|_| Reply::Status(204, String::new())).await.unwrap();
    let endpoint = rest.post("/v1/webhooks", json!({ "url": hook.url(), "types": ["channel.*"] })).await.unwrap();
    let (id, old) = (endpoint["id"].as_str().unwrap(), endpoint["secret"].as_str().unwrap().to_owned());

    happen(&rest, "Ünder einem").await;
    hook.wait(1).await.unwrap();
    let rotated = rest.post(&format!("/v1/webhooks/{id}/rotate-secret"), json!({ "overlap_seconds": 3600 })).await.unwrap();
    let new = rotated["secret"].as_str().unwrap().to_owned();
    happen(&rest, "under two").await;
    hook.wait(2).await.unwrap();
    // At most two live: the first one dies now.
    let third = rest.post(&format!("/v1/webhooks/{id}/rotate-secret"), json!({ "overlap_seconds": 3600 })).await.unwrap();
    assert_ne!(third["secret"], rotated["secret"]);
    happen(&rest, "without the first").await;
    let requests = hook.wait(3).await.unwrap();
    assert!(old.starts_with("whsec_") && old != new);
    Signed { old, new, requests }
}

async fn happen(rest: &Rest, name: &str) {
    rest.post("/v1/channels", json!({ "name": name, "start": false })).await.unwrap();
}

/// `check` says whether a request is good under a secret.
fn holds(signed: &Signed, check: impl Fn(&str, &Caught) -> bool) {
    let [first, both, last] = &signed.requests[..] else { panic!("three requests") };
    assert!(check(&signed.old, first));
    assert!(!check(&signed.new, first), "signed before that secret was made");
    assert!(check(&signed.old, both) && check(&signed.new, both), "both are alive");
    assert!(!check(&signed.old, last), "dead");
    assert!(check(&signed.new, last));

    let mut forged = first.clone();
    let place = forged.body.iter().position(|b| *b == b'1').unwrap();
    forged.body[place] = b'2';
    assert!(!check(&signed.old, &forged), "another body");
    let mut older = first.clone();
    for (name, value) in &mut older.headers {
        if name == "webhook-timestamp" {
            *value = "1600000000".to_owned();
        }
    }
    assert!(!check(&signed.old, &older), "another time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stock_library_of_rust_agrees() {
    holds(&signed().await, |secret, request| {
        let mut headers = hyper::HeaderMap::new();
        for (name, value) in &request.headers {
            headers.insert(hyper::header::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        }
        standardwebhooks::Webhook::new(secret).unwrap().verify(&request.body, &headers).is_ok()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_in_javascript_agrees_with_the_stock_library_of_npm() {
    let sdk = repository().join("tests/sdk");
    if !sdk.join("node_modules/standardwebhooks").exists() {
        let npm = Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--silent"]).current_dir(&sdk).status();
        assert!(npm.is_ok_and(|status| status.success()), "npm ci failed in {}", sdk.display());
    }
    let script = format!(
        "{}\nimport {{ readFileSync }} from 'node:fs'\n\
         const {{ secret, headers, body }} = JSON.parse(readFileSync(0, 'utf8'))\n\
         try {{ verify(secret, headers, Buffer.from(body, 'base64').toString('utf8')) }} catch {{ process.exit(9) }}\n",
        example("js")
    );
    // Beside node_modules, where imports look.
    let file = tempfile::Builder::new().suffix(".mjs").tempfile_in(&sdk).unwrap();
    std::fs::write(file.path(), script).unwrap();
    holds(&signed().await, |secret, request| runs(Command::new("node").arg(file.path()), &given(secret, request)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_in_python_agrees() {
    let script = format!(
        "{}\nimport json, sys\ngiven = json.load(sys.stdin)\n\
         sys.exit(0 if verify(given['secret'], given['headers'], base64.b64decode(given['body'])) else 9)\n",
        example("python")
    );
    let (_directory, file) = written(&script);
    holds(&signed().await, |secret, request| runs(Command::new("python3").arg(&file), &given(secret, request)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_for_the_shell_agrees() {
    let (_directory, file) = written(&format!("{}\nverify \"$@\" || exit 9\n", example("sh")));
    holds(&signed().await, |secret, request| {
        let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| request.header(name).unwrap());
        runs(Command::new("sh").arg(&file).arg(secret).args(headers), &request.body)
    });
}

/// The last block in this language of the page about webhooks: the one that checks.
fn example(language: &str) -> String {
    let page = std::fs::read_to_string(repository().join("docs/concepts/webhooks.md")).unwrap();
    let begin = format!("```{language}\n");
    let from = page.rfind(&begin).unwrap_or_else(|| panic!("the page has no example in {language}")) + begin.len();
    let length = page[from..].find("```").unwrap();
    let example = page[from..from + length].to_owned();
    assert!(example.contains("verify"), "{example}");
    example
}

fn written(script: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("check");
    std::fs::write(&file, script).unwrap();
    (directory, file)
}

fn given(secret: &str, request: &Caught) -> Vec<u8> {
    use base64::Engine as _;
    let headers: serde_json::Map<_, _> = request.headers.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    let body = base64::engine::general_purpose::STANDARD.encode(&request.body);
    serde_json::to_vec(&json!({ "secret": secret, "headers": headers, "body": body })).unwrap()
}

/// Whether it says yes; it must not do so, nor no, by falling over.
fn runs(command: &mut Command, input: &[u8]) -> bool {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).current_dir(Path::new("/")).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    match output.status.code() {
        Some(0) => true,
        Some(9) => false,
        code => panic!("ended with {code:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}
