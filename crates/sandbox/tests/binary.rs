//! The program `whatisup-sandbox` as its users start it.
#![allow(clippy::unwrap_used)]

mod client;

use std::process::Stdio;
use std::time::Duration;

use client::Client;
use serde_json::{Value, json};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_killed_and_its_phones_and_clients_go_on_where_they_were() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("phones.json");
    let listen = ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--seed", "9", "--keep", file.to_str().unwrap()];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |control: &str, path: &str, body: Value| -> Value {
        http.post(format!("{control}{path}")).json(&body).send().await.unwrap().json().await.unwrap()
    };

    let (mut child, ready) = started(&listen).await;
    let control = ready["control"].as_str().unwrap();
    let mut client = Client::start(ready["url"].as_str().unwrap().to_owned()).await;
    post(control, "/scan", json!({ "qr": client.qr_code().await, "number": "15550100101" })).await;
    client.connected().await;
    let memory = client.memory.clone();
    for round in 0..3 {
        let text = format!("round {round}");
        post(control, "/phones/15550100102/messages", json!({ "to": "15550100101", "text": text })).await;
        client.text(&text).await;
    }
    drop(client);
    child.kill().await.unwrap();

    let (_child, ready) = started(&listen).await;
    let control = ready["control"].as_str().unwrap();
    let mut client = Client::resume(ready["url"].as_str().unwrap().to_owned(), memory).await;
    client.connected().await;
    post(control, "/phones/15550100102/messages", json!({ "to": "15550100101", "text": "after" })).await;
    client.text("after").await;
    let options = whatsapp_rust::SendOptions::default().with_message_id("3EB0AAAAAAAAAAAAAAAA51");
    let body = waproto::whatsapp::Message { conversation: Some("back".to_owned()), ..Default::default() };
    client.handle.client().send_message_with_options(wacore_binary::Jid::pn("15550100102"), body, options).await.unwrap();
    let arrived = async {
        loop {
            let url = format!("{control}/phones/15550100102/arrivals");
            let arrivals: Value = http.get(url).send().await.unwrap().json().await.unwrap();
            if arrivals["chats"][0]["messages"].as_array().is_some_and(|all| all.iter().any(|m| m["text"] == "back")) {
                return arrivals;
            }
            tokio::task::yield_now().await;
        }
    };
    let arrivals = timeout(PATIENCE, arrived).await.unwrap();
    assert_eq!((&arrivals["messages"], &arrivals["duplicates"]), (&json!(1), &json!(0)), "{arrivals}");
}
