use crate::rig::{Rig, identity, is};
use domain::{Cause, State, StateKind};
use socket::scripted::Call;
use socket::{Close, Liveness, SocketEvent};
use std::time::Duration;

#[tokio::test]
async fn ten_channels_that_cannot_connect_are_flagged_once_each_and_cleared_once_each() {
    let mut rig = Rig::new().await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        let (id, socket) = rig.connected().await;
        ids.push((id, socket));
    }
    for (id, socket) in &ids {
        socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
        rig.until(*id, is(StateKind::Reconnecting)).await;
    }
    // Every attempt fails until all of them are stuck.
    for _ in 0..35 {
        rig.pass(Duration::from_secs(1)).await;
        for (id, _) in &ids {
            let view = rig.engine.channel(*id).unwrap();
            if let State::Reconnecting { attempt: 1.., next_attempt_at: None, .. } = view.state {
                let socket = rig.socket(*id).await;
                socket.says(SocketEvent::Closed(Close::Lost(Cause::Unreachable))).await;
                rig.until(*id, |v| matches!(v.state, State::Reconnecting { next_attempt_at: Some(_), .. })).await;
            }
        }
    }
    rig.until_all(|all| all.channels.iter().all(|c| c.stuck_since.is_some())).await;
    rig.until_logged("channel.stuck", 10).await;
    for (id, _) in &ids {
        let engine = rig.engine.clone();
        let tries = |view: &State| matches!(view, State::Reconnecting { next_attempt_at: None, .. });
        rig.in_time("an attempt", || tries(&engine.channel(*id).unwrap().state)).await;
        let socket = rig.socket(*id).await;
        socket.says(SocketEvent::Opened { identity: identity() }).await;
        rig.until(*id, is(StateKind::Connected)).await;
    }
    rig.until_logged("channel.recovered", 10).await;
    let told = rig.events(None).await;
    for kind in ["channel.stuck", "channel.recovered"] {
        assert_eq!(told.iter().filter(|k| *k == kind).count(), 10, "{kind}");
    }
    assert_eq!(rig.script.most_sockets_of_one_channel(), 1);
    rig.end().await;
}

#[tokio::test]
async fn connected_is_a_measured_claim() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let now = rig.engine.clock().now();
    socket.measures(Liveness { last_frame_at: Some(now), ping_unanswered_since: Some(now) });
    crate::rig::eventually("the measurement", || rig.engine.liveness(id).is_some_and(|l| l.last_frame_at == Some(now))).await;
    for _ in 0..5 {
        rig.pass(Duration::from_secs(5)).await;
    }
    let view = rig.until(id, is(StateKind::Reconnecting)).await;
    assert!(matches!(view.state, State::Reconnecting { cause: Cause::NoAnswer, .. }));
    crate::rig::eventually("its end", || rig.engine.liveness(id).is_none()).await;
    crate::rig::eventually("the close", || socket.calls() == [Call::Close]).await;
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.script.most_sockets_of_one_channel(), 1);
    rig.end().await;
}

#[tokio::test]
async fn an_attempt_that_hangs_is_given_up() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    socket.says(SocketEvent::Closed(Close::Restart)).await;
    let hanging = rig.socket(id).await;
    rig.pass(Duration::from_secs(60)).await;
    crate::rig::eventually("the close", || hanging.calls() == [Call::Close]).await;
    let socket = rig.socket_within(id, Duration::from_secs(1)).await;
    rig.log_in(&socket).await;
    rig.end().await;
}
