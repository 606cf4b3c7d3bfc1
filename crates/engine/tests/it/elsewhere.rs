//! Any node serves any channel: what is asked of one is done by whoever holds the channel.

use crate::fleet::{Fleet, Worker};
use crate::rig::{is, sent, text};
use domain::{Desired, MessageStatus, PairingPrompt, State, StateKind};
use engine::{ChannelPatch, CommandError};
use socket::scripted::Call;
use socket::{Close, Secret, SocketEvent};
use std::time::Duration;

#[tokio::test]
async fn commands_reach_the_holder_from_any_node() {
    let (mut fleet, holder, node) = Fleet::two().await;
    let (id, socket) = fleet.connected(&holder).await;
    node.until(id, is(StateKind::Connected)).await;

    let view = node.engine.stop(id).await.unwrap();
    assert_eq!((view.state.kind(), view.desired), (StateKind::Disconnected, Desired::Stopped));
    assert_eq!(node.engine.channel(id), Some(view), "who was told that it is done sees it");
    assert!(socket.calls().contains(&Call::Close));
    holder.until(id, is(StateKind::Disconnected)).await;

    let proxy = "socks5://ada:secret@127.0.0.1:1080".parse().unwrap();
    let patch = ChannelPatch { name: Some("reception".into()), proxy: Some(Some(proxy)) };
    let view = node.engine.patch(id, patch).await.unwrap();
    assert_eq!((view.name.as_str(), view.proxy.is_some()), ("reception", true));

    node.engine.start(id).await.unwrap();
    let socket = fleet.socket(id).await;
    assert!(socket.opening.proxy.is_some(), "the holder goes the new way");
    holder.log_in(&socket).await;
    node.until(id, is(StateKind::Connected)).await;

    let refused = node.engine.pairing_code(id, "15550100123".parse().unwrap()).await;
    assert!(matches!(refused, Err(CommandError::Conflict { code: "already_paired", .. })), "{refused:?}");

    node.engine.restart(id).await.unwrap();
    let socket = fleet.socket(id).await;
    holder.log_in(&socket).await;

    let deleted = tokio::spawn({
        let engine = node.engine.clone();
        async move { engine.delete(id).await }
    });
    crate::rig::eventually("WhatsApp is told", || socket.calls().contains(&Call::Logout)).await;
    deleted.await.unwrap().unwrap();
    node.until_gone(id).await;
    holder.until_gone(id).await;
    assert_eq!(fleet.script.shredded(), [id]);
    assert_eq!(node.engine.stop(id).await, Err(CommandError::NotFound));
    assert!(holder.engine.held().is_empty());
    fleet.end([holder, node]).await;
}

#[tokio::test]
async fn a_pairing_code_is_shown_by_the_node_that_was_asked() {
    let (mut fleet, holder, node) = Fleet::two().await;
    let (id, socket) = fleet.pairing(&holder).await;
    let phone: domain::Phone = "15550100123".parse().unwrap();
    let asked = tokio::spawn({
        let (engine, phone) = (node.engine.clone(), phone.clone());
        async move { engine.pairing_code(id, phone).await }
    });
    crate::rig::eventually("the socket is asked", || socket.calls().contains(&Call::PairingCode(phone.clone()))).await;
    let expires_at = node.engine.clock().now().plus(Duration::from_secs(160));
    socket.says(SocketEvent::PairingCode { code: Secret("ABCD1234".into()), expires_at, phone }).await;
    let prompt = asked.await.unwrap().unwrap();
    assert!(matches!(prompt, PairingPrompt::Code { code, .. } if code == "ABCD1234"));
    fleet.end([holder, node]).await;
}

#[tokio::test]
async fn channels_are_made_on_any_node_and_seen_on_all() {
    let (mut fleet, one, other) = Fleet::two().await;
    let id = one.create().await;
    other.until(id, |view| matches!(view.state, State::Pairing { .. })).await;
    assert!(one.engine.held().is_empty() && other.engine.held().is_empty());
    other.adopt(id, fleet.fence()).await.unwrap();
    let socket = fleet.socket(id).await;
    assert_eq!(socket.opening.channel, id);
    let late = fleet.worker().await;
    assert_eq!(late.engine.channel(id).unwrap().name, "office");
    fleet.end([one, other, late]).await;
}

