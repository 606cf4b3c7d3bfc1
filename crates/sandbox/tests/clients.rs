//! A real client against the sandbox: pairing, texts, what goes wrong.
#![allow(clippy::unwrap_used)]

mod client;

use client::{Client, PATIENCE};
use sandbox::phone::Phones;
use sandbox::{Fault, Handshake, NetworkEvent, Sandbox, SandboxConfig, Target};
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;
use wacore_binary::Jid;

async fn sandbox() -> (Sandbox, Phones) {
    drop(tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).with_test_writer().try_init());
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let phones = Phones::new(sandbox.network().clone());
    (sandbox, phones)
}

async fn until<T>(events: &mut Receiver<NetworkEvent>, what: &str, mut find: impl FnMut(NetworkEvent) -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = find(events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("no {what} in time"))
}

async fn logged_in(events: &mut Receiver<NetworkEvent>, wanted: &Jid) -> Option<Handshake> {
    until(events, "login", |event| match event {
        NetworkEvent::LoggedIn { device, handshake } if device == *wanted => Some(handshake),
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_pairs_by_qr_and_exchanges_texts_with_a_phone() {
    let (sandbox, phones) = sandbox().await;
    let ada = phones.add(Some("Ada"), Some("15550100001")).await.unwrap();
    let bea = phones.add(Some("Bea"), Some("15550100002")).await.unwrap();
    let mut client = Client::start(sandbox.url()).await;
    let device = ada.scan(&client.qr_code().await).await.unwrap();
    assert_eq!(device.to_string(), "15550100001:1@s.whatsapp.net");
    client.connected().await;

    let to: Jid = "15550100002@s.whatsapp.net".parse().unwrap();
    client.handle.client().send_text(to, "hello Bea").await.unwrap();
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("hello Bea")).await.unwrap();
    bea.send_text("15550100001", "hello Ada").await.unwrap();
    client.text("hello Ada").await;

    let counters = sandbox.network().counters();
    assert_eq!(counters.devices_left_out, 0, "{counters:?}");
    assert_eq!(counters.unknown_stanzas, 0, "{counters:?}");
    assert_eq!(counters.bundles_without_one_time_key, 0, "{counters:?}");
    assert_eq!(counters.nacks, 0, "{counters:?}");
    assert_eq!(counters.malformed, 0, "{counters:?}");
    assert_eq!(counters.max_simultaneous_logins, 1, "{counters:?}");
}
