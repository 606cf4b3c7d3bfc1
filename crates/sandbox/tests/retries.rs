//! Messages that cannot be decrypted are asked for again, and come again: between phones and with a real client.
#![allow(clippy::unwrap_used)]

mod client;

use client::{Client, PATIENCE};
use sandbox::phone::{Content, MessageStatus, Phone, PhoneMessage, Phones};
use sandbox::{Sandbox, SandboxConfig};
use wacore_binary::Jid;

struct World {
    sandbox: Sandbox,
    ada: Phone,
    grace: Phone,
}

impl World {
    async fn new() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let phones = Phones::with_people(sandbox.network().clone(), 2).await.unwrap();
        let (ada, grace) = (phones.get("15550100101").unwrap(), phones.get("15550100102").unwrap());
        Self { sandbox, ada, grace }
    }

    async fn linked(&self) -> Client {
        let mut client = Client::start(self.sandbox.url()).await;
        self.ada.scan(&client.qr_code().await).await.unwrap();
        client.connected().await;
        client
    }
}

fn text(wanted: &str) -> impl Fn(&PhoneMessage) -> bool {
    move |message| message.content == Content::Text(wanted.to_owned())
}

#[tokio::test]
async fn a_phone_that_lost_its_sessions_gets_the_message_again() {
    let World { ada, grace, .. } = World::new().await;
    ada.send_text(grace.number(), "one").await.unwrap();
    grace.wait_for_message(PATIENCE, text("one")).await.unwrap();
    grace.send_text(ada.number(), "two").await.unwrap();
    ada.wait_for_message(PATIENCE, text("two")).await.unwrap();
    grace.forget_sessions().await;
    let id = ada.send_text(grace.number(), "three").await.unwrap();
    grace.wait_for_message(PATIENCE, text("three")).await.unwrap();
    ada.wait_for_message(PATIENCE, |m| m.id == id && m.status == MessageStatus::Delivered).await.unwrap();
    assert_eq!(grace.messages().await.iter().filter(|message| message.id == id).count(), 1);
}

#[tokio::test]
async fn a_damaged_message_is_seen_as_undecryptable_until_it_comes_again() {
    let World { ada, grace, .. } = World::new().await;
    ada.spoil_next_message().await;
    let id = ada.send_text(grace.number(), "whole").await.unwrap();
    grace
        .wait_for(PATIENCE, |messages| {
            let message = messages.iter().find(|message| message.id == id)?;
            (message.content.text() == Some("whole")).then_some(())
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_asks_for_a_damaged_message_and_gets_it_whole() {
    let world = World::new().await;
    let mut client = world.linked().await;
    world.grace.send_text(world.ada.number(), "first").await.unwrap();
    client.text("first").await;
    world.grace.spoil_next_message().await;
    world.grace.send_text(world.ada.number(), "second").await.unwrap();
    client.text("second").await;
    // Ada's phone got a damaged copy too, and the whole one after it.
    world.ada.wait_for_message(PATIENCE, text("second")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_sends_again_what_a_phone_could_not_decrypt() {
    let world = World::new().await;
    let mut client = world.linked().await;
    let to = Jid::pn(world.grace.number());
    client.handle.client().send_text(to.clone(), "first").await.unwrap();
    world.grace.wait_for_message(PATIENCE, text("first")).await.unwrap();
    world.grace.send_text(world.ada.number(), "answer").await.unwrap();
    client.text("answer").await;
    world.grace.forget_sessions().await;
    client.handle.client().send_text(to, "second").await.unwrap();
    world.grace.wait_for_message(PATIENCE, text("second")).await.unwrap();
}
