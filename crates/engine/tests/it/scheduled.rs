//! Messages that are not to leave before a moment.

use crate::rig::{Rig, eventually, sent, text};
use domain::MessageStatus;
use engine::NewMessage;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_scheduled_message_waits_for_its_time_and_holds_nothing_back() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.acknowledges(rig.engine.clock().now());
    let at = rig.engine.clock().now().plus(Duration::from_secs(90));
    let later = rig.engine.send(id, NewMessage { send_at: Some(at), ..text("later") }).await.unwrap();
    assert_eq!((later.status, later.outbox.send_at), (MessageStatus::Queued, Some(at)));
    rig.engine.send(id, text("now")).await.unwrap();
    eventually("the other", || sent(&socket) == ["now"]).await;
    rig.in_time("its time", || sent(&socket).len() == 2).await;
    assert_eq!(sent(&socket), ["now", "later"]);
    assert!(rig.engine.clock().now() >= at);
    rig.end().await;
}

#[tokio::test]
async fn a_time_that_has_passed_is_now() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let at = rig.engine.clock().now().minus(HOUR);
    rig.engine.send(id, NewMessage { send_at: Some(at), ..text("at once") }).await.unwrap();
    eventually("the send", || sent(&socket) == ["at once"]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_scheduled_message_survives_a_restart_and_a_night_asleep() {
    let mut rig = Rig::new().await;
    let (id, _) = rig.connected().await;
    let at = rig.engine.clock().now().plus(8 * HOUR);
    rig.engine.send(id, NewMessage { send_at: Some(at), ..text("good morning") }).await.unwrap();
    rig.start_again().await;
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    rig.pass(Duration::from_secs(120)).await;
    assert!(sent(&socket).is_empty());
    // The machine sleeps over its time.
    let socket = rig.sleeps(id, 9 * HOUR).await;
    rig.log_in(&socket).await;
    rig.in_time("the send", || sent(&socket) == ["good morning"]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_clock_set_back_delays_a_scheduled_message_and_no_retry() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let refused = rig.engine.send(id, crate::rig::text_to("+15550100188", "again")).await.unwrap();
    eventually("the send", || sent(&socket) == ["again"]).await;
    rig.ack(&socket, &refused.whatsapp_id, Some(503)).await;
    rig.until_message(refused.id, |m| m.outbox.attempts == 1).await;
    let at = rig.engine.clock().now().plus(HOUR);
    rig.engine.send(id, NewMessage { send_at: Some(at), ..text("later") }).await.unwrap();
    rig.hand.stray(-86_400_000);
    rig.pass(Duration::from_secs(5)).await;
    // By the new time the retry would be due in a day.
    for _ in 0..3 {
        rig.quarter_of_an_hour(|| sent(&socket).len() == 2).await;
    }
    assert_eq!(sent(&socket), ["again", "again"]);
    assert_eq!(rig.events(Some(id)).await.iter().filter(|k| *k == "message.sending").count(), 2);
    rig.end().await;
}
