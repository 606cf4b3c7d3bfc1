//! A message that was cancelled does not leave, and one that left is not cancelled.

use crate::rig::{Rig, eventually, is, sent, text, whatsapp_ids};
use domain::{Cause, MessageStatus, StateKind, Timestamp};
use engine::CommandError;
use socket::{Close, SocketEvent};
use std::time::Duration;

#[tokio::test]
async fn what_is_cancelled_while_the_channel_is_away_never_leaves() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    let first = rig.engine.send(id, text("first")).await.unwrap();
    rig.engine.send(id, text("second")).await.unwrap();
    assert_eq!(rig.engine.cancel(first.id).await.unwrap().status, MessageStatus::Cancelled);
    assert_eq!(rig.engine.cancel(first.id).await.unwrap().status, MessageStatus::Cancelled, "twice is no error");
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;
    eventually("the other", || sent(&socket) == ["second"]).await;
    let unknown = domain::MessageId::new(Timestamp::EPOCH, 7);
    assert_eq!(rig.engine.cancel(unknown).await, Err(CommandError::NotFound));
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_cancel_and_the_courier_exactly_one_wins() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let mut messages = Vec::new();
    for n in 0..100 {
        messages.push(rig.engine.send(id, text(&format!("no. {n}"))).await.unwrap());
        // Some are cancelled while the courier is at them, some after they have left.
        if n % 5 == 4 {
            let cancelled = messages[n - 4..].iter().map(|m| rig.engine.cancel(m.id));
            futures::future::join_all(cancelled).await;
        }
    }
    let mut left = 0;
    for message in &messages {
        let row = rig.until_message(message.id, |m| m.status != MessageStatus::Queued).await;
        match row.status {
            MessageStatus::Cancelled => {}
            MessageStatus::Sending => {
                left += 1;
                eventually("its send", || whatsapp_ids(&socket).contains(&message.whatsapp_id)).await;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sent(&socket).len(), left, "nothing left that was cancelled, and nothing twice");
    rig.end().await;
}
