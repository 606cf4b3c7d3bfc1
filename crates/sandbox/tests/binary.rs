//! The program `whatisup-sandbox` as its users start it.
#![allow(clippy::unwrap_used)]

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whatisup-sandbox"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn started(arguments: &[&str]) -> (Child, Value) {
    let mut child = program(arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

#[tokio::test]
async fn it_says_where_it_is_in_one_line_and_stops_on_a_signal() {
    let (mut child, ready) = started(&["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--phones", "3"]).await;
    assert!(ready["url"].as_str().unwrap().starts_with("ws://127.0.0.1:"), "{ready}");
    assert_eq!(ready["phones"].as_array().unwrap().len(), 3);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let state: Value =
        http.get(format!("{}/state", ready["control"].as_str().unwrap())).send().await.unwrap().json().await.unwrap();
    assert_eq!(state["phones"][2]["name"], "Mary");

    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    assert!(timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn it_writes_the_certificate_that_clients_must_trust() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("ca.pem");
    let listen = ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--tls", "--ca-out"];
    let (_child, ready) = started(&[&listen[..], &[file.to_str().unwrap()]].concat()).await;
    assert!(ready["url"].as_str().unwrap().starts_with("wss://127.0.0.1:"), "{ready}");
    assert!(std::fs::read_to_string(file).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn it_refuses_to_listen_beyond_loopback() {
    for wrong in [["--listen", "0.0.0.0:0", "--control", "127.0.0.1:0"], ["--listen", "127.0.0.1:0", "--control", "0.0.0.0:0"]]
    {
        let output = timeout(PATIENCE, program(&wrong).output()).await.unwrap().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("0.0.0.0:0 is not a loopback address") && !said.contains("backtrace"), "{said}");
    }
}
