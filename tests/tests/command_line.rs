//! The commands of `whatisupd`, as a person types them.
#![allow(clippy::unwrap_used)]

use acceptance::{PATIENCE, Whatisup, World};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

async fn said(app: &Whatisup, verb: &str) -> (bool, String) {
    let output = app.command(verb).output().await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pair_draws_a_qr_in_the_terminal_and_ends_when_connected() {
    let world = World::with_phones(1).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut child = app.command("pair").arg("Front desk").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut drawn = 0;
    while let Some(line) = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
        drawn += usize::from(line.contains('█') || line.contains('▄') || line.contains('▀'));
        if line.starts_with("good until") {
            break;
        }
    }
    assert!(drawn > 20, "only {drawn} lines of a QR were drawn");
    let channel = rest.get("/v1/channels").await.unwrap()["items"][0]["id"].as_str().unwrap().to_owned();
    world.phone(0).unwrap().scan(&rest.qr(&channel).await.unwrap()).await.unwrap();
    let mut rest_of_it = String::new();
    while let Some(line) = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap() {
        rest_of_it.push_str(&line);
    }
    assert!(rest_of_it.contains("Connected as +15550100101."), "{rest_of_it}");
    assert!(child.wait().await.unwrap().success());

    let (good, text) = said(&app, "channels").await;
    assert!(good && text.contains("Front desk") && text.contains("connected"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_checks_everything_and_says_what_to_do() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let (good, text) = said(&app, "doctor").await;
    assert!(good, "{text}");
    for part in ["keys", "port", "disk", "clock", "network"] {
        assert!(text.contains(part), "doctor says nothing of the {part}:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_without_a_running_application_say_so() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::spawn(world.options("never started elsewhere")).unwrap();
    let mut elsewhere = app.options.clone();
    elsewhere.data_dir = world.path("nothing here");
    let other = Whatisup::spawn(elsewhere.clone()).unwrap();
    let options = other.kill().await.unwrap();
    // The process was killed before or while it started: commands must not hang on its traces.
    let output = tokio::process::Command::new(acceptance::binaries::program("whatisupd").unwrap())
        .args(["channels", "--data-dir"])
        .arg(options.data_dir.join("nowhere"))
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("whatisupd run"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_gives_a_link_that_signs_a_browser_in_once() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let (good, link) = said(&app, "open").await;
    assert!(good, "{link}");
    let ticket = link.trim().split_once("#sign-in=").unwrap().1.to_owned();
    let browser = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let sign_in = || {
        browser.post(format!("{}/v1/session", app.base())).json(&serde_json::json!({ "ticket": ticket })).send()
    };
    assert!(sign_in().await.unwrap().status().is_success());
    let answer = browser.get(format!("{}/v1/channels", app.base())).send().await.unwrap();
    assert!(answer.status().is_success(), "the cookie does not sign in");
    assert!(!sign_in().await.unwrap().status().is_success(), "the link worked twice");
}
