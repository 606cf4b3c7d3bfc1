//! A burst of a program does not leave as one.

use crate::rig::{Rig, eventually, sent, text};
use domain::MessageStatus;
use engine::{CommandError, OutboxConfig};
use std::time::Duration;

#[tokio::test]
async fn a_burst_leaves_at_the_channels_pace_and_a_new_connection_is_no_way_around_it() {
    let mut rig = Rig::with(|config| config.outbox = OutboxConfig { per_minute: 60, burst: 3, max_queued: 100 }).await;
    let (id, socket) = rig.connected().await;
    let words: Vec<_> = (0..8).map(|n| format!("no. {n}")).collect();
    socket.acknowledges(rig.engine.clock().now());
    for word in &words {
        rig.engine.send(id, text(word)).await.unwrap();
    }
    rig.until_logged("message.sent", 3).await;
    rig.breathe().await;
    assert_eq!(sent(&socket).len(), 3);
    // What waits for its turn is not marked: it can still be cancelled.
    let waiting = rig.ledger.due(id, rig.engine.clock().now(), 10).await.unwrap();
    assert!(waiting.len() == 5 && waiting.iter().all(|m| m.status == MessageStatus::Queued), "{waiting:?}");

    let began = rig.engine.clock().now();
    rig.in_time("two more", || sent(&socket).len() >= 5).await;
    assert!(rig.engine.clock().now().since(began) >= Duration::from_secs(2));
    rig.until_logged("message.sent", sent(&socket).len()).await;
    let mut all = sent(&socket);
    let socket = rig.comes_back(id, &socket).await;
    assert!(sent(&socket).len() <= 1, "a new connection brings no new burst");
    socket.acknowledges(rig.engine.clock().now());
    rig.logged_in_time("message.sent", 8).await;
    assert!(rig.engine.clock().now().since(began) >= Duration::from_secs(4));
    all.extend(sent(&socket));
    all.dedup();
    assert_eq!(all, words);
    rig.end().await;
}

#[tokio::test]
async fn an_outbox_that_is_full_takes_no_more_until_something_leaves() {
    let mut rig = Rig::with(|config| config.outbox.max_queued = 3).await;
    let (id, socket) = rig.connected().await;
    let first = rig.engine.send(id, text("1")).await.unwrap();
    for n in 2..=3 {
        rig.engine.send(id, text(&n.to_string())).await.unwrap();
    }
    assert_eq!(rig.engine.send(id, text("4")).await, Err(CommandError::QueueFull));
    assert_eq!(*rig.engine.ledger_trouble().borrow(), None, "no trouble of the ledger");
    eventually("the sends", || sent(&socket).len() == 3).await;
    rig.ack(&socket, &first.whatsapp_id, None).await;
    rig.until_logged("message.sent", 1).await;
    rig.engine.send(id, text("4")).await.unwrap();
    eventually("the last", || sent(&socket) == ["1", "2", "3", "4"]).await;
    rig.end().await;
}

#[tokio::test]
async fn no_more_than_so_many_are_in_the_air_and_acks_make_room() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let mut ids = Vec::new();
    for n in 0..200 {
        ids.push(rig.engine.send(id, text(&format!("no. {n}"))).await.unwrap().whatsapp_id);
    }
    eventually("the first", || sent(&socket).len() == 128).await;
    rig.pass(Duration::from_secs(1)).await;
    assert_eq!(sent(&socket).len(), 128);
    for whatsapp_id in &ids[..100] {
        rig.ack(&socket, whatsapp_id, None).await;
    }
    eventually("the rest", || sent(&socket).len() == 200).await;
    assert_eq!(crate::rig::whatsapp_ids(&socket), ids);
    rig.end().await;
}
