//! Messages that an app may only propose.

use crate::rig::{Rig, eventually, is, sent, text, whatsapp_ids};
use domain::{App, AppId, Cause, MessageId, MessageStatus, Permit, Permits, Scope, StateKind, Timestamp};
use engine::{CommandError, NewMessage};
use ledger::AccessWrite;
use socket::{Close, Invalidation, SocketEvent};
use std::time::Duration;

fn agent() -> AppId {
    AppId::new(Timestamp::EPOCH, 1)
}

/// With an app that may propose.
async fn ground() -> Rig {
    let rig = Rig::new().await;
    let app = App {
        id: agent(),
        name: "Agent".into(),
        created_at: Timestamp::EPOCH,
        disabled_at: None,
        permits: Permits::new([Permit::of(Scope::MessagesSendAsk)]),
        origins: Vec::new(),
        programs: Vec::new(),
        limits: None,
    };
    rig.ledger.change_access(vec![AccessWrite::NewApp(app)], vec![], vec![], Timestamp::EPOCH).await.unwrap();
    rig
}

fn proposed(rig: &Rig, secs: u64, words: &str) -> NewMessage {
    let until = rig.engine.clock().now().plus(Duration::from_secs(secs));
    NewMessage { app: Some(agent()), ask_until: Some(until), ..text(words) }
}

fn code<T: std::fmt::Debug>(refused: Result<T, CommandError>) -> &'static str {
    match refused {
        Err(CommandError::Conflict { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_proposed_leaves_when_a_person_says_so_and_as_he_says_it() {
    let mut rig = ground().await;
    let (id, socket) = rig.connected().await;
    let first = rig.engine.send(id, proposed(&rig, 3_600, "frist")).await.unwrap();
    let second = rig.engine.send(id, proposed(&rig, 3_600, "second")).await.unwrap();
    assert_eq!(first.status, MessageStatus::Asking);
    let plain = rig.engine.send(id, text("not proposed")).await.unwrap();
    eventually("what needs no question", || sent(&socket) == ["not proposed"]).await;
    rig.ack(&socket, &plain.whatsapp_id, None).await;
    rig.pass(Duration::from_secs(60)).await;
    rig.breathe().await;
    assert_eq!(sent(&socket), ["not proposed"], "nobody has said yes");

    // The second is answered for first.
    let approved = rig.engine.approve(second.id, None).await.unwrap();
    assert_eq!(approved.status, MessageStatus::Queued);
    eventually("the second", || sent(&socket) == ["not proposed", "second"]).await;
    let edited = text("first").content;
    rig.engine.approve(first.id, Some(edited)).await.unwrap();
    eventually("the first", || sent(&socket) == ["not proposed", "second", "first"]).await;
    assert_eq!(whatsapp_ids(&socket)[2], first.whatsapp_id, "the id that the program was told");
    assert_eq!(code(rig.engine.approve(first.id, None).await), "not_asking");
    assert_eq!(code(rig.engine.deny(first.id).await), "not_asking");
    let unknown = MessageId::new(Timestamp::EPOCH, 7);
    assert_eq!(rig.engine.approve(unknown, None).await, Err(CommandError::NotFound));
    assert_eq!(rig.engine.deny(unknown).await, Err(CommandError::NotFound));
    rig.end().await;
}

#[tokio::test]
async fn what_is_denied_withdrawn_or_too_late_never_leaves() {
    let mut rig = ground().await;
    let (id, socket) = rig.connected().await;
    let denied = rig.engine.send(id, proposed(&rig, 3_600, "denied")).await.unwrap();
    let withdrawn = rig.engine.send(id, proposed(&rig, 3_600, "withdrawn")).await.unwrap();
    let late = rig.engine.send(id, proposed(&rig, 30, "late")).await.unwrap();
    assert_eq!(rig.engine.deny(denied.id).await.unwrap().status, MessageStatus::Denied);
    assert_eq!(rig.engine.deny(denied.id).await.unwrap().status, MessageStatus::Denied, "twice is no error");
    assert_eq!(rig.engine.cancel(withdrawn.id).await.unwrap().status, MessageStatus::Cancelled);
    rig.logged_in_time("message.expired", 1).await;
    assert_eq!(rig.message(late.id).await.status, MessageStatus::Expired);
    for message in [&denied, &withdrawn, &late] {
        assert_eq!(code(rig.engine.approve(message.id, None).await), "not_asking");
        assert_eq!(code(rig.engine.retry(message.id).await), "not_failed");
    }
    rig.engine.send(id, text("next")).await.unwrap();
    eventually("the next", || sent(&socket) == ["next"]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_question_outlives_the_process_and_its_answer_the_connection() {
    let mut rig = ground().await;
    let (id, _) = rig.connected().await;
    let asked = rig.engine.send(id, proposed(&rig, 3_600, "asked")).await.unwrap();
    rig.start_again().await;
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.ledger.asks(9).await.unwrap(), std::slice::from_ref(&asked));
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    rig.engine.approve(asked.id, None).await.unwrap();
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;
    eventually("what was approved meanwhile", || sent(&socket) == ["asked"]).await;
    rig.end().await;
}

#[tokio::test]
async fn what_was_proposed_for_one_account_does_not_wait_for_the_next() {
    let mut rig = ground().await;
    let (id, socket) = rig.connected().await;
    let asked = rig.engine.send(id, proposed(&rig, 3_600, "asked")).await.unwrap();
    socket.says(SocketEvent::Closed(Close::Invalidated(Invalidation::Unlinked))).await;
    rig.until(id, |view| !view.paired).await;
    rig.until_message(asked.id, |m| m.status == MessageStatus::Cancelled).await;
    assert_eq!(code(rig.engine.approve(asked.id, None).await), "not_asking");
    assert_eq!(code(rig.engine.send(id, proposed(&rig, 3_600, "again")).await), "not_paired");
    rig.end().await;
}

#[tokio::test]
async fn nobody_is_asked_without_end() {
    let mut rig = ground().await;
    let (id, _socket) = rig.connected().await;
    let mut refused = None;
    for n in 0..300 {
        if let Err(error) = rig.engine.send(id, proposed(&rig, 3_600, &n.to_string())).await {
            refused = Some((n, error));
            break;
        }
    }
    assert_eq!(refused, Some((100, CommandError::QueueFull)));
    rig.end().await;
}
