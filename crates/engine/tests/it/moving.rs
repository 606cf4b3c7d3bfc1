//! Channels that go from one worker to another.

use crate::fleet::Fleet;
use crate::rig::{Rig, inbound, is, qr, sent, text, whatsapp_ids};
use domain::{Cause, ChannelView, MessageStatus, PairingPrompt, State, StateKind};
use engine::CommandError;
use ledger::LedgerError;
use socket::scripted::Call;
use socket::{Close, SocketEvent};
use std::time::Duration;

fn moves(view: &ChannelView) -> bool {
    matches!(view.state, State::Reconnecting { cause: Cause::Moving, .. })
}

fn shows(wanted: &str) -> impl Fn(&ChannelView) -> bool + use<'_> {
    move |view| matches!(&view.state, State::Pairing { prompt: PairingPrompt::Qr { code, .. }, .. } if code == wanted)
}

#[tokio::test]
async fn a_hand_over_loses_no_message_and_sends_none_under_another_id() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    let answered = one.engine.send(id, text("answered")).await.unwrap();
    let open = one.engine.send(id, text("not answered")).await.unwrap();
    one.until_message(open.id, |message| message.status == MessageStatus::Sending).await;
    one.ack(&socket, &answered.whatsapp_id).await;
    one.until_message(answered.id, |message| message.status == MessageStatus::Sent).await;

    one.engine.release(id).await;
    assert!(socket.calls().contains(&Call::Close), "in good order");
    assert!(socket.opening.events.is_closed() && one.engine.held().is_empty());
    one.until(id, moves).await;
    other.until(id, moves).await;
    let between = one.engine.send(id, text("between")).await.unwrap();

    other.adopt(id, fleet.fence()).await.unwrap();
    assert_eq!(other.engine.held(), [id]);
    let socket = fleet.socket(id).await;
    other.log_in(&socket).await;
    one.until(id, is(StateKind::Connected)).await;
    let after = one.engine.send(id, text("after")).await.unwrap();
    for message in [&open, &between, &after] {
        other.until_message(message.id, |message| message.status == MessageStatus::Sending).await;
        other.ack(&socket, &message.whatsapp_id).await;
        one.until_message(message.id, |message| message.status == MessageStatus::Sent).await;
    }
    assert_eq!(sent(&socket), ["not answered", "between", "after"]);
    assert_eq!(whatsapp_ids(&socket), [open.whatsapp_id, between.whatsapp_id, after.whatsapp_id]);
    let events = one.events(id).await;
    assert_eq!(events.iter().filter(|kind| *kind == "message.sent").count(), 4);
    assert_eq!(events.iter().filter(|kind| *kind == "channel.pairing").count(), 3, "no new QR: {events:?}");
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn what_a_closing_socket_still_tells_is_written_before_the_next_holder_begins() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    let message = one.engine.send(id, text("hello")).await.unwrap();
    one.until_message(message.id, |message| message.status == MessageStatus::Sending).await;
    // The ack lies in front of the end of the socket.
    one.ack(&socket, &message.whatsapp_id).await;
    socket.opening.inbox.commit(vec![inbound("A1", "hello back")]).await.unwrap();
    one.engine.release(id).await;
    let stored = other.ledger.message(message.id).await.unwrap().unwrap();
    assert_eq!(stored.status, MessageStatus::Sent);
    assert_eq!(other.ledger.holders().await.unwrap(), [(id, None)]);
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn a_socket_that_does_not_close_holds_a_hand_over_up_for_five_seconds_at_the_most() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    socket.hangs();
    let begun = one.engine.clock().now();
    fleet.in_time(one.engine.release(id)).await;
    let took = one.engine.clock().now().since(begun);
    assert!(took <= Duration::from_millis(5_100), "{took:?}");
    assert!(socket.opening.events.is_closed());
    other.until(id, moves).await;
    socket.says(SocketEvent::Closed(Close::Asked)).await;
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn an_adoption_during_a_release_waits_for_its_end() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    socket.hangs();
    let fence = fleet.fence();
    let (released, adopted) = fleet.in_time(async { tokio::join!(one.engine.release(id), one.adopt(id, fence)) }).await;
    assert_eq!((released, adopted), ((), Ok(())));
    socket.says(SocketEvent::Closed(Close::Asked)).await;
    let socket = fleet.socket(id).await;
    one.log_in(&socket).await;
    assert_eq!(one.engine.held(), [id]);
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn an_abandoned_channel_writes_and_sends_nothing_more() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    let (old, new) = (domain::Fence(1), fleet.fence());
    one.engine.abandon(id).await;
    assert!(socket.opening.events.is_closed() && !socket.calls().contains(&Call::Close), "dropped, not closed");
    assert!(socket.opening.inbox.commit(vec![inbound("A1", "late")]).await.is_err());
    socket.says(SocketEvent::Closed(Close::Asked)).await;
    // Nobody has it yet: it does not seem to be connected.
    other.until(id, moves).await;
    one.until(id, moves).await;
    let message = one.engine.send(id, text("hello")).await.unwrap();
    other.adopt(id, new).await.unwrap();
    let socket = fleet.socket(id).await;
    other.log_in(&socket).await;
    other.until_message(message.id, |message| message.status == MessageStatus::Sending).await;
    assert_eq!(one.adopt(id, old).await, Err(CommandError::Storage(LedgerError::Fenced)), "too late");
    assert!(one.engine.held().is_empty());
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn a_holder_that_was_overtaken_is_refused_and_gives_up_by_itself() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (first, _socket) = fleet.connected(&one).await;
    let (second, stale) = fleet.connected(&one).await;
    let (third, fenced) = fleet.connected(&one).await;
    let mut lost = one.engine.lost();
    for id in [first, second, third] {
        // Nobody told the first one, as when it was paused.
        other.ledger.hold(id, fleet.fence(), other.id, one.engine.clock().now()).await.unwrap();
    }
    // It would send.
    let message = one.engine.send(first, text("hello")).await.unwrap();
    assert_eq!(lost.recv().await.unwrap(), first);
    assert_eq!(other.ledger.message(message.id).await.unwrap().unwrap().status, MessageStatus::Queued);
    // It would tell that its connection is lost, and connect again.
    stale.says(SocketEvent::Closed(Close::Replaced)).await;
    assert_eq!(lost.recv().await.unwrap(), second);
    let view = other.ledger.channel(second).await.unwrap().unwrap();
    assert_eq!(view.state.kind(), StateKind::Connected, "nothing was written");
    one.until(second, is(StateKind::Connected)).await;
    // The auth-state refuses it.
    fenced.says(SocketEvent::Closed(Close::Lost(Cause::Moving))).await;
    assert_eq!(lost.recv().await.unwrap(), third);
    assert!(one.engine.held().is_empty());
    fleet.no_socket_was_opened();
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn a_command_to_a_holder_that_was_overtaken_is_carried_out_by_the_present_one() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    let fence = fleet.fence();
    let view = other.ledger.hold(id, fence, other.id, one.engine.clock().now()).await.unwrap();
    assert_eq!(view.id, id);
    let stop = one.engine.stop(id);
    let adopt = async {
        let mut lost = one.engine.lost();
        assert_eq!(lost.recv().await.unwrap(), id);
        socket.says(SocketEvent::Closed(Close::Asked)).await;
        other.adopt(id, fence).await.unwrap();
    };
    let (stopped, ()) = tokio::join!(stop, adopt);
    assert_eq!(stopped.unwrap().state.kind(), StateKind::Disconnected);
    assert_eq!(other.engine.channel(id).unwrap().state.kind(), StateKind::Disconnected);
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn a_newer_fence_begins_anew_and_the_same_one_changes_nothing() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    one.adopt(id, domain::Fence(1)).await.unwrap();
    assert!(!socket.opening.events.is_closed(), "it is held already");
    one.adopt(id, fleet.fence()).await.unwrap();
    assert!(socket.opening.events.is_closed(), "somebody else may have had it in between");
    socket.says(SocketEvent::Closed(Close::Asked)).await;
    let socket = fleet.socket(id).await;
    one.log_in(&socket).await;
    let fence = fleet.fence();
    let (a, b) = tokio::join!(one.adopt(id, fence), one.adopt(id, fence));
    assert_eq!((a, b), (Ok(()), Ok(())));
    socket.says(SocketEvent::Closed(Close::Asked)).await;
    let socket = fleet.socket(id).await;
    one.log_in(&socket).await;
    fleet.no_socket_was_opened();
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn a_release_and_an_abandonment_during_an_adoption_undo_it() {
    let (mut fleet, one, other) = Fleet::two().await;
    let id = one.create().await;
    let fence = fleet.fence();
    let (adopted, ()) = tokio::join!(one.adopt(id, fence), one.engine.release(id));
    assert_eq!(adopted, Err(CommandError::NoHolder));
    let (adopted, ()) = tokio::join!(one.adopt(id, fence), one.engine.abandon(id));
    assert_eq!(adopted, Err(CommandError::NoHolder));
    assert!(one.engine.held().is_empty());
    fleet.no_socket_was_opened();
    // It is free for whoever comes.
    other.adopt(id, fleet.fence()).await.unwrap();
    fleet.socket(id).await;
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn a_channel_that_is_pairing_shows_a_new_qr_at_its_next_holder_on_every_node() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.pairing(&one).await;
    one.until(id, shows("first")).await;
    other.until(id, shows("first")).await;
    one.engine.release(id).await;
    let waits = |view: &ChannelView| match &view.state {
        State::Pairing { prompt, .. } => prompt.setback().is_some_and(|setback| setback.cause == Cause::Moving),
        _ => false,
    };
    other.until(id, waits).await;
    assert!(socket.opening.events.is_closed());
    other.adopt(id, fleet.fence()).await.unwrap();
    let socket = fleet.socket(id).await;
    socket.says(SocketEvent::Handshaken).await;
    socket.says(qr("second")).await;
    other.until(id, shows("second")).await;
    one.until(id, shows("second")).await;
    fleet.end([one, other]).await;
}

