//! Phones edit, delete, react, hold back and write many texts; what comes twice is shown once and counted.
#![allow(clippy::unwrap_used)]

mod client;
mod house;

use std::collections::HashSet;
use std::time::Duration;

use client::{Client, PATIENCE};
use house::{House, assert_good, jid};
use sandbox::phone::{Content, Direction, MessageStatus, Phone, Phones, ReceiptKind};
use sandbox::{Fault, Network, NetworkEvent, Target, Way};

async fn two_phones() -> (Phones, Phone, Phone) {
    let phones = Phones::with_people(Network::new(), 2).await.unwrap();
    let (ada, grace) = (phones.get("15550100101").unwrap(), phones.get("15550100102").unwrap());
    (phones, ada, grace)
}

#[tokio::test]
async fn an_edit_a_reaction_and_a_deletion_reach_the_other_phone() {
    let (_phones, ada, grace) = two_phones().await;
    let target = ada.send_text(grace.number(), "helo").await.unwrap();
    ada.edit(&target, "hello").await.unwrap();
    grace.wait_for_message(PATIENCE, |message| message.id == target).await.unwrap();
    grace.react(&target, "👍").await.unwrap();
    ada.revoke(&target).await.unwrap();
    let about = || target.clone();
    let edit = Content::Edit { target: about(), text: "hello".to_owned() };
    let thumb = Content::Reaction { target: about(), emoji: "👍".to_owned() };
    grace.wait_for_message(PATIENCE, |message| message.content == edit).await.unwrap();
    ada.wait_for_message(PATIENCE, |message| message.direction == Direction::In && message.content == thumb).await.unwrap();
    let gone = Content::Revoke { target: about() };
    grace.wait_for_message(PATIENCE, |message| message.content == gone).await.unwrap();
    assert!(ada.edit("nothing", "else").await.is_err());
}

#[tokio::test]
async fn what_is_held_back_is_overtaken() {
    let (_phones, ada, grace) = two_phones().await;
    let late = ada.hold_text(grace.number(), "first").await.unwrap();
    let edit = ada.edit(&late, "first, edited").await.unwrap();
    grace.wait_for_message(PATIENCE, |message| message.id == edit).await.unwrap();
    grace.tell_receipt(ada.number(), std::slice::from_ref(&late), ReceiptKind::Read).unwrap();
    ada.wait_for_message(PATIENCE, |message| message.id == late && message.status == MessageStatus::Read).await.unwrap();
    assert!(grace.messages().await.iter().all(|message| message.id != late));
    ada.release(&late).await.unwrap();
    grace.wait_for_message(PATIENCE, |message| message.id == late).await.unwrap();
    let arrivals = grace.arrivals().await;
    let order: Vec<&str> = arrivals.chats[0].messages.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(order, [edit.as_str(), late.as_str()]);
    assert!(ada.release(&late).await.is_err(), "it has gone");
}

#[tokio::test]
async fn many_texts_arrive_in_order_and_once() {
    let (phones, ada, grace) = two_phones().await;
    let texts: Vec<String> = (0..500).map(|n| format!("number {n}")).collect();
    let ids = ada.send_texts(grace.number(), &texts).await.unwrap();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 500);
    grace.wait_for(PATIENCE, |messages| (messages.len() == 500).then_some(())).await.unwrap();
    let arrivals = grace.arrivals().await;
    assert_eq!((arrivals.messages, arrivals.duplicates, arrivals.undecryptable), (500, 0, 0));
    let came: Vec<_> = arrivals.chats[0].messages.iter().map(|message| message.text.clone().unwrap()).collect();
    assert_eq!(came, texts);
    ada.wait_for_message(PATIENCE, |message| message.id == ids[499] && message.status == MessageStatus::Delivered)
        .await
        .unwrap();
    assert_eq!(phones.network().counters().devices_left_out, 0);
}

