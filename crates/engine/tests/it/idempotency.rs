//! A send that is asked for twice is one send.

use crate::rig::{Rig, eventually, sent, text};
use engine::{CommandError, Idempotency, NewMessage};
use std::time::Duration;

fn keyed(key: &str, fingerprint: u8, words: &str) -> NewMessage {
    let idempotency = Some(Idempotency { key: key.into(), fingerprint: [fingerprint; 32] });
    NewMessage { idempotency, ..text(words) }
}

#[tokio::test]
async fn the_same_key_and_request_give_the_same_message_also_at_the_same_time() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let sends = futures::future::join_all((0..5).map(|_| rig.engine.send(id, keyed("k", 1, "once")))).await;
    let first = sends[0].clone().unwrap();
    assert!(sends.iter().all(|sent| *sent == Ok(first.clone())));
    eventually("the send", || sent(&socket) == ["once"]).await;
    rig.ack(&socket, &first.whatsapp_id, None).await;
    rig.until_logged("message.sent", 1).await;
    assert_eq!(rig.engine.send(id, keyed("k", 1, "once")).await, Ok(first), "as it was first answered");
    assert_eq!(rig.engine.send(id, keyed("k", 2, "other")).await, Err(CommandError::IdempotencyOtherBody));
    rig.engine.send(id, keyed("l", 1, "another")).await.unwrap();
    eventually("the other key", || sent(&socket) == ["once", "another"]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_key_holds_over_a_restart() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let first = rig.engine.send(id, keyed("k", 1, "once")).await.unwrap();
    eventually("the send", || sent(&socket) == ["once"]).await;
    rig.ack(&socket, &first.whatsapp_id, None).await;
    rig.until_logged("message.sent", 1).await;
    rig.start_again().await;
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.engine.send(id, keyed("k", 1, "once")).await.map(|m| m.id), Ok(first.id));
    rig.engine.send(id, text("next")).await.unwrap();
    eventually("the next", || sent(&socket) == ["next"]).await;
    rig.end().await;
}