#[tokio::test]
async fn a_drain_hands_everything_over_and_the_next_holder_resumes_without_a_qr() {
    let (mut fleet, one, other) = Fleet::two().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(fleet.connected(&one).await.0);
    }
    assert_eq!(fleet.in_time(one.engine.drain(Duration::from_secs(10))).await, engine::Drained::Clean);
    for id in &ids {
        other.until(*id, moves).await;
        other.adopt(*id, fleet.fence()).await.unwrap();
        let socket = fleet.socket(*id).await;
        other.log_in(&socket).await;
    }
    assert_eq!(other.ledger.holders().await.unwrap(), ids.iter().map(|id| (*id, Some(other.id))).collect::<Vec<_>>());
    one.ledger.close().await;
    fleet.end([other]).await;
}

#[tokio::test]
async fn what_a_dead_worker_held_goes_on_elsewhere_where_it_stopped() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    let message = one.engine.send(id, text("hello")).await.unwrap();
    one.until_message(message.id, |message| message.status == MessageStatus::Sending).await;
    one.dies().await;
    socket.says(SocketEvent::Closed(Close::Asked)).await;
    assert_eq!(other.engine.channel(id).unwrap().state.kind(), StateKind::Connected, "nobody has noticed yet");
    other.adopt(id, fleet.fence()).await.unwrap();
    other.until(id, moves).await;
    let socket = fleet.socket(id).await;
    other.log_in(&socket).await;
    crate::rig::eventually("it leaves again", || !whatsapp_ids(&socket).is_empty()).await;
    assert_eq!(whatsapp_ids(&socket), [message.whatsapp_id]);
    fleet.end([other]).await;
}

