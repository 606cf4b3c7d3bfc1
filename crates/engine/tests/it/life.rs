use crate::rig::{Rig, identity, inbound, is, is_down, qr, text};
use domain::{Cause, Desired, MessageStatus, Reason, State, StateKind};
use engine::CommandError;
use socket::scripted::Call;
use socket::{Close, Invalidation, SocketEvent, VaultTrouble};
use std::time::Duration;

#[tokio::test]
async fn a_channel_is_made_paired_connected_and_told_so() {
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    let socket = rig.socket(id).await;
    assert_eq!(rig.until(id, is(StateKind::Pairing)).await.desired, Desired::Running);
    socket.says(SocketEvent::Handshaken).await;
    socket.says(qr("first")).await;
    rig.until(id, |view| matches!(&view.state, State::Pairing { round: 1, .. })).await;
    socket.says(SocketEvent::Paired { identity: identity() }).await;
    socket.says(SocketEvent::Closed(Close::Restart)).await;
    let socket = rig.socket(id).await;
    rig.log_in(&socket).await;
    let view = rig.engine.channel(id).unwrap();
    assert!(view.paired && view.identity == Some(identity()));
    rig.until_logged("channel.connected", 1).await;
    assert_eq!(
        rig.events(Some(id)).await,
        [
            "channel.created",
            "channel.pairing",
            "channel.pairing",
            "channel.pairing",
            "channel.reconnecting",
            "channel.connected"
        ]
    );
    assert_eq!(rig.script.most_sockets_of_one_channel(), 1);
    rig.end().await;
}

#[tokio::test]
async fn a_dropped_connection_comes_back_by_itself() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    rig.pass(Duration::from_secs(60)).await;
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    let view = rig.until(id, is(StateKind::Reconnecting)).await;
    assert!(matches!(
        view.state,
        State::Reconnecting { cause: Cause::ConnectionLost, attempt: 0, next_attempt_at: Some(_), .. }
    ));
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.script.most_sockets_of_one_channel(), 1);
    rig.end().await;
}

#[tokio::test]
async fn a_restart_is_a_fresh_connection_after_the_old_one_has_gone() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let view = rig.engine.restart(id).await.unwrap();
    assert!(matches!(view.state, State::Reconnecting { cause: Cause::Requested, .. }));
    let next = rig.socket(id).await;
    assert_eq!(socket.calls(), [Call::Close]);
    rig.log_in(&next).await;
    assert_eq!(rig.script.most_sockets_of_one_channel(), 1);
    rig.end().await;
}

#[tokio::test]
async fn unlinking_shreds_and_offers_a_new_qr() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Invalidated(Invalidation::Unlinked))).await;
    let view = rig.until(id, is_down(Reason::Unlinked)).await;
    assert!(!view.paired);
    rig.until(id, |v| !v.paired).await;
    let view = rig.engine.start(id).await.unwrap();
    assert_eq!(view.state.kind(), StateKind::Pairing);
    let socket = rig.socket(id).await;
    assert_eq!(rig.script.shredded(), [id]);
    socket.says(qr("again")).await;
    rig.until(id, |view| matches!(&view.state, State::Pairing { round: 1, .. })).await;
    rig.end().await;
}

#[tokio::test]
async fn a_shred_that_fails_is_tried_again_also_after_a_restart() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    rig.script.fail_shreds(true);
    socket.says(SocketEvent::Closed(Close::Invalidated(Invalidation::Unlinked))).await;
    rig.until(id, is_down(Reason::Unlinked)).await;
    rig.until_logged("channel.disconnected", 1).await;
    rig.pass(Duration::from_secs(31)).await;
    assert_eq!(rig.script.shredded(), []);
    rig.script.fail_shreds(false);
    rig.start_again().await;
    crate::rig::eventually("the shred", || rig.script.shredded() == [id]).await;
    rig.end().await;
}

