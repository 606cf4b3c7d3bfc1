//! The event log forgets what is old.

use crate::rig::{Rig, text};
use engine::RetentionConfig;
use std::time::Duration;

#[tokio::test]
async fn events_beyond_the_retention_go_and_those_within_stay() {
    let mut rig =
        Rig::with(|config| config.retention = RetentionConfig { days: 30, max_events: 10, ..RetentionConfig::default() }).await;
    let (id, socket) = rig.connected().await;
    for n in 0..20 {
        let message = rig.engine.send(id, text(&n.to_string())).await.unwrap();
        rig.ack(&socket, &message.whatsapp_id, None).await;
    }
    rig.until_logged("message.sent", 20).await;
    let tip = rig.events(None).await.len() as u64;
    for _ in 0..100 {
        rig.pass(Duration::from_secs(1)).await;
        rig.breathe().await;
        if rig.ledger.oldest_seq().await.unwrap() > 1 {
            break;
        }
    }
    let oldest = rig.ledger.oldest_seq().await.unwrap();
    assert_eq!(oldest, tip - 10 + 1);
    rig.end().await;
}

#[tokio::test]
async fn events_that_are_too_old_go() {
    let mut rig =
        Rig::with(|config| config.retention = RetentionConfig { days: 1, max_events: 1_000_000, ..RetentionConfig::default() })
            .await;
    let (id, _socket) = rig.connected().await;
    rig.until_logged("channel.connected", 1).await;
    let before = rig.events(None).await.len() as u64;
    let socket = rig.sleeps(id, Duration::from_secs(2 * 86_400)).await;
    rig.log_in(&socket).await;
    rig.until_logged("channel.connected", 2).await;
    for _ in 0..700 {
        rig.pass(Duration::from_secs(1)).await;
        rig.breathe().await;
        if rig.ledger.oldest_seq().await.unwrap() > before {
            break;
        }
    }
    assert_eq!(rig.ledger.oldest_seq().await.unwrap(), before + 1);
    rig.end().await;
}