#[tokio::test]
async fn what_is_abandoned_after_it_was_taken_over_tells_nothing() {
    let (mut fleet, one, other) = Fleet::two().await;
    let (id, socket) = fleet.connected(&one).await;
    let (qr_id, shown) = fleet.pairing(&one).await;
    other.until(qr_id, shows("first")).await;
    let before = (one.events(id).await, one.events(qr_id).await);
    for held in [id, qr_id] {
        other.ledger.hold(held, fleet.fence(), other.id, one.engine.clock().now()).await.unwrap();
    }
    one.engine.abandon(id).await;
    one.engine.abandon(qr_id).await;
    socket.says(SocketEvent::Closed(Close::Asked)).await;
    shown.says(SocketEvent::Closed(Close::Asked)).await;
    // The drain waits for what the abandonment still does.
    assert_eq!(fleet.in_time(one.engine.drain(Duration::from_secs(10))).await, engine::Drained::Clean);
    assert_eq!((one.events(id).await, one.events(qr_id).await), before);
    one.ledger.close().await;
    fleet.end([other]).await;
}

#[tokio::test]
async fn the_only_worker_on_a_file_takes_channels_in_hand_and_gives_them_back() {
    let worker = domain::WorkerId::new(crate::rig::START, 1);
    let mut rig = Rig::with(|config| config.holding = engine::Holding::Assigned { worker }).await;
    let new = engine::NewChannel { name: "office".into(), proxy: None, start: false };
    let id = rig.engine.create(new).await.unwrap().id;
    let start = tokio::spawn({
        let engine = rig.engine.clone();
        async move { engine.start(id).await }
    });
    tokio::task::yield_now().await;
    rig.no_socket_was_opened();
    rig.engine.adopt(id, domain::Fence(1)).await.unwrap();
    assert_eq!(start.await.unwrap().unwrap().state.kind(), StateKind::Pairing);
    let socket = rig.socket(id).await;
    socket.says(SocketEvent::Handshaken).await;
    socket.says(qr("first")).await;
    rig.until(id, shows("first")).await;
    rig.engine.release(id).await;
    rig.until(id, |view| !shows("first")(view)).await;
    assert!(rig.engine.held().is_empty() && socket.opening.events.is_closed());
    rig.end().await;
}