#[tokio::test]
async fn a_replaced_session_rests_until_somebody_starts_it() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Replaced)).await;
    assert!(rig.until(id, is_down(Reason::Replaced)).await.paired);
    rig.until_logged("channel.disconnected", 1).await;
    rig.start_again().await;
    rig.pass(Duration::from_secs(3600)).await;
    rig.no_socket_was_opened();
    rig.engine.start(id).await.unwrap();
    let socket = rig.socket(id).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.script.shredded(), []);
    rig.end().await;
}

#[tokio::test]
async fn a_ban_ends_by_itself() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let until = rig.engine.clock().now().plus(Duration::from_secs(7200));
    socket.says(SocketEvent::Closed(Close::Banned { until })).await;
    rig.until(id, is_down(Reason::Banned { until })).await;
    rig.pass(Duration::from_secs(7100)).await;
    rig.no_socket_was_opened();
    let socket = rig.socket_within(id, Duration::from_secs(101)).await;
    rig.log_in(&socket).await;
    rig.end().await;
}

#[tokio::test]
async fn a_locked_keychain_is_waited_for_and_nothing_is_wiped() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Restart)).await;
    let socket = rig.socket(id).await;
    socket.says(SocketEvent::Closed(Close::Vault(VaultTrouble::Locked))).await;
    rig.until(id, is_down(Reason::VaultLocked)).await;
    let socket = rig.socket_within(id, Duration::from_secs(30)).await;
    socket.says(SocketEvent::Closed(Close::Vault(VaultTrouble::Locked))).await;
    rig.pass(Duration::ZERO).await;
    rig.engine.vault_unlocked();
    rig.until(id, is(StateKind::Reconnecting)).await;
    let socket = rig.socket_within(id, Duration::from_secs(1)).await;
    rig.log_in(&socket).await;
    rig.until_logged("channel.connected", 2).await;
    let told = rig.events(Some(id)).await;
    assert_eq!(told.iter().filter(|kind| *kind == "channel.disconnected").count(), 1, "{told:?}");
    assert_eq!(rig.script.shredded(), []);
    rig.end().await;
}

#[tokio::test]
async fn the_next_start_resumes_without_a_qr() {
    let mut rig = Rig::new().await;
    let (id, _socket) = rig.connected().await;
    let stopped = rig.create_named("stopped").await;
    let _ = rig.socket(stopped).await;
    rig.engine.stop(stopped).await.unwrap();
    rig.until_logged("channel.connected", 1).await;
    rig.start_again().await;
    let view = rig.engine.channel(id).unwrap();
    assert!(matches!(view.state, State::Reconnecting { cause: Cause::Starting, .. }), "{:?}", view.state);
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.engine.channel(stopped).unwrap().desired, Desired::Stopped);
    rig.no_socket_was_opened();
    rig.end().await;
}

#[tokio::test]
async fn stop_rests_and_start_goes_on() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let view = rig.engine.stop(id).await.unwrap();
    assert!(is_down(Reason::Stopped)(&view) && view.paired && view.desired == Desired::Stopped);
    crate::rig::eventually("the close", || socket.calls() == [Call::Close]).await;
    rig.engine.stop(id).await.unwrap();
    rig.engine.start(id).await.unwrap();
    let socket = rig.socket(id).await;
    rig.log_in(&socket).await;
    let view = rig.engine.start(id).await.unwrap();
    assert_eq!(view.state.kind(), StateKind::Connected);
    assert_eq!(rig.script.most_sockets_of_one_channel(), 1);
    rig.end().await;
}

#[tokio::test]
async fn logging_out_tells_whatsapp_then_shreds() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let view = rig.engine.logout(id).await.unwrap();
    assert!(is_down(Reason::LoggedOut)(&view) && !view.paired);
    crate::rig::eventually("the shred", || rig.script.shredded() == [id]).await;
    assert_eq!(socket.calls(), [Call::Logout, Call::Close]);
    assert!(matches!(rig.engine.send(id, text("hello")).await, Err(CommandError::Conflict { code: "not_paired", .. })));
    rig.end().await;
}