#[tokio::test]
async fn a_phone_that_does_not_answer_retries_does_so_later() {
    let (phones, ada, grace) = two_phones().await;
    let mut events = phones.network().events();
    ada.set_answers_retries(false).await.unwrap();
    ada.use_wrong_session_once().await;
    let id = ada.send_text(grace.number(), "once more, please").await.unwrap();
    let asked =
        async { while !matches!(events.recv().await.unwrap(), NetworkEvent::ReceiptRouted { kind, .. } if kind == "retry") {} };
    tokio::time::timeout(PATIENCE, asked).await.unwrap();
    let known = grace.wait_for_message(PATIENCE, |message| message.id == id).await.unwrap();
    assert_eq!((known.content.kind(), known.arrivals), ("undecryptable", 0));
    ada.set_answers_retries(true).await.unwrap();
    let whole = |message: &sandbox::phone::PhoneMessage| message.content.text() == Some("once more, please");
    assert_eq!(grace.wait_for_message(PATIENCE, whole).await.unwrap().arrivals, 1);
}

/// A client of Ada's and her and Bea's phones.
async fn connected() -> (House, Client, Phone) {
    let house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let client = Client::paired(&house, &ada).await;
    (house, client, bea)
}

async fn send(client: &Client, id: &str, text: &str) {
    let options = whatsapp_rust::SendOptions::default().with_message_id(id);
    let message = waproto::whatsapp::Message { conversation: Some(text.to_owned()), ..Default::default() };
    // What a cut connection does to it is for the test to see elsewhere.
    drop(client.handle.client().send_message_with_options(jid("15550100002"), message, options).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_under_the_same_id_is_shown_once_and_its_copies_are_counted() {
    let (house, client, bea) = connected().await;
    for _ in 0..3 {
        send(&client, "3EB0AAAAAAAAAAAAAAAA31", "again").await;
    }
    send(&client, "3EB0AAAAAAAAAAAAAAAA32", "new").await;
    bea.wait_for_message(PATIENCE, |message| message.id == "3EB0AAAAAAAAAAAAAAAA32").await.unwrap();
    let arrivals = bea.arrivals().await;
    assert_eq!((arrivals.messages, arrivals.duplicates), (2, 2));
    assert_eq!(arrivals.chats[0].messages.iter().map(|message| message.arrivals).collect::<Vec<_>>(), [3, 1]);
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stanza_that_was_swallowed_comes_again_at_the_next_login() {
    let (mut house, mut client, bea) = connected().await;
    let device = house.device(&house.phones.get("15550100001").unwrap());
    let fault = Fault::SwallowStanzas { way: Way::ToClient, tag: Some("message".to_owned()), stanzas: Some(1) };
    house.network().inject(Target::Device(device.clone()), fault);
    bea.send_text("15550100001", "swallowed").await.unwrap();
    bea.send_text("15550100001", "not swallowed").await.unwrap();
    client.text("not swallowed").await;
    house.forget();
    house.network().inject(Target::Device(device.clone()), Fault::Drop);
    house.login(&device).await;
    client.text("swallowed").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stanza_of_a_client_can_be_lost_or_late() {
    let (house, client, bea) = connected().await;
    let (way, tag) = (Way::FromClient, Some("message".to_owned()));
    let lose = Fault::SwallowStanzas { way, tag: tag.clone(), stanzas: Some(1) };
    house.network().inject(Target::Everyone, lose);
    send(&client, "3EB0AAAAAAAAAAAAAAAA41", "lost").await;
    let delay = Duration::from_millis(500);
    house.network().inject(Target::Everyone, Fault::DelayStanzas { way, tag, delay, stanzas: Some(1) });
    send(&client, "3EB0AAAAAAAAAAAAAAAA42", "late").await;
    send(&client, "3EB0AAAAAAAAAAAAAAAA43", "in time").await;
    bea.wait_for_message(PATIENCE, |message| message.id == "3EB0AAAAAAAAAAAAAAAA42").await.unwrap();
    let order: Vec<String> = bea.messages().await.into_iter().map(|message| message.id).collect();
    assert_eq!(order, ["3EB0AAAAAAAAAAAAAAAA43", "3EB0AAAAAAAAAAAAAAAA42"]);
}
