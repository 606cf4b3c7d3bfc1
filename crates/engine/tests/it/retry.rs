//! What passes by itself is tried again; what does not waits for a person.

use crate::rig::{Rig, eventually, is, is_down, sent, text, text_to, whatsapp_ids};
use domain::{FailReason, MessageStatus, Reason, StateKind, Timestamp};
use engine::CommandError;
use socket::{Close, Invalidation, SendError, SocketEvent};
use std::time::Duration;

fn conflict(outcome: Result<domain::Message, CommandError>) -> &'static str {
    match outcome {
        Err(CommandError::Conflict { code, .. }) => code,
        other => panic!("no conflict: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_that_waits_for_its_next_try_holds_back_its_chat_and_no_other() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let first = rig.engine.send(id, text("a1")).await.unwrap();
    eventually("the send", || sent(&socket) == ["a1"]).await;
    rig.ack(&socket, &first.whatsapp_id, Some(503)).await;
    let waiting = rig.until_message(first.id, |m| m.status == MessageStatus::Queued).await;
    assert_eq!((waiting.outbox.attempts, waiting.outbox.setback), (1, Some(FailReason::Refused(503))));
    let wait = waiting.outbox.next_attempt_at.unwrap().since(rig.engine.clock().now());
    assert!((Duration::from_secs(5)..Duration::from_millis(5_501)).contains(&wait), "{wait:?}");

    rig.engine.send(id, text("a2")).await.unwrap();
    rig.engine.send(id, text_to("+15550100188", "b1")).await.unwrap();
    eventually("the other chat", || sent(&socket) == ["a1", "b1"]).await;
    rig.ack(&socket, &whatsapp_ids(&socket)[1], None).await;
    rig.in_time("the next try", || sent(&socket) == ["a1", "b1", "a1"]).await;
    assert_eq!(whatsapp_ids(&socket)[2], first.whatsapp_id, "the same message");
    assert!(rig.engine.clock().now() >= waiting.outbox.next_attempt_at.unwrap());
    rig.breathe().await;
    assert_eq!(sent(&socket).len(), 3, "its chat waits for the word on it");
    rig.ack(&socket, &first.whatsapp_id, None).await;
    eventually("the rest of its chat", || sent(&socket) == ["a1", "b1", "a1", "a2"]).await;
    rig.until_message(first.id, |m| m.status == MessageStatus::Sent).await;
    rig.end().await;
}

#[tokio::test]
async fn of_messages_marked_together_none_overtakes_one_of_its_chat() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let socket = {
        socket.says(SocketEvent::Closed(Close::Lost(domain::Cause::ConnectionLost))).await;
        rig.until(id, is(StateKind::Reconnecting)).await;
        for word in ["a1", "a2", "a3"] {
            rig.engine.send(id, text(word)).await.unwrap();
        }
        rig.engine.send(id, text_to("+15550100188", "b1")).await.unwrap();
        let socket = rig.socket_within(id, Duration::from_millis(500)).await;
        socket.answers_a_send(Err(SendError::TimedOut));
        rig.log_in(&socket).await;
        socket
    };
    eventually("the other chat", || sent(&socket) == ["a1", "b1"]).await;
    rig.ack(&socket, &whatsapp_ids(&socket)[1], None).await;
    rig.in_time("the next try", || sent(&socket).len() == 3).await;
    rig.ack(&socket, &whatsapp_ids(&socket)[2], None).await;
    eventually("the rest", || sent(&socket).len() == 5).await;
    assert_eq!(sent(&socket), ["a1", "b1", "a1", "a2", "a3"]);
    rig.end().await;
}

#[tokio::test]
async fn a_send_that_is_not_answered_is_tried_again_and_keeps_its_place() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.answers_a_send(Err(SendError::TimedOut));
    let first = rig.engine.send(id, text("a")).await.unwrap();
    eventually("the try", || sent(&socket) == ["a"]).await;
    let waiting = rig.until_message(first.id, |m| m.outbox.attempts == 1).await;
    assert_eq!(waiting.outbox.setback, Some(FailReason::NoAnswer));
    rig.engine.send(id, text("b")).await.unwrap();
    rig.in_time("the next try", || sent(&socket) == ["a", "a"]).await;
    rig.ack(&socket, &first.whatsapp_id, None).await;
    eventually("both", || sent(&socket) == ["a", "a", "b"]).await;
    rig.end().await;
}

