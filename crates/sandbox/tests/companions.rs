//! A whatsapp-rust client as companion of a simulated phone: linked by QR and by code, connected at once, and in one
//! account with its phone.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod client;

use std::time::{Duration, Instant};

use client::{Client, PATIENCE};
use sandbox::phone::{Direction, MessageStatus, Phone, Phones};
use sandbox::{Sandbox, SandboxConfig};
use wacore_binary::Jid;
use whatsapp_rust::types::events::Event;
use whatsapp_rust::types::presence::ReceiptType;

struct World {
    sandbox: Sandbox,
    phones: Phones,
    ada: Phone,
    grace: Phone,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let phones = Phones::with_people(sandbox.network().clone(), 2).await.unwrap();
        let (ada, grace) = (phones.get("15550100101").unwrap(), phones.get("15550100102").unwrap());
        Self { sandbox, phones, ada, grace }
    }

    async fn linked(&self) -> Client {
        let mut client = Client::start(self.sandbox.url()).await;
        self.ada.scan(&client.qr_code().await).await.unwrap();
        client.connected().await;
        client
    }

    fn assert_nothing_strange(&self) {
        let counters = self.phones.network().counters();
        assert_eq!(counters.unknown_kinds.len(), 0, "{counters:?}");
        assert_eq!((counters.devices_left_out, counters.nacks, counters.malformed), (0, 0, 0), "{counters:?}");
    }
}