#[tokio::test]
async fn a_deleted_channel_leaves_nothing_but_its_events() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    rig.engine.delete(id).await.unwrap();
    assert_eq!(socket.calls(), [Call::Logout, Call::Close]);
    assert_eq!(rig.script.shredded(), [id]);
    assert_eq!(rig.engine.start(id).await, Err(CommandError::NotFound));
    assert!(rig.ledger.channels().await.unwrap().is_empty());
    assert_eq!(rig.events(Some(id)).await.last().map(String::as_str), Some("channel.deleted"));
    rig.end().await;
}

#[tokio::test]
async fn a_socket_that_hangs_in_logout_and_close_is_abandoned() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.hangs();
    rig.engine.logout(id).await.unwrap();
    rig.pass(Duration::from_secs(10)).await;
    crate::rig::eventually("the close", || socket.calls() == [Call::Logout, Call::Close]).await;
    rig.pass(Duration::from_secs(5)).await;
    crate::rig::eventually("the shred", || rig.script.shredded() == [id]).await;
    // What an abandoned socket still says reaches nobody.
    socket.says(SocketEvent::Opened { identity: identity() }).await;
    rig.pass(Duration::from_millis(1)).await;
    assert!(is_down(Reason::LoggedOut)(&rig.engine.channel(id).unwrap()));
    rig.end().await;
}

#[tokio::test]
async fn what_comes_in_is_stored_before_the_socket_may_acknowledge_it() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.opening.inbox.commit(vec![inbound("IN1", "good day")]).await.unwrap();
    socket.opening.inbox.commit(vec![inbound("IN1", "good day")]).await.unwrap();
    let page = rig.ledger.messages(id, &ledger::MessageQuery { limit: 10, ..Default::default() }).await.unwrap();
    assert_eq!(page.messages.len(), 1);
    assert_eq!((page.messages[0].status, page.messages[0].from_me), (MessageStatus::Received, false));
    assert_eq!(rig.events(Some(id)).await.iter().filter(|k| *k == "message.received").count(), 1);
    rig.end().await;
}

#[tokio::test]
async fn name_and_proxy_change_and_the_proxy_takes_effect_at_once() {
    let mut rig = Rig::new().await;
    let (id, _socket) = rig.connected().await;
    let patch = engine::ChannelPatch { name: Some("desk".into()), proxy: None };
    let view = rig.engine.patch(id, patch).await.unwrap();
    assert_eq!((view.name.as_str(), view.state.kind()), ("desk", StateKind::Connected));
    let proxy: domain::Proxy = "socks5://[::1]:9050".parse().unwrap();
    rig.engine.patch(id, engine::ChannelPatch { name: None, proxy: Some(Some(proxy.clone())) }).await.unwrap();
    let socket = rig.socket(id).await;
    assert_eq!(socket.opening.proxy, Some(proxy.clone()));
    let row = rig.ledger.channels().await.unwrap().remove(0);
    assert_eq!((row.name.as_str(), row.proxy), ("desk", Some(proxy)));
    rig.end().await;
}

#[tokio::test]
async fn a_pause_is_remembered_over_a_restart() {
    let mut rig = Rig::new().await;
    let (id, _socket) = rig.connected().await;
    let resting = rig.engine.create(engine::NewChannel { name: "resting".into(), proxy: None, start: false }).await.unwrap().id;
    rig.engine.pause_all().await.unwrap();
    assert!(rig.engine.is_paused());
    rig.until(id, is_down(Reason::Stopped)).await;
    rig.start_again().await;
    assert!(rig.engine.is_paused());
    rig.no_socket_was_opened();
    rig.engine.resume_all().await.unwrap();
    assert!(!rig.engine.is_paused());
    let socket = rig.socket(id).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.engine.channel(resting).unwrap().desired, Desired::Stopped);
    rig.end().await;
}