#[tokio::test]
async fn an_ack_that_never_comes_sends_the_same_id_once_more() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, text("a")).await.unwrap();
    eventually("the send", || sent(&socket) == ["a"]).await;
    rig.in_time("the second send", || whatsapp_ids(&socket).len() == 2).await;
    assert_eq!(whatsapp_ids(&socket), [message.whatsapp_id.clone(), message.whatsapp_id.clone()]);
    rig.ack(&socket, &message.whatsapp_id, None).await;
    let sent = rig.until_message(message.id, |m| m.status == MessageStatus::Sent).await;
    assert_eq!(sent.outbox.next_attempt_at, None);
    rig.end().await;
}

#[tokio::test]
async fn after_its_last_try_a_message_waits_for_a_person() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, text("a")).await.unwrap();
    for tries in 1..=6 {
        for _ in 0..4 {
            if sent(&socket).len() < tries {
                rig.quarter_of_an_hour(|| sent(&socket).len() == tries).await;
            }
        }
        assert_eq!(sent(&socket).len(), tries);
        rig.ack(&socket, &message.whatsapp_id, Some(500)).await;
        rig.until_message(message.id, |m| m.status != MessageStatus::Sending).await;
    }
    let wedged = rig.message(message.id).await;
    assert_eq!(wedged.status, MessageStatus::Failed(FailReason::Refused(500)));
    let began = Timestamp::from_secs(1_800_000_000);
    let tried = rig.engine.clock().now().since(began);
    assert!(tried >= Duration::from_secs(5 + 30 + 120 + 600 + 1_800), "{tried:?}");
    rig.end().await;
}

#[tokio::test]
async fn a_refusal_that_does_not_pass_wedges_at_once_and_a_person_has_it_tried_anew_or_discards_it() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let (first, second) = (rig.engine.send(id, text("a")).await.unwrap(), rig.engine.send(id, text("b")).await.unwrap());
    eventually("the sends", || sent(&socket) == ["a", "b"]).await;
    assert_eq!(conflict(rig.engine.retry(first.id).await), "not_failed");
    for message in [&first, &second] {
        rig.ack(&socket, &message.whatsapp_id, Some(463)).await;
        rig.until_message(message.id, |m| m.status == MessageStatus::Failed(FailReason::Refused(463))).await;
    }
    let retried = rig.engine.retry(first.id).await.unwrap();
    assert_eq!((retried.status, retried.outbox.attempts), (MessageStatus::Queued, 0));
    eventually("the next try", || sent(&socket) == ["a", "b", "a"]).await;
    assert_eq!(whatsapp_ids(&socket)[2], first.whatsapp_id);
    assert_eq!(rig.engine.cancel(second.id).await.unwrap().status, MessageStatus::Cancelled);
    assert_eq!(conflict(rig.engine.retry(second.id).await), "not_failed");
    rig.end().await;
}

#[tokio::test]
async fn what_a_session_left_behind_can_be_retried_after_pairing_anew() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, text("too late")).await.unwrap();
    eventually("the send", || sent(&socket) == ["too late"]).await;
    socket.says(SocketEvent::Closed(Close::Invalidated(Invalidation::Unlinked))).await;
    rig.until_message(message.id, |m| m.status == MessageStatus::Failed(FailReason::SessionEnded)).await;
    rig.until(id, is_down(Reason::Unlinked)).await;
    assert_eq!(conflict(rig.engine.retry(message.id).await), "not_paired");

    rig.engine.start(id).await.unwrap();
    let socket = rig.socket(id).await;
    socket.says(SocketEvent::Handshaken).await;
    socket.says(SocketEvent::Paired { identity: crate::rig::identity() }).await;
    socket.says(SocketEvent::Closed(Close::Restart)).await;
    let socket = rig.socket(id).await;
    rig.log_in(&socket).await;
    rig.pass(Duration::from_secs(1)).await;
    assert!(sent(&socket).is_empty(), "nothing leaves by another session by itself");
    rig.engine.retry(message.id).await.unwrap();
    eventually("the send", || whatsapp_ids(&socket) == [message.whatsapp_id.clone()]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_send_in_the_moment_of_an_unlinking_is_failed_too() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    // However the two fall together, nothing is left waiting.
    let sends = futures::future::join_all((0..50).map(|n| rig.engine.send(id, text(&format!("no. {n}")))));
    let unlinked = socket.says(SocketEvent::Closed(Close::Invalidated(Invalidation::Unlinked)));
    let (sends, ()) = tokio::join!(sends, unlinked);
    rig.until(id, is_down(Reason::Unlinked)).await;
    for message in sends.into_iter().flatten() {
        rig.until_message(message.id, |m| m.status == MessageStatus::Failed(FailReason::SessionEnded)).await;
    }
    rig.end().await;
}