async fn receipt(client: &mut Client, id: &str, wanted: ReceiptType) {
    client
        .wait("receipt", |event| match event {
            Event::Receipt(receipt) => {
                (receipt.r#type == wanted && receipt.message_ids.iter().any(|known| known == id)).then_some(())
            }
            _ => None,
        })
        .await;
}

async fn name(client: &mut Client, wanted: &str) {
    client
        .wait("push name", |event| match event {
            Event::SelfPushNameUpdated(update) => (update.new_name == wanted).then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_is_connected_at_once_because_its_phone_shares_the_app_state_key() {
    let world = World::new().await;
    let mut client = Client::start(world.sandbox.url()).await;
    world.ada.scan(&client.qr_code().await).await.unwrap();
    let scanned = Instant::now();
    client.connected().await;
    // Without the key share it waits ten seconds for it.
    assert!(scanned.elapsed() < Duration::from_secs(8), "{:?}", scanned.elapsed());
    let linked = world.ada.linked_devices();
    assert_eq!((linked.len(), linked[0].online), (1, true));
    world.assert_nothing_strange();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_takes_over_the_name_that_its_phone_published() {
    let world = World::new().await;
    let mut client = Client::start(world.sandbox.url()).await;
    world.ada.scan(&client.qr_code().await).await.unwrap();
    name(&mut client, "Ada").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_is_linked_by_the_code_that_is_typed_on_the_phone() {
    let world = World::new().await;
    let mut client = Client::with_code(world.sandbox.url(), world.ada.number()).await;
    let code = client.pair_code().await;
    world.ada.wait_for_code_request(PATIENCE).await.unwrap();
    world.ada.enter_code(&code).await.unwrap();
    client.connected().await;
    world.grace.send_text(world.ada.number(), "after the code").await.unwrap();
    client.text("after the code").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_companion_writes_shows_in_its_phones_chat_and_its_receipts_come_back() {
    let world = World::new().await;
    let mut client = world.linked().await;
    let to: Jid = "15550100102@s.whatsapp.net".parse().unwrap();
    client.handle.client().send_text(to, "hello Grace").await.unwrap();
    let message = world.grace.wait_for_message(PATIENCE, |m| m.content.text() == Some("hello Grace")).await.unwrap();
    let own = world.ada.wait_for_message(PATIENCE, |m| m.id == message.id).await.unwrap();
    assert_eq!((own.direction, own.by_companion, own.chat.user.as_str()), (Direction::Out, true, "15550100102"));
    receipt(&mut client, &message.id, ReceiptType::Delivered).await;
    world.grace.read(&message.id).await.unwrap();
    receipt(&mut client, &message.id, ReceiptType::Read).await;
    world.assert_nothing_strange();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_reaches_both_the_phone_and_its_companion_and_so_do_the_phones_own() {
    let world = World::new().await;
    let mut client = world.linked().await;
    let id = world.grace.send_text(world.ada.number(), "for both").await.unwrap();
    client.text("for both").await;
    world.ada.wait_for_message(PATIENCE, |m| m.id == id).await.unwrap();
    world.grace.wait_for_message(PATIENCE, |m| m.id == id && m.status >= MessageStatus::Delivered).await.unwrap();
    world.ada.send_text(world.grace.number(), "from my phone").await.unwrap();
    client.text("from my phone").await;
    world.assert_nothing_strange();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_that_its_phone_unlinks_is_logged_out_and_written_to_no_more() {
    let world = World::new().await;
    let mut client = world.linked().await;
    let device = world.ada.linked_devices()[0].device.clone();
    world.ada.unlink(&device).await.unwrap();
    client.wait("logout", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    assert!(world.ada.linked_devices().is_empty());
    // The key-index list that the phone signed anew no longer names it: Grace's phone encrypts for one device.
    let id = world.grace.send_text(world.ada.number(), "only you").await.unwrap();
    world.ada.wait_for_message(PATIENCE, |m| m.id == id).await.unwrap();
    world.assert_nothing_strange();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_of_the_phone_reaches_its_companion() {
    let world = World::new().await;
    let mut client = world.linked().await;
    world.ada.set_push_name("Countess").await.unwrap();
    name(&mut client, "Countess").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_is_one_chat_however_the_client_addresses_it() {
    let world = World::new().await;
    let mut client = world.linked().await;
    for (to, words) in [(world.grace.account().pn.clone(), "by number"), (world.grace.account().lid.clone(), "by lid")] {
        client.handle.client().send_text(to, words).await.unwrap();
        world.grace.wait_for_message(PATIENCE, |m| m.content.text() == Some(words)).await.unwrap();
        world.ada.wait_for_message(PATIENCE, |m| m.content.text() == Some(words)).await.unwrap();
    }
    world.grace.send_text(&world.ada.account().lid.to_string(), "back").await.unwrap();
    client.text("back").await;
    assert_eq!((world.grace.conversations().await.len(), world.ada.conversations().await.len()), (1, 1));
    world.assert_nothing_strange();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companion_works_while_its_phone_is_off_and_the_phone_catches_up() {
    let world = World::new().await;
    let mut client = world.linked().await;
    // The key share has arrived by now, or the client would not be connected.
    world.ada.go_offline().await;
    let id = world.grace.send_text(world.ada.number(), "while you are off").await.unwrap();
    client.text("while you are off").await;
    client.handle.client().send_text(Jid::pn(world.grace.number()), "she is off").await.unwrap();
    world.grace.wait_for_message(PATIENCE, |m| m.content.text() == Some("she is off")).await.unwrap();
    world.ada.go_online().await.unwrap();
    let late = world.ada.wait_for_message(PATIENCE, |m| m.id == id).await.unwrap();
    assert!(late.offline);
    let own = world.ada.wait_for_message(PATIENCE, |m| m.content.text() == Some("she is off")).await.unwrap();
    assert_eq!((own.direction, own.by_companion), (Direction::Out, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_companions_of_one_phone_see_each_others_messages() {
    let world = World::new().await;
    let first = world.linked().await;
    let mut second = world.linked().await;
    assert_eq!(world.ada.linked_devices().len(), 2);
    first.handle.client().send_text(Jid::pn(world.grace.number()), "from the first").await.unwrap();
    second.text("from the first").await;
    world.grace.wait_for_message(PATIENCE, |m| m.content.text() == Some("from the first")).await.unwrap();
    world.assert_nothing_strange();
}
