//! Phones write to each other through the network: real Signal sessions, receipts, the offline queue.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use sandbox::Network;
use sandbox::phone::{Content, Direction, MessageStatus, Phone, Phones};

const SOON: Duration = Duration::from_secs(10);

async fn two_phones() -> (Phones, Phone, Phone) {
    let phones = Phones::with_people(Network::new(), 2).await.unwrap();
    let (ada, grace) = (phones.get("15550100101").unwrap(), phones.get("+1 555 0100 102").unwrap());
    (phones, ada, grace)
}

async fn wait_for_status(phone: &Phone, id: &str, status: MessageStatus) {
    phone.wait_for_message(SOON, |message| message.id == id && message.status == status).await.unwrap();
}

#[tokio::test]
async fn a_text_arrives_decrypted_and_its_receipts_come_back() {
    let (phones, ada, grace) = two_phones().await;
    let id = ada.send_text("+1 555 0100 102", "hello Grace").await.unwrap();
    let message = grace.wait_for_message(SOON, |message| message.id == id).await.unwrap();
    assert_eq!(message.content, Content::Text("hello Grace".to_owned()));
    assert_eq!(message.chat.to_string(), "15550100101@s.whatsapp.net");
    assert_eq!(message.direction, Direction::In);
    wait_for_status(&ada, &id, MessageStatus::Delivered).await;
    grace.read(&id).await.unwrap();
    wait_for_status(&ada, &id, MessageStatus::Read).await;
    let counters = phones.network().counters();
    assert_eq!((counters.unknown_stanzas, counters.devices_left_out, counters.nacks), (0, 0, 0), "{counters:?}");
}

#[tokio::test]
async fn a_conversation_goes_back_and_forth_on_one_session() {
    let (_phones, ada, grace) = two_phones().await;
    for round in 0..5 {
        let id = ada.send_text(grace.number(), &format!("ping {round}")).await.unwrap();
        grace.wait_for_message(SOON, |message| message.id == id).await.unwrap();
        let id = grace.send_text(ada.number(), &format!("pong {round}")).await.unwrap();
        let back = ada.wait_for_message(SOON, |message| message.id == id).await.unwrap();
        assert_eq!(back.content.text(), Some(format!("pong {round}").as_str()));
    }
    let chats = ada.conversations().await;
    assert_eq!((chats.len(), chats[0].messages, chats[0].unread), (1, 10, 5));
}

#[tokio::test]
async fn what_is_sent_to_a_phone_that_is_off_waits_for_it() {
    let (_phones, ada, grace) = two_phones().await;
    grace.go_offline().await;
    let id = ada.send_text(grace.number(), "are you there?").await.unwrap();
    wait_for_status(&ada, &id, MessageStatus::Sent).await;
    assert!(grace.messages().await.is_empty());
    grace.go_online().await.unwrap();
    let message = grace.wait_for_message(SOON, |message| message.id == id).await.unwrap();
    assert!(message.offline);
    assert_eq!(message.content.text(), Some("are you there?"));
    wait_for_status(&ada, &id, MessageStatus::Delivered).await;
}

#[tokio::test]
async fn a_phone_with_auto_reply_echoes_and_two_of_them_do_not_echo_for_ever() {
    let (_phones, ada, grace) = two_phones().await;
    ada.set_auto_reply(true).await;
    grace.set_auto_reply(true).await;
    ada.send_text(grace.number(), "anybody?").await.unwrap();
    ada.wait_for_message(SOON, |message| message.content.text() == Some("Echo: anybody?")).await.unwrap();
    let id = ada.send_text(grace.number(), "last").await.unwrap();
    wait_for_status(&ada, &id, MessageStatus::Delivered).await;
    ada.wait_for_message(SOON, |message| message.content.text() == Some("Echo: last")).await.unwrap();
    assert_eq!(grace.messages().await.iter().filter(|m| m.direction == Direction::In).count(), 2);
}

#[tokio::test]
async fn a_phone_that_is_off_neither_sends_nor_scans() {
    let (_phones, ada, grace) = two_phones().await;
    ada.go_offline().await;
    assert!(ada.send_text(grace.number(), "no").await.is_err());
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let refused = ada.scan(&format!("ref,{key},{key},{key}")).await.unwrap_err();
    assert_eq!(refused.to_string(), "the phone is offline");
}

#[tokio::test]
async fn nobody_can_be_written_to_who_has_no_account() {
    let (_phones, ada, _grace) = two_phones().await;
    let refused = ada.send_text("15550100199", "hello?").await.unwrap_err();
    assert_eq!(refused.to_string(), "15550100199 has no WhatsApp account here");
}

#[tokio::test]
async fn a_phone_brought_back_from_a_file_goes_on_where_its_app_state_stands() {
    let (phones, ada, _grace) = two_phones().await;
    ada.set_push_name("Countess").await.unwrap();
    let again = Phones::restore(Network::new(), &phones.save().await.unwrap()).await.unwrap();
    let ada = again.get("15550100101").unwrap();
    assert_eq!(ada.push_name().await, "Countess");
    ada.set_push_name("Ada").await.unwrap();
    let id = ada.send_text("15550100102", "still me").await.unwrap();
    let grace = again.get("15550100102").unwrap();
    let message = grace.wait_for_message(SOON, |message| message.id == id).await.unwrap();
    assert_eq!(message.content.text(), Some("still me"));
}
