use crate::rig::{Rig, eventually, is, sent, text, whatsapp_ids};
use domain::{Cause, FailReason, MessageStatus, StateKind};
use socket::{Close, Invalidation, Kept, ReceiptKind, SendError, SocketEvent};
use std::time::Duration;

#[tokio::test]
async fn a_message_goes_from_queued_to_read() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, text("hello")).await.unwrap();
    assert_eq!(message.status, MessageStatus::Queued);
    eventually("the send", || sent(&socket) == ["hello"]).await;
    rig.ack(&socket, &message.whatsapp_id, None).await;
    rig.until_logged("message.sent", 1).await;
    for kind in [ReceiptKind::Delivered, ReceiptKind::Read] {
        let at = rig.engine.clock().now();
        let receipt = SocketEvent::Receipt {
            chat: message.chat.clone(),
            by: domain::Person::default(),
            whatsapp_ids: vec![message.whatsapp_id.clone()],
            kind,
            at,
            kept: Kept::default(),
        };
        socket.says(receipt).await;
    }
    rig.until_logged("message.read", 1).await;
    assert_eq!(rig.message(message.id).await.status, MessageStatus::Read);
    let told: Vec<_> = rig.events(Some(id)).await.into_iter().filter(|k| k.starts_with("message.")).collect();
    assert_eq!(told, ["message.queued", "message.sending", "message.sent", "message.delivered", "message.read"]);
    rig.end().await;
}

#[tokio::test]
async fn what_waits_leaves_in_order_when_the_channel_is_back() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    let words: Vec<_> = (0..50).map(|n| format!("no. {n}")).collect();
    for word in &words {
        rig.engine.send(id, text(word)).await.unwrap();
    }
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;
    eventually("all of them", || sent(&socket).len() == 50).await;
    assert_eq!(sent(&socket), words);
    rig.end().await;
}

#[tokio::test]
async fn what_was_not_answered_goes_again_under_the_same_id() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let first = rig.engine.send(id, text("first")).await.unwrap();
    let second = rig.engine.send(id, text("second")).await.unwrap();
    eventually("both", || sent(&socket) == ["first", "second"]).await;
    rig.ack(&socket, &first.whatsapp_id, None).await;
    rig.until_logged("message.sent", 1).await;
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;
    eventually("the second", || whatsapp_ids(&socket) == [second.whatsapp_id.clone()]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_crash_between_sent_and_marked_sends_the_same_id_again() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, text("once")).await.unwrap();
    eventually("the send", || sent(&socket) == ["once"]).await;
    rig.start_again().await;
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    eventually("the send", || whatsapp_ids(&socket) == [message.whatsapp_id.clone()]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_nack_fails_the_message_and_the_next_one_leaves() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let bad = rig.engine.send(id, text("bad")).await.unwrap();
    eventually("the send", || sent(&socket) == ["bad"]).await;
    rig.ack(&socket, &bad.whatsapp_id, Some(479)).await;
    rig.until_logged("message.failed", 1).await;
    assert_eq!(rig.message(bad.id).await.status, MessageStatus::Failed(FailReason::Refused(479)));
    rig.engine.send(id, text("good")).await.unwrap();
    eventually("the next", || sent(&socket) == ["bad", "good"]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_recipient_that_does_not_exist_fails_and_a_socket_that_is_away_does_not() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.answers_a_send(Err(SendError::NoSuchRecipient));
    socket.answers_a_send(Err(SendError::NotConnected));
    let nobody = rig.engine.send(id, text("nobody")).await.unwrap();
    rig.until_logged("message.failed", 1).await;
    assert_eq!(rig.message(nobody.id).await.status, MessageStatus::Failed(FailReason::NoSuchRecipient));
    let later = rig.engine.send(id, text("later")).await.unwrap();
    eventually("the try", || sent(&socket) == ["nobody", "later"]).await;
    assert_ne!(rig.message(later.id).await.status.as_str(), "failed");
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;
    eventually("the send", || sent(&socket) == ["later"]).await;
    rig.end().await;
}

#[tokio::test]
async fn nothing_is_sent_after_a_logout_and_what_waited_fails() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.answers_a_send(Err(SendError::TimedOut));
    let waiting = rig.engine.send(id, text("waits")).await.unwrap();
    eventually("the try", || sent(&socket) == ["waits"]).await;
    socket.hangs();
    rig.engine.logout(id).await.unwrap();
    rig.until_logged("message.failed", 1).await;
    assert_eq!(rig.message(waiting.id).await.status, MessageStatus::Failed(FailReason::SessionEnded));
    rig.pass(Duration::from_secs(9)).await;
    assert_eq!(sent(&socket), ["waits"]);
    rig.end().await;
}

#[tokio::test]
async fn an_unlinked_channel_fails_what_waited() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, text("too late")).await.unwrap();
    eventually("the send", || sent(&socket) == ["too late"]).await;
    socket.says(SocketEvent::Closed(Close::Invalidated(Invalidation::Unlinked))).await;
    rig.until_logged("message.failed", 1).await;
    assert_eq!(rig.message(message.id).await.status, MessageStatus::Failed(FailReason::SessionEnded));
    rig.end().await;
}
