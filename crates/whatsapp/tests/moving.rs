//! A session leaves one store and goes on in another one.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use domain::Content;
use house::{House, SOON, channel, text};
use socket::{Close, ReceiptKind, SocketEvent};
use vault::{Installation, Namespace, Scope, Vault};
use whatsapp::snapshot::InstallError;
use whatsapp::{AuthStore, Endpoint, Snapshot, WhatsApp, WhatsAppConfig};

/// Another machine, in the same world.
fn elsewhere(house: &House, dir: &tempfile::TempDir) -> WhatsApp {
    let scope = Scope { namespace: Namespace::Sandbox, installation: Installation::named("elsewhere") };
    WhatsApp::new(WhatsAppConfig {
        auth_store: AuthStore::disk(dir.path(), Vault::key_file(dir.path().join("keys"), scope)),
        endpoint: Endpoint::loopback(&house.sandbox.url(), house.sandbox.ca_pem()).unwrap(),
        device_name: "WhatIsUp".into(),
        version: None,
    })
    .unwrap()
}

/// What was said in both directions before the move, and a channel at rest.
async fn talked(house: &House) {
    let mut session = house.linked(channel(1)).await;
    let grace = house.grace();
    session.socket.send(text("3EB0AAAAAAAAAAAAAAAA01", &grace, "hello Grace")).await.unwrap();
    session.until(|e| matches!(e, SocketEvent::Receipt { kind: ReceiptKind::Delivered, .. }).then_some(())).await;
    grace.send_text(house.ada().number(), "hello Ada").await.unwrap();
    session.inbox.letter(0).await;
    session.socket.close().await;
    assert_eq!(session.closed().await, Close::Asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_resumes_elsewhere_without_a_qr_and_goes_on_with_the_old_ratchets() {
    let mut house = House::new().await;
    talked(&house).await;
    let snapshot = house.whatsapp.snapshot(channel(1)).await.unwrap().unwrap();
    let counts = snapshot.counts();
    assert!(counts.sessions >= 2 && counts.identities >= 2 && counts.prekeys > 10, "{counts:?}");
    assert!(counts.app_state_keys >= 1 && counts.app_state_versions >= 1 && counts.device_lists >= 2, "{counts:?}");
    assert_eq!(snapshot.identity().phone, Some(house::number(&house.ada())));
    let before = house.network().counters().bundles_handed_out;

    // Through bytes, as in a file, into a channel of another name.
    let travelled = Snapshot::from_bytes(&snapshot.to_bytes()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let there = elsewhere(&house, &dir);
    there.install(channel(2), &travelled).await.unwrap();
    assert_eq!(there.snapshot(channel(2)).await.unwrap().unwrap().digest(), snapshot.digest());
    // Said while it was nowhere, to the ratchet that it had.
    house.grace().send_text(house.ada().number(), "on your way?").await.unwrap();

    house.whatsapp = there;
    let mut session = house.open(channel(2)).await;
    let opened = session.opened().await;
    assert_eq!(opened.phone, Some(house::number(&house.ada())));
    assert!(!session.log.iter().any(|e| matches!(e, SocketEvent::PairingQr { .. })));
    assert_eq!(session.inbox.letter(0).await.content, Content::Text { text: "on your way?".into() });
    session.socket.send(text("3EB0AAAAAAAAAAAAAAAA02", &house.grace(), "arrived")).await.unwrap();
    house.grace().wait_for_message(SOON, |m| m.content.text() == Some("arrived")).await.unwrap();
    house.grace().send_text(house.ada().number(), "good").await.unwrap();
    assert_eq!(session.inbox.letter(1).await.content, Content::Text { text: "good".into() });

    let counters = house.network().counters();
    assert_eq!(counters.bundles_handed_out, before, "a session was made anew");
    assert_eq!((counters.nacks_from_clients, counters.replaced), (0, 0), "{counters:?}");
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_running_is_not_taken_and_what_is_there_is_not_written_over() {
    let house = House::new().await;
    talked(&house).await;
    let snapshot = house.whatsapp.snapshot(channel(1)).await.unwrap().unwrap();
    assert!(matches!(house.whatsapp.install(channel(1), &snapshot).await, Err(InstallError::Occupied)));
    let mut session = house.open(channel(1)).await;
    session.opened().await;
    // Waits for the end of the socket.
    let (taken, ()) = tokio::join!(house.whatsapp.snapshot(channel(1)), async {
        session.socket.close().await;
    });
    assert!(taken.unwrap().unwrap().is_paired());
    house.open(channel(1)).await.opened().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_of_two_ends_as_replaced() {
    let house = House::new().await;
    talked(&house).await;
    let snapshot = house.whatsapp.snapshot(channel(1)).await.unwrap().unwrap();
    house.whatsapp.install(channel(2), &snapshot).await.unwrap();
    let mut older = house.open(channel(2)).await;
    older.opened().await;
    let mut newer = house.open(channel(1)).await;
    newer.opened().await;
    assert_eq!(older.closed().await, Close::Replaced);
}
