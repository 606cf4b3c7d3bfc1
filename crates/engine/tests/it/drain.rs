use crate::rig::{Rig, is};
use domain::{Cause, State, StateKind};
use engine::{CommandError, Drained, NewChannel};
use socket::SocketEvent;
use socket::scripted::Call;
use std::time::Duration;

#[tokio::test]
async fn a_drain_closes_every_socket_and_keeps_every_state() {
    let mut rig = Rig::new().await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(rig.connected().await.1);
    }
    rig.until_logged("channel.connected", 5).await;
    assert_eq!(rig.engine.drain(Duration::from_secs(10)).await, Drained::Clean);
    assert!(sockets.iter().all(|socket| socket.calls() == [Call::Close]));
    assert!(rig.ledger.channels().await.unwrap().iter().all(is(StateKind::Connected)));
    let refused = rig.engine.create(NewChannel { name: "late".into(), proxy: None, start: false }).await;
    assert_eq!(refused, Err(CommandError::ShuttingDown));
    rig.end().await;
}

#[tokio::test]
async fn a_socket_that_hangs_does_not_hold_up_the_drain() {
    let mut rig = Rig::new().await;
    let (_, hanging) = rig.connected().await;
    let (_, other) = rig.connected().await;
    hanging.hangs();
    let engine = rig.engine.clone();
    let drain = tokio::spawn(async move { engine.drain(Duration::from_secs(20)).await });
    crate::rig::eventually("both closes", || hanging.calls() == [Call::Close] && other.calls() == [Call::Close]).await;
    rig.pass(Duration::from_secs(5)).await;
    assert_eq!(drain.await.unwrap(), Drained::Clean);
    rig.end().await;
}

#[tokio::test]
async fn an_ack_that_comes_while_closing_is_kept() {
    let mut rig = Rig::new().await;
    let (id, socket) = rig.connected().await;
    let message = rig.engine.send(id, crate::rig::text("last words")).await.unwrap();
    crate::rig::eventually("the send", || crate::rig::sent(&socket).len() == 1).await;
    socket.hangs();
    let engine = rig.engine.clone();
    let drain = tokio::spawn(async move { engine.drain(Duration::from_secs(20)).await });
    crate::rig::eventually("the close", || socket.calls().contains(&Call::Close)).await;
    let at = rig.engine.clock().now();
    socket.says(SocketEvent::ServerAck { whatsapp_id: message.whatsapp_id.clone(), error: None, at }).await;
    socket.says(SocketEvent::Closed(socket::Close::Asked)).await;
    assert_eq!(drain.await.unwrap(), Drained::Clean);
    assert_eq!(rig.message(message.id).await.status.as_str(), "sent");
    rig.end().await;
}

#[tokio::test]
async fn many_channels_resume_a_few_at_a_time() {
    let mut rig = Rig::new().await;
    for _ in 0..40 {
        rig.connected().await;
    }
    rig.until_logged("channel.connected", 40).await;
    rig.start_again().await;
    let ids: Vec<_> = rig.engine.overview().borrow().channels.iter().map(|c| c.id).collect();
    assert_eq!(ids.len(), 40);
    let resuming = |view: &domain::ChannelView| matches!(view.state, State::Reconnecting { cause: Cause::Starting, .. });
    assert!(ids.iter().all(|id| resuming(&rig.engine.channel(*id).unwrap())));
    rig.pass(Duration::from_millis(250)).await;
    // Sixteen at once; the rest when a place at the gate is free, if only because a second has passed.
    let mut opened = Vec::new();
    for wave in [16, 16, 8] {
        opened.extend(rig.sockets(wave).await);
        rig.pass(Duration::ZERO).await;
        rig.no_socket_was_opened();
        rig.pass(Duration::from_secs(1)).await;
    }
    for socket in &opened {
        rig.log_in(socket).await;
    }
    assert_eq!(rig.script.most_sockets_of_one_channel(), 1);
    rig.end().await;
}
