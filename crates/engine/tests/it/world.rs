use crate::rig::{Rig, is};
use domain::{Cause, State, StateKind};
use std::time::Duration;

#[tokio::test]
async fn a_machine_that_wakes_connects_anew_at_once() {
    let mut rig = Rig::new().await;
    let (id, _socket) = rig.connected().await;
    rig.hand.stray(8 * 3_600_000);
    rig.pass(Duration::from_secs(5)).await;
    let view = rig.until(id, is(StateKind::Reconnecting)).await;
    assert!(matches!(view.state, State::Reconnecting { cause: Cause::Woke, .. }));
    let socket = rig.socket_within(id, Duration::from_millis(250)).await;
    rig.log_in(&socket).await;
    assert_eq!(rig.engine.channel(id).unwrap().stuck_since, None);
    let now = rig.engine.clock().now();
    assert!(
        now.since(domain::Timestamp::from_secs(1_800_000_000)) >= Duration::from_secs(8 * 3600),
        "the engine's clock follows"
    );
    rig.end().await;
}

#[tokio::test]
async fn a_clock_set_back_disturbs_nobody() {
    let mut rig = Rig::new().await;
    let (id, _socket) = rig.connected().await;
    rig.hand.stray(-3_600_000);
    rig.pass(Duration::from_secs(5)).await;
    rig.pass(Duration::from_millis(250)).await;
    assert!(is(StateKind::Connected)(&rig.engine.channel(id).unwrap()));
    rig.no_socket_was_opened();
    rig.end().await;
}
