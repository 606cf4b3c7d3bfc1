//! Texts in both directions.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use domain::{Cause, ChatId, Content};
use house::{House, SOON, channel, chat_with, number, text};
use sandbox::phone::Direction;
use socket::{Close, ReceiptKind, SendError, SocketEvent};
use std::sync::atomic::Ordering;
use wacore_binary::builder::NodeBuilder;

#[tokio::test(flavor = "multi_thread")]
async fn a_text_goes_out_and_its_receipts_come_back() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    let grace = house.grace();
    session.socket.send(text("3EB0AAAAAAAAAAAAAAAA01", &grace, "hello Grace")).await.unwrap();

    // The server's word and the recipient's may overtake each other.
    let (mut acked, mut delivered) = (None, None);
    while acked.is_none() || delivered.is_none() {
        match session.next().await {
            SocketEvent::ServerAck { whatsapp_id, error, .. } => acked = Some((whatsapp_id, error)),
            SocketEvent::Receipt { chat, by, whatsapp_ids, kind: ReceiptKind::Delivered, .. } => {
                delivered = Some((chat, by.phone, whatsapp_ids))
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(acked, Some(("3EB0AAAAAAAAAAAAAAAA01".into(), None)));
    assert_eq!(delivered, Some((chat_with(&grace), Some(number(&grace)), vec!["3EB0AAAAAAAAAAAAAAAA01".into()])));

    let read = grace.wait_for_message(SOON, |m| m.content.text() == Some("hello Grace")).await.unwrap();
    assert_eq!((read.id.as_str(), read.direction), ("3EB0AAAAAAAAAAAAAAAA01", Direction::In));
    grace.read(&read.id).await.unwrap();
    session.until(|e| matches!(e, SocketEvent::Receipt { kind: ReceiptKind::Read, .. }).then_some(())).await;
    // The channel's own phone sees it, too.
    house.ada().wait_for_message(SOON, |m| m.content.text() == Some("hello Grace") && m.by_companion).await.unwrap();
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_comes_in_once_under_the_one_id_of_its_chat() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let grace = house.grace();
    let id = grace.send_text(house.ada().number(), "hello Ada").await.unwrap();
    let letter = session.inbox.letter(0).await;
    assert_eq!(letter.whatsapp_id, id);
    assert_eq!(letter.content, Content::Text { text: "hello Ada".into() });
    assert_eq!(letter.chat, chat_with(&grace));
    assert_eq!(letter.sender.phone, Some(number(&grace)));
    assert!(letter.sender.lid.is_some());
    assert_eq!(letter.sender.name.as_deref(), Some("Grace"));
    assert!(!letter.from_me);

    // The phone's own side of the chat arrives under the same id.
    house.ada().send_text(grace.number(), "hello back").await.unwrap();
    let own = session.inbox.letter(1).await;
    assert!(own.from_me);
    assert_eq!((own.chat, own.sender.phone), (chat_with(&grace), Some(number(&house.ada()))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_inbox_refuses_ends_the_socket_and_comes_again_with_the_next() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    session.inbox.refuses.store(true, Ordering::SeqCst);
    let id = house.grace().send_text(house.ada().number(), "do not lose me").await.unwrap();
    assert_eq!(session.closed().await, Close::Lost(Cause::StorageFailed));
    assert!(session.inbox.all().is_empty());

    let mut again = house.open(channel(1)).await;
    again.opened().await;
    assert_eq!(again.inbox.letter(0).await.whatsapp_id, id);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_time_without_connection_come_with_the_next_one() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    session.socket.close().await;
    for n in 0..5 {
        house.grace().send_text(house.ada().number(), &format!("number {n}")).await.unwrap();
    }
    let again = house.open(channel(1)).await;
    again.inbox.letter(4).await;
    let texts: Vec<_> = again.inbox.all().into_iter().map(|m| m.content).collect();
    let expected: Vec<_> = (0..5).map(|n| Content::Text { text: format!("number {n}") }).collect();
    assert_eq!(texts, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_without_whatsapp_is_no_recipient() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let chat: ChatId = "15550100999@s.whatsapp.net".parse().unwrap();
    let message = socket::Outbound {
        whatsapp_id: "3EB0AAAAAAAAAAAAAAAA02".into(),
        chat,
        content: Content::Text { text: "anybody?".into() },
    };
    assert_eq!(session.socket.send(message).await, Err(SendError::NoSuchRecipient));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_channels_write_to_each_other() {
    let house = House::new().await;
    let mut one = house.linked(channel(1)).await;
    let mut pairing = house.open(channel(2)).await;
    let code = pairing.qr().await;
    house.grace().scan(&code).await.unwrap();
    pairing.closed().await;
    let mut two = house.open(channel(2)).await;
    two.opened().await;

    one.socket.send(text("3EB0AAAAAAAAAAAAAAAA03", &house.grace(), "ping")).await.unwrap();
    assert_eq!(two.inbox.letter(0).await.content, Content::Text { text: "ping".into() });
    two.socket.send(text("3EB0AAAAAAAAAAAAAAAA04", &house.ada(), "pong")).await.unwrap();
    assert_eq!(one.inbox.letter(0).await.content, Content::Text { text: "pong".into() });
    one.until(|e| matches!(e, SocketEvent::Receipt { kind: ReceiptKind::Delivered, .. }).then_some(())).await;
    two.until(|e| matches!(e, SocketEvent::Receipt { kind: ReceiptKind::Delivered, .. }).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_the_login_and_after_the_end() {
    let house = House::new().await;
    let pairing = house.open(channel(2)).await;
    assert_eq!(pairing.socket.send(text("3EB0AAAAAAAAAAAAAAAA05", &house.grace(), "x")).await, Err(SendError::NotConnected));
    let session = house.linked(channel(1)).await;
    session.socket.close().await;
    assert_eq!(session.socket.send(text("3EB0AAAAAAAAAAAAAAAA06", &house.grace(), "x")).await, Err(SendError::NotConnected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_no_key_opens_is_kept_as_such() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    send_garbage(&house, "3EB0BBBBBBBBBBBBBBBB01");
    let letter = session.inbox.letter(0).await;
    assert_eq!((letter.whatsapp_id.as_str(), &letter.content), ("3EB0BBBBBBBBBBBBBBBB01", &Content::Undecryptable));
    assert_eq!(letter.chat, chat_with(&house.grace()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_ours_ends_the_socket_and_not_the_channel() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    session.inbox.panics.store(true, Ordering::SeqCst);
    send_garbage(&house, "3EB0BBBBBBBBBBBBBBBB02");
    assert_eq!(session.closed().await, Close::Lost(Cause::ConnectionLost));
    house.open(channel(1)).await.opened().await;
}

/// A message from Grace to Ada's linked device that is no ciphertext of anybody.
fn send_garbage(house: &House, id: &str) {
    let device = house.ada().linked_devices()[0].device.clone();
    let grace = house.grace().account().pn.clone();
    let garbage = NodeBuilder::new("enc").attr("v", "2").attr("type", "msg").bytes(vec![0x33, 1, 2, 3, 4, 5, 6, 7, 8]).build();
    let copy = NodeBuilder::new("to").attr("jid", device).children([garbage]).build();
    let stanza = NodeBuilder::new("message")
        .attr("to", house.ada().account().pn.clone())
        .attr("id", id)
        .attr("type", "text")
        .children([NodeBuilder::new("participants").children([copy]).build()])
        .build();
    house.network().submit(&grace, stanza).unwrap();
}
