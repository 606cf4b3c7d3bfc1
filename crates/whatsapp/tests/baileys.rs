//! A session moves between npm's Baileys and this crate, with the phones none the wiser.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

#[path = "../../sandbox/tests/baileys/client.rs"]
mod client;
mod house;

use client::Baileys;
use domain::Content;
use house::{House, channel, text};
use sandbox::NetworkEvent;
use socket::{SocketEvent, SocketFactory as _};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use wacore::libsignal::protocol::SenderKeyMessage;
use whatsapp::baileys;

fn start(house: &House, state: &Path) -> Baileys {
    Baileys::start(&house.sandbox.url(), &hex::encode(house.sandbox.noise_root_public()), state)
}

/// The directory of a Baileys that has written with Grace, and has ended.
async fn left_by_baileys(house: &House) -> (PathBuf, String) {
    let state = house.dir.path().join("baileys");
    let mut client = start(house, &state);
    let qr = client.wait("qr").await;
    house.ada().scan(qr["qr"].as_str().unwrap()).await.unwrap();
    client.wait("open").await;
    client.wait_for("synced", |event| event["name"] == "Ada").await;
    let mut held = String::new();
    for n in 0..3 {
        let id = client.send(house.grace().number(), &format!("there {n}")).await;
        house.grace().wait_for_message(house::SOON, |message| message.id == id).await.unwrap();
        if n == 1 {
            held = house.grace().hold_text(house.ada().number(), "overtaken").await.unwrap();
        }
        let id = house.grace().send_text(house.ada().number(), &format!("back {n}")).await.unwrap();
        client.wait_for("received", |event| event["id"] == id).await;
    }
    client.run("end", serde_json::json!({})).await;
    (state, held)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_baileys_goes_on_here_in_the_old_ratchets() {
    let house = House::new().await;
    let (state, held) = left_by_baileys(&house).await;
    let written = house.grace().send_text(house.ada().number(), "to nobody connected").await.unwrap();
    // Encrypted while Baileys ran; its key is one of those that Baileys skipped.
    house.grace().release(&held).await.unwrap();
    let bundles = house.network().counters().bundles_handed_out;

    let read = baileys::read(&baileys::read_directory(&state).unwrap()).unwrap();
    house.whatsapp.install(channel(1), &read.snapshot).await.unwrap();
    assert!(house.whatsapp.is_paired(channel(1)).await.unwrap());
    let mut session = house.open(channel(1)).await;
    let identity = session.opened().await;
    assert_eq!(identity.push_name.as_deref(), Some("Ada"));
    assert!(!session.log.iter().any(|event| matches!(event, SocketEvent::PairingQr { .. })));
    assert_eq!(session.inbox.readable(&written).await.content, Content::Text { text: "to nobody connected".into() });
    assert_eq!(session.inbox.readable(&held).await.content, Content::Text { text: "overtaken".into() });

    session.socket.send(text("3EB0AFTERTHEMOVE", &house.grace(), "from the new place")).await.unwrap();
    let message = house.grace().wait_for_message(house::SOON, |message| message.id == "3EB0AFTERTHEMOVE").await.unwrap();
    assert_eq!(message.content.text(), Some("from the new place"));
    let counters = house.network().counters();
    // Nobody had to make a session anew, and nobody asked for a message again.
    assert_eq!((counters.bundles_handed_out, counters.devices_left_out, counters.nacks), (bundles, 0, 0), "{counters:?}");
    house.assert_good_manners();
    // The synchronised settings go on from where they were: what changes is told, with sums that agree.
    house.ada().set_push_name("Countess").await.unwrap();
    session.until(|event| matches!(event, SocketEvent::PushName { name } if name == "Countess").then_some(())).await;

    // And back again.
    session.socket.close().await;
    session.closed().await;
    let snapshot = house.whatsapp.snapshot(channel(1)).await.unwrap().unwrap();
    let back = house.dir.path().join("back");
    baileys::write_directory(&back, &baileys::write(&snapshot).unwrap().files).unwrap();
    assert_resumes(&house, &back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_ours_goes_on_in_baileys_in_the_old_ratchets() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    let mut held = String::new();
    for n in 0..3 {
        let id = format!("3EB00000000000000{n}");
        session.socket.send(text(&id, &house.grace(), "there")).await.unwrap();
        house.grace().wait_for_message(house::SOON, |message| message.id == id).await.unwrap();
        if n == 1 {
            held = house.grace().hold_text(house.ada().number(), "overtaken").await.unwrap();
        }
        let mut network = house.network().events();
        let id = house.grace().send_text(house.ada().number(), "back").await.unwrap();
        session.inbox.readable(&id).await;
        // What is not acknowledged yet would come again, to somebody whose ratchet is past it.
        let linked = house.ada().linked_devices()[0].device.clone();
        let taken = |event| matches!(event, NetworkEvent::MessageTaken { id: of, device } if of == id && device == linked);
        let acknowledged = async { while !taken(network.recv().await.unwrap()) {} };
        tokio::time::timeout(house::SOON, acknowledged).await.expect("no ack");
    }
    session.socket.close().await;
    session.closed().await;
    let snapshot = house.whatsapp.snapshot(channel(1)).await.unwrap().unwrap();
    let state = house.dir.path().join("for-baileys");
    baileys::write_directory(&state, &baileys::write(&snapshot).unwrap().files).unwrap();
    house.grace().release(&held).await.unwrap();

    let mut client = assert_resumes(&house, &state).await;
    let received = client.wait_for("received", |event| event["id"] == held).await;
    assert_eq!(received["text"], "overtaken");
    client.run("end", serde_json::json!({})).await;
}

#[tokio::test]
async fn group_keys_that_were_here_go_on_in_baileys() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/baileys/fixture");
    let letters: HashMap<String, String> =
        serde_json::from_slice(&std::fs::read(fixture.join("letters.json")).unwrap()).unwrap();
    // In and out again: what is in the directory then is ours.
    let read = baileys::read(&baileys::read_directory(&fixture.join("auth")).unwrap()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("auth");
    baileys::write_directory(&state, &baileys::write(&read.snapshot).unwrap().files).unwrap();

    let packages = client::packages();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/baileys/group.mjs");
    let task = serde_json::json!({
        "group": "120363000000000001@g.us",
        "mine": ["100000000007919_1", 1],
        "hers": ["100000000015838_1", 0],
        // The skipped one first: what Baileys itself has written once, it cannot read of those.
        "read": [letters["skipped"], letters["older"], letters["next"]],
        "write": "after the move",
    });
    let ran = tokio::process::Command::new("node").arg(script).arg(packages).arg(state).arg(task.to_string()).output();
    let output = ran.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["read"], serde_json::json!(["group 1", "under the older key", "group 3"]));
    // Under its key's number, and past what Baileys had used before it moved.
    let written = SenderKeyMessage::try_from(hex::decode(said["written"].as_str().unwrap()).unwrap().as_slice()).unwrap();
    let before = SenderKeyMessage::try_from(hex::decode(&letters["own"]).unwrap().as_slice()).unwrap();
    assert_eq!(written.chain_id(), before.chain_id());
    assert!(written.iteration() > before.iteration(), "{} {}", written.iteration(), before.iteration());
}

/// Without a QR, with a message that was written while nobody was connected, in ratchets that were there.
async fn assert_resumes(house: &House, state: &Path) -> Baileys {
    let bundles = house.network().counters().bundles_handed_out;
    let written = house.grace().send_text(house.ada().number(), "to the next one").await.unwrap();
    let mut client = start(house, state);
    let first = client.wait_for("open", |_| true).await;
    assert!(first["me"].as_str().unwrap().starts_with(house.ada().number()), "{first}");
    let received = client.wait_for("received", |event| event["id"] == written).await;
    assert_eq!(received["text"], "to the next one");
    // Nobody had to make a session anew for that. (With the first message that a process of it sends, Baileys does, always.)
    assert_eq!(house.network().counters().bundles_handed_out, bundles);
    let id = client.send(house.grace().number(), "from Baileys").await;
    let message = house.grace().wait_for_message(house::SOON, |message| message.id == id).await.unwrap();
    assert_eq!(message.content.text(), Some("from Baileys"));
    let counters = house.network().counters();
    assert_eq!((counters.devices_left_out, counters.nacks, counters.malformed), (0, 0, 0), "{counters:?}");
    house.ada().set_push_name("Lady").await.unwrap();
    client.wait_for("synced", |event| event["name"] == "Lady").await;
    client
}
