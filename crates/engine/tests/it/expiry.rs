//! Messages that are not to leave after a moment.

use crate::rig::{Rig, eventually, is, sent, text};
use domain::{Cause, MessageStatus, StateKind};
use engine::NewMessage;
use socket::{Close, SendError, SocketEvent};
use std::time::Duration;

fn good_for(rig: &Rig, secs: u64, words: &str) -> NewMessage {
    NewMessage { expires_at: Some(rig.engine.clock().now().plus(Duration::from_secs(secs))), ..text(words) }
}

#[tokio::test]
async fn a_message_that_could_not_leave_in_time_expires_while_the_channel_is_away() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    let stale = rig.engine.send(id, good_for(&rig, 20, "stale")).await.unwrap();
    rig.engine.send(id, good_for(&rig, 3_600, "fresh")).await.unwrap();
    rig.logged_in_time("message.expired", 1).await;
    let expired = rig.message(stale.id).await;
    assert_eq!(expired.status, MessageStatus::Expired);
    assert!(expired.updated_at >= stale.outbox.expires_at.unwrap());
    let opened = rig.socket(id).await;
    rig.log_in(&opened).await;
    eventually("the other", || sent(&opened) == ["fresh"]).await;
    rig.end().await;
}

#[tokio::test]
async fn what_is_being_sent_does_not_expire() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, good_for(&rig, 10, "just in time")).await.unwrap();
    eventually("the send", || sent(&socket) == ["just in time"]).await;
    rig.pass(Duration::from_secs(15)).await;
    rig.ack(&socket, &message.whatsapp_id, None).await;
    rig.until_message(message.id, |m| m.status == MessageStatus::Sent).await;
    assert!(!rig.events(Some(id)).await.contains(&"message.expired".into()));
    rig.end().await;
}

#[tokio::test]
async fn one_that_expires_while_it_waits_for_its_next_try_lets_its_chat_go_on() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.answers_a_send(Err(SendError::TimedOut));
    let stale = rig.engine.send(id, good_for(&rig, 3, "stale")).await.unwrap();
    eventually("the try", || sent(&socket) == ["stale"]).await;
    rig.until_message(stale.id, |m| m.outbox.attempts == 1).await;
    rig.engine.send(id, text("next")).await.unwrap();
    rig.in_time("the next", || sent(&socket) == ["stale", "next"]).await;
    assert_eq!(rig.message(stale.id).await.status, MessageStatus::Expired);
    rig.end().await;
}

#[tokio::test]
async fn a_night_asleep_expires_what_was_for_the_evening_before_anything_leaves() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    let stale = rig.engine.send(id, good_for(&rig, 3_600, "tonight?")).await.unwrap();
    let _before = rig.socket_within(id, Duration::from_millis(500)).await;
    let socket = rig.sleeps(id, Duration::from_secs(8 * 3_600)).await;
    rig.log_in(&socket).await;
    rig.until_message(stale.id, |m| m.status == MessageStatus::Expired).await;
    rig.pass(Duration::from_secs(5)).await;
    assert!(sent(&socket).is_empty());
    rig.end().await;
}

#[tokio::test]
async fn what_expired_while_nothing_ran_is_ended_at_the_next_start() {
    let mut rig = Rig::new().await;
    let (id, _) = rig.connected().await;
    rig.engine.stop(id).await.unwrap();
    let stale = rig.engine.send(id, good_for(&rig, 60, "stale")).await.unwrap();
    rig.engine.drain(Duration::from_secs(10)).await;
    rig.hand.pass(Duration::from_secs(3_600));
    rig.launch().await;
    rig.until_message(stale.id, |m| m.status == MessageStatus::Expired).await;
    rig.end().await;
}
