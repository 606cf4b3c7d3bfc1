//! Interop: npm's Baileys, whose code is not ours, pairs with a simulated phone and writes with another one.
#![allow(clippy::unwrap_used)]

#[path = "baileys/client.rs"]
mod client;

use std::time::Duration;

use client::Baileys;
use sandbox::phone::{Direction, MessageStatus, Phone, Phones};
use sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(60);

struct World {
    sandbox: Sandbox,
    phones: Phones,
    ada: Phone,
    grace: Phone,
    state: TempDir,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let phones = Phones::with_people(sandbox.network().clone(), 2).await.unwrap();
        let (ada, grace) = (phones.get("15550100101").unwrap(), phones.get("15550100102").unwrap());
        Self { sandbox, phones, ada, grace, state: TempDir::new().unwrap() }
    }

    fn baileys(&self) -> Baileys {
        let root = hex::encode(self.sandbox.noise_root_public());
        Baileys::start(&self.sandbox.url(), &root, self.state.path())
    }

    /// A client linked to Ada's phone by QR code.
    async fn linked(&self) -> Baileys {
        let mut baileys = self.baileys();
        let qr = baileys.wait("qr").await;
        let device = self.ada.scan(qr["qr"].as_str().unwrap()).await.unwrap();
        let open = baileys.wait("open").await;
        assert_eq!(open["me"], device.to_string());
        baileys
    }

    fn assert_nothing_strange(&self) {
        let counters = self.phones.network().counters();
        assert_eq!(counters.unknown_kinds.len(), 0, "{counters:?}");
        assert_eq!((counters.devices_left_out, counters.nacks, counters.malformed), (0, 0, 0), "{counters:?}");
        assert_eq!(counters.bundles_without_one_time_key, 0, "{counters:?}");
    }
}

#[tokio::test]
async fn baileys_pairs_by_qr_and_writes_with_another_phone_both_ways() {
    let world = World::new().await;
    let started = std::time::Instant::now();
    let mut baileys = world.linked().await;
    baileys.wait_for("synced", |event| event["name"] == "Ada").await;
    assert!(started.elapsed() < Duration::from_secs(20), "it waited for a history that was there");

    // Out: Grace decrypts it, Ada's phone sees what its companion sent, both receipts come back.
    let id = baileys.send("15550100102", "hello from baileys").await;
    let message = world.grace.wait_for_message(SOON, |message| message.id == id).await.unwrap();
    assert_eq!(message.content.text(), Some("hello from baileys"));
    assert_eq!(message.chat.user, "15550100101");
    let own = world.ada.wait_for_message(SOON, |message| message.id == id).await.unwrap();
    assert_eq!((own.direction, own.by_companion), (Direction::Out, true));
    assert_eq!((own.chat.user.as_str(), own.content.text()), ("15550100102", Some("hello from baileys")));
    baileys.wait_for("status", |event| event["id"] == id && event["status"] == 3).await;
    world.grace.read(&id).await.unwrap();
    baileys.wait_for("status", |event| event["id"] == id && event["status"] == 4).await;

    // In: it decrypts what Grace writes, and Grace gets its receipts.
    let id = world.grace.send_text("15550100101", "hello baileys").await.unwrap();
    let received = baileys.wait_for("received", |event| event["id"] == id).await;
    assert_eq!((&received["text"], &received["fromMe"]), (&"hello baileys".into(), &false.into()));
    let delivered = |status| {
        let id = id.clone();
        move |message: &sandbox::phone::PhoneMessage| message.id == id && message.status >= status
    };
    world.grace.wait_for_message(SOON, delivered(MessageStatus::Delivered)).await.unwrap();
    let chat = received["chat"].clone();
    baileys.run("read", serde_json::json!({ "chat": chat, "message": id })).await;
    world.grace.wait_for_message(SOON, delivered(MessageStatus::Read)).await.unwrap();

    // What Ada writes on her phone shows on her companion as her own.
    let id = world.ada.send_text("15550100102", "from the phone").await.unwrap();
    let own = baileys.wait_for("received", |event| event["id"] == id).await;
    assert_eq!((&own["text"], &own["fromMe"]), (&"from the phone".into(), &true.into()));
    world.assert_nothing_strange();
}

#[tokio::test]
async fn baileys_pairs_by_code() {
    let world = World::new().await;
    let mut baileys = world.baileys();
    // It can ask for a code once its socket is open for registration.
    baileys.wait("qr").await;
    let answer = baileys.run("code", serde_json::json!({ "number": world.ada.number() })).await;
    let code = answer["code"].as_str().unwrap();
    world.ada.wait_for_code_request(SOON).await.unwrap();
    let device = world.ada.enter_code(code).await.unwrap();
    let open = baileys.wait("open").await;
    assert_eq!(open["me"], device.to_string());
    let id = world.grace.send_text(world.ada.number(), "after the code").await.unwrap();
    let received = baileys.wait_for("received", |event| event["id"] == id).await;
    assert_eq!(received["text"], "after the code");
    world.assert_nothing_strange();
}

#[tokio::test]
async fn baileys_is_told_when_the_phone_unlinks_it() {
    let world = World::new().await;
    let mut baileys = world.linked().await;
    let device = world.ada.linked_devices()[0].device.clone();
    world.ada.unlink(&device).await.unwrap();
    let close = baileys.wait_for("close", |event| event["code"] == 401).await;
    assert_eq!(close["code"], 401);
    assert!(world.ada.linked_devices().is_empty());
}
