//! The build that `make demo` runs: the application with the sandbox inside.
#![allow(clippy::unwrap_used)]

use acceptance::{Options, PATIENCE, Whatisup, World};
use serde_json::json;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

async fn demo(world: &World) -> Whatisup {
    Whatisup::start(Options { whatsapp_url: None, ..world.options("demo") }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_phones_remember_what_is_linked() {
    let world = World::with_phones(0).await.unwrap();
    let app = demo(&world).await;
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = rest.create_channel("Front desk").await.unwrap();
    events.wait("a QR", |e| e.data["data"]["channel"]["state"]["step"] == "shown").await.unwrap();
    let qr = rest.qr(&channel).await.unwrap();
    rest.post("/sandbox/scan", json!({ "qr": qr })).await.unwrap();
    events.of("channel.connected", &channel).await.unwrap();
    let options = app.terminate().await.unwrap();

    for way in ["after a quit", "after a kill"] {
        let app = Whatisup::start(options.clone()).await.unwrap();
        let rest = app.rest().await.unwrap();
        let mut events = app.events(None).await.unwrap();
        let snapshot = events.wait("the snapshot", |e| e.name == "snapshot").await.unwrap();
        if snapshot.data["channels"][0]["state"]["status"] != "connected" {
            events.of("channel.connected", &channel).await.unwrap();
        }
        // And both sides still understand each other.
        rest.send_text(&channel, "+15550100102", way).await.unwrap();
        events
            .wait("delivered", |e| e.name == "message.delivered" && e.data["data"]["message"]["content"]["text"] == way)
            .await
            .unwrap();
        app.kill().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_panel_is_behind_the_same_door() {
    let world = World::with_phones(0).await.unwrap();
    let app = demo(&world).await;
    let info = app.rest().await.unwrap().get("/v1/info").await.unwrap();
    assert_eq!(info["sandbox"]["control"], "/sandbox");
    let http = reqwest::Client::new();
    let without_key = http.get(format!("{}/sandbox/state", app.base())).send().await.unwrap();
    assert_eq!(without_key.status().as_u16(), 401);
    let key = app.key().await.unwrap();
    let foreign = http.get(format!("{}/sandbox/state", app.base())).bearer_auth(key).header("origin", "https://example.org");
    assert_eq!(foreign.send().await.unwrap().status().as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_a_desktop_prints_where_the_dashboard_is() {
    let world = World::with_phones(0).await.unwrap();
    let options = world.options("demo");
    let port = options.port.to_string();
    let mut child = options.command("run").unwrap().args(["--port", &port]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let dashboard = loop {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().expect("the dashboard's address is printed");
        if let Some(rest) = line.strip_prefix("Dashboard: ") {
            break rest.to_owned();
        }
    };
    let (address, how) = dashboard.split_once(' ').unwrap();
    assert_eq!(address, format!("http://127.0.0.1:{port}"));
    assert!(how.contains("whatisupd open"), "{how}");
    let page = reqwest::get(address).await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    child.kill().await.unwrap();
}
