//! Reconnect loops, and connections that only claim to be.

use crate::rig::{Rig, eventually, is};
use domain::{Cause, State, StateKind, Tone};
use socket::scripted::Call;
use socket::{Close, Liveness, SocketEvent};
use std::time::Duration;

#[tokio::test]
async fn a_reconnect_loop_is_told_once_and_its_end_too() {
    let mut rig = Rig::new().await;
    let (id, mut socket) = rig.connected().await;
    for n in 1..=7 {
        socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
        let view = rig.until(id, is(StateKind::Reconnecting)).await;
        assert_eq!(view.flapping_since.is_some(), n >= 5, "after {n} losses");
        let engine = rig.engine.clone();
        let tries = |state: &State| matches!(state, State::Reconnecting { next_attempt_at: None, .. });
        rig.in_time("an attempt", || tries(&engine.channel(id).unwrap().state)).await;
        socket = rig.socket(id).await;
        rig.log_in(&socket).await;
    }
    let view = rig.engine.channel(id).unwrap();
    assert_eq!((view.state.kind(), view.tone()), (StateKind::Connected, Tone::Attention));
    let engine = rig.engine.clone();
    rig.in_time("calm", || engine.channel(id).unwrap().flapping_since.is_none()).await;
    rig.until_logged("channel.recovered", 1).await;
    let told: Vec<_> = rig.events(Some(id)).await;
    for kind in ["channel.flapping", "channel.recovered"] {
        assert_eq!(told.iter().filter(|k| *k == kind).count(), 1, "{kind}: {told:?}");
    }
    let flapping = told.iter().position(|k| k == "channel.flapping").unwrap();
    assert_eq!(told[flapping - 1], "channel.reconnecting", "told after the loss that made it a loop");
    assert_eq!(rig.engine.channel(id).unwrap().tone(), Tone::Connected);
    rig.end().await;
}

#[tokio::test]
async fn a_channel_that_only_claims_to_be_connected_is_restarted_alone_though_its_socket_hangs_in_closing() {
    let mut rig = Rig::new().await;
    let (id, dead) = rig.connected().await;
    let (other, alive) = rig.connected().await;
    let before = rig.engine.channel(other).unwrap();
    dead.hangs();
    let last = rig.engine.clock().now();
    dead.measures(Liveness { last_frame_at: Some(last), ping_unanswered_since: None });
    let engine = rig.engine.clone();
    let age = || engine.liveness(id).and_then(|measured| measured.last_frame_at).map(|at| engine.clock().now().since(at));
    for _ in 0..85 {
        rig.pass(Duration::from_secs(1)).await;
        let now = rig.engine.clock().now();
        alive.measures(Liveness { last_frame_at: Some(now), ping_unanswered_since: None });
    }
    assert!(age().is_some_and(|age| age >= Duration::from_secs(85)), "how long it has been silent is there to be measured");
    assert!(is(StateKind::Connected)(&rig.engine.channel(id).unwrap()));
    rig.pass(Duration::from_secs(5)).await;
    let view = rig.until(id, is(StateKind::Reconnecting)).await;
    assert!(matches!(view.state, State::Reconnecting { cause: Cause::NoAnswer, .. }), "{:?}", view.state);
    eventually("the close", || dead.calls() == [Call::Close]).await;
    assert_eq!(rig.engine.liveness(id), None);
    rig.no_socket_was_opened();
    // It does not close; after its deadline it is let go of, and only then comes the next one.
    let fresh = rig.socket_within(id, Duration::from_secs(5)).await;
    rig.log_in(&fresh).await;
    assert_eq!(rig.engine.channel(other).unwrap(), before, "the other one was left alone");
    assert!(alive.calls().is_empty());
    // Nothing that the abandoned one says counts any more.
    dead.says(SocketEvent::Closed(Close::Replaced)).await;
    rig.pass(Duration::from_secs(1)).await;
    assert!(is(StateKind::Connected)(&rig.engine.channel(id).unwrap()));
    rig.until_logged("channel.connected", 3).await;
    let told = rig.events(Some(id)).await;
    assert_eq!(told[told.len() - 2..], ["channel.reconnecting", "channel.connected"]);
    rig.end().await;
}
