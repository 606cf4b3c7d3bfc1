//! Messages that cannot be decrypted: told at once, asked for again, and resolved under the same id.
#![allow(clippy::unwrap_used)]

mod house;

use domain::Content;
use house::{House, SOON, channel, chat_with};
use sandbox::NetworkEvent;
use sandbox::phone::Phone;
use tokio::sync::broadcast::Receiver;

/// Until the channel's device has asked for the message again.
async fn asked_again(events: &mut Receiver<NetworkEvent>, wanted: &str) {
    let asked = async {
        loop {
            if let NetworkEvent::ReceiptRouted { id, from, kind } = events.recv().await.unwrap()
                && id == wanted
                && kind == "retry"
                && from.device != 0
            {
                return;
            }
        }
    };
    tokio::time::timeout(SOON, asked).await.expect("nobody asked for the message again");
}

/// A message that Grace's phone encrypts wrongly once.
async fn resolved(garble: impl AsyncFnOnce(&Phone)) {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let (ada, grace) = (house.ada(), house.grace());
    let first = grace.send_text(ada.number(), "readable").await.unwrap();
    session.inbox.readable(&first).await;

    let mut events = house.network().events();
    grace.set_answers_retries(false).await.unwrap();
    garble(&grace).await;
    let id = grace.send_text(ada.number(), "garbled once").await.unwrap();
    // What is known of it is told at once.
    let known = session.inbox.with(&id, |content| *content == Content::Undecryptable).await;
    assert_eq!((known.chat.clone(), known.sender.name.as_deref()), (chat_with(&grace), Some("Grace")));
    asked_again(&mut events, &id).await;
    grace.set_answers_retries(true).await.unwrap();
    let letter = session.inbox.readable(&id).await;
    assert_eq!(letter.content, Content::Text { text: "garbled once".into() });
    assert_eq!((&letter.chat, &letter.sender), (&known.chat, &known.sender));
    assert_eq!(session.inbox.all().iter().filter(|m| m.whatsapp_id == id).count(), 1);

    // The session between both is whole again.
    let next = grace.send_text(ada.number(), "and on").await.unwrap();
    assert_eq!(session.inbox.readable(&next).await.content, Content::Text { text: "and on".into() });
    assert_eq!(session.inbox.handed_in().iter().filter(|(told, _)| *told == next).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_message_is_told_asked_for_again_and_resolved_under_its_id() {
    resolved(async |phone| phone.spoil_next_message().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_on_a_session_that_we_do_not_have_is_resolved_under_its_id() {
    resolved(async |phone| phone.use_wrong_session_once().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_survives_a_lost_connection_in_between() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let (ada, grace) = (house.ada(), house.grace());
    // The retry is asked of a phone that is away; it answers when the channel has another connection.
    let mut events = house.network().events();
    grace.spoil_next_message().await;
    let id = grace.send_text(ada.number(), "garbled once").await.unwrap();
    grace.go_offline().await;
    asked_again(&mut events, &id).await;
    session.socket.close().await;
    let mut again = house.open(channel(1)).await;
    again.opened().await;
    grace.go_online().await.unwrap();
    let letter = again.inbox.readable(&id).await;
    assert_eq!(letter.content, Content::Text { text: "garbled once".into() });
}