#[tokio::test]
async fn what_one_node_accepts_leaves_through_the_holder() {
    let (mut fleet, holder, node) = Fleet::two().await;
    let (id, socket) = fleet.connected(&holder).await;
    socket.acknowledges(node.engine.clock().now());
    let mut last = None;
    for n in 0..20 {
        last = Some(node.engine.send(id, text(&n.to_string())).await.unwrap().id);
    }
    node.until_message(last.unwrap(), |message| message.status == MessageStatus::Sent).await;
    assert_eq!(sent(&socket), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());

    // What waits can be taken back, and what failed tried anew, from any node.
    let at = node.engine.clock().now().plus(Duration::from_secs(3600));
    let scheduled = node.engine.send(id, engine::NewMessage { send_at: Some(at), ..text("later") }).await.unwrap();
    assert_eq!(node.engine.cancel(scheduled.id).await.unwrap().status, MessageStatus::Cancelled);
    socket.answers_a_send(Err(socket::SendError::NoSuchRecipient));
    let failed = node.engine.send(id, text("again")).await.unwrap();
    node.until_message(failed.id, |message| matches!(message.status, MessageStatus::Failed(_))).await;
    node.engine.retry(failed.id).await.unwrap();
    node.until_message(failed.id, |message| message.status == MessageStatus::Sent).await;
    fleet.end([holder, node]).await;
}

#[tokio::test]
async fn a_channel_that_nobody_holds_takes_orders_for_ten_seconds_and_no_longer() {
    let (mut fleet, one, other) = Fleet::two().await;
    let id = one.create().await;
    let begun = one.engine.clock().now();
    assert_eq!(fleet.in_time(one.engine.stop(id)).await, Err(CommandError::NoHolder));
    let took = one.engine.clock().now().since(begun);
    assert!((10..=11).contains(&took.as_secs()), "{took:?}");
    // What nobody took is taken by nobody.
    other.adopt(id, fleet.fence()).await.unwrap();
    let socket = fleet.socket(id).await;
    other.until(id, is(StateKind::Pairing)).await;
    assert_eq!(other.engine.channel(id).unwrap().desired, Desired::Running);
    other.engine.release(id).await;
    assert!(socket.opening.events.is_closed());

    // What waits is done as soon as somebody holds it, even by the node that asked.
    let stop = tokio::spawn({
        let engine = one.engine.clone();
        async move { engine.stop(id).await }
    });
    one.adopt(id, fleet.fence()).await.unwrap();
    assert_eq!(stop.await.unwrap().unwrap().desired, Desired::Stopped);
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn the_board_follows_after_the_database_was_away() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    other.until(id, is(StateKind::Connected)).await;
    let server = std::sync::Arc::new(fleet.server);
    let again = server.clone();
    tokio::task::spawn_blocking(move || again.stop()).await.unwrap();
    // The session stays up, and what happens waits.
    socket.says(SocketEvent::Closed(Close::Banned { until: domain::Timestamp::from_secs(2_000_000_000) })).await;
    one.until(id, is(StateKind::Disconnected)).await;
    assert_eq!(other.engine.channel(id).unwrap().state.kind(), StateKind::Connected);
    let again = server.clone();
    tokio::task::spawn_blocking(move || again.start_again()).await.unwrap();
    fleet.server = std::sync::Arc::into_inner(server).unwrap();
    fleet.in_time(other.until(id, is(StateKind::Disconnected))).await;
    let made = fleet.in_time(created(&one)).await;
    fleet.in_time(other.until(made, |_| true)).await;
    fleet.end([one, other]).await;
}

async fn created(worker: &Worker) -> domain::ChannelId {
    worker.create().await
}

#[tokio::test]
async fn a_message_that_a_node_accepted_for_a_channel_that_was_just_unlinked_fails() {
    let (mut fleet, holder, node) = Fleet::two().await;
    let (id, socket) = fleet.connected(&holder).await;
    node.until(id, is(StateKind::Connected)).await;
    socket.says(SocketEvent::Closed(Close::Invalidated(socket::Invalidation::Unlinked))).await;
    holder.until(id, is(StateKind::Disconnected)).await;
    crate::rig::eventually("the credentials go", || fleet.script.shredded() == [id]).await;
    // As the other node would have written it that had not heard of it yet.
    let message = domain::Message {
        id: domain::MessageId::new(node.engine.clock().now(), 7),
        channel: id,
        whatsapp_id: "W7".into(),
        chat: "15550100177@s.whatsapp.net".parse().unwrap(),
        direction: domain::Direction::Outbound,
        sender: domain::Person::default(),
        from_me: true,
        content: domain::Content::Text { text: "too late".into() },
        status: MessageStatus::Queued,
        at: node.engine.clock().now(),
        updated_at: node.engine.clock().now(),
        outbox: domain::OutboxNote::default(),
        amended: domain::Amended::default(),
    };
    let id = message.id;
    node.ledger.insert_outbound(message, None, None).await.unwrap();
    let ended = MessageStatus::Failed(domain::FailReason::SessionEnded);
    node.until_message(id, |message| message.status == ended).await;
    fleet.end([holder, node]).await;
}
