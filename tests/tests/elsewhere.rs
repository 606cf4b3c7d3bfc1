//! A sandbox build pointed at another loopback WhatsApp, in each way in which a person may say so.
#![allow(clippy::unwrap_used)]

use acceptance::loopback::Loopback;
use acceptance::{Options, Whatisup};
use std::path::Path;
use tempfile::TempDir;

const VERSION: &str = "2.3000.1023223821";

async fn elsewhere() -> (Loopback, TempDir) {
    let place = tempfile::tempdir().unwrap();
    let there = Loopback::start(&place.path().join("ca.pem")).await.unwrap();
    assert!(there.url.starts_with("wss://"), "{}", there.url);
    (there, place)
}

/// An application that has been told of no WhatsApp yet.
fn untold(place: &Path) -> Options {
    Options { whatsapp_url: None, ..Options::new(&place.join("app"), "") }
}

fn told_by_flags(place: &Path, url: &str, ca: &Path) -> Options {
    let args = ["--whatsapp-url", url, "--whatsapp-ca", ca.to_str().unwrap(), "--whatsapp-version", VERSION];
    Options { args: args.map(str::to_owned).to_vec(), ..untold(place) }
}

async fn pairs_and_talks(there: &Loopback, options: Options) {
    let (ada, grace) = (&there.phones[0], &there.phones[1]);
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = rest.create_channel("Front desk").await.unwrap();
    events.wait("a QR to scan", |e| e.data["data"]["channel"]["state"]["step"] == "shown").await.unwrap();
    there.scan(ada, &rest.qr(&channel).await.unwrap()).await.unwrap();
    events.of("channel.connected", &channel).await.unwrap();

    rest.send_text(&channel, grace, "Good morning").await.unwrap();
    events.of("message.delivered", &channel).await.unwrap();
    assert_eq!(there.texts(grace).await.unwrap(), ["Good morning"]);
    there.send_text(grace, ada, "And to you").await.unwrap();
    let answer = events.of("message.received", &channel).await.unwrap();
    assert_eq!(answer.data["data"]["message"]["content"]["text"], "And to you");

    let counters = there.counters().await.unwrap();
    assert_eq!((&counters["malformed"], &counters["unknown_stanzas"]), (&0.into(), &0.into()), "{counters}");
    app.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_by_flags_it_pairs_there_over_wss() {
    let (there, place) = elsewhere().await;
    pairs_and_talks(&there, told_by_flags(place.path(), &there.url, &there.ca)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_by_the_environment_it_pairs_there_over_wss() {
    let (there, place) = elsewhere().await;
    let env = [
        ("WHATISUP_WHATSAPP_URL", there.url.as_str()),
        ("WHATISUP_WHATSAPP_CA", there.ca.to_str().unwrap()),
        ("WHATISUP_WHATSAPP_VERSION", VERSION),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    pairs_and_talks(&there, Options { env, ..untold(place.path()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_by_a_configuration_file_it_pairs_there_over_wss() {
    let (there, place) = elsewhere().await;
    let file = place.path().join("my.toml");
    let text = format!("[whatsapp]\nurl = {:?}\nca = {:?}\nversion = {VERSION:?}\n", there.url, there.ca.to_str().unwrap());
    std::fs::write(&file, text).unwrap();
    let args = vec!["--config".to_owned(), file.display().to_string()];
    pairs_and_talks(&there, Options { args, ..untold(place.path()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_certificate_is_not_trusted_is_told_and_gets_nothing() {
    let (there, place) = elsewhere().await;
    let (other, _place) = elsewhere().await;
    let app = Whatisup::start(told_by_flags(place.path(), &there.url, &other.ca)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = rest.create_channel("Front desk").await.unwrap();
    let told = events.wait("a failed handshake", |e| e.data["data"]["channel"]["state"]["cause"].is_string()).await.unwrap();
    let state = &told.data["data"]["channel"]["state"];
    assert_eq!(state["cause"], "handshake_failed");
    assert_eq!(state["summary"], "The encrypted connection could not be set up; trying again.");
    assert_eq!(rest.get(&format!("/v1/channels/{channel}")).await.unwrap()["paired"], false);
    let counters = there.counters().await.unwrap();
    // `logins` counts the phones, too.
    for count in ["connections", "logins_xx", "logins_ik", "malformed"] {
        assert_eq!(counters[count], 0, "{count}: {counters}");
    }
}
