use crate::rig::{Rig, is, is_down, qr};
use domain::{Cause, ChannelView, PairingMethod, PairingPrompt, Phone, Reason, State, StateKind};
use engine::CommandError;
use socket::scripted::Call;
use socket::{Close, Secret, SocketEvent};
use std::time::Duration;

fn phone() -> Phone {
    "15550100123".parse().unwrap()
}

fn code(rig: &Rig) -> SocketEvent {
    let expires_at = rig.engine.clock().now().plus(Duration::from_secs(160));
    SocketEvent::PairingCode { code: Secret("ABCD1234".into()), expires_at, phone: phone() }
}

#[tokio::test]
async fn rounds_of_qr_follow_each_other_until_they_run_out() {
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    let socket = rig.socket(id).await;
    socket.says(SocketEvent::Handshaken).await;
    for round in 1..=6u32 {
        socket.says(qr(&format!("qr{round}"))).await;
        let view = rig.until(id, |v| matches!(v.state, State::Pairing { round: r, .. } if r == round)).await;
        assert!(
            matches!(view.state, State::Pairing { prompt: PairingPrompt::Qr { ref code, .. }, .. } if *code == format!("qr{round}"))
        );
    }
    socket.says(SocketEvent::Closed(Close::PairingExpired)).await;
    rig.until(id, is_down(Reason::PairingExpired)).await;
    rig.until_logged("channel.disconnected", 1).await;
    rig.start_again().await;
    rig.pass(Duration::from_secs(600)).await;
    rig.no_socket_was_opened();
    rig.end().await;
}

#[tokio::test]
async fn a_pairing_behind_a_dead_proxy_says_so_and_a_changed_proxy_is_tried_at_once() {
    let setback = |view: &ChannelView| match &view.state {
        State::Pairing { prompt, .. } => prompt.setback(),
        State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. } => None,
    };
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    for failed in 1..=4 {
        let socket = rig.socket(id).await;
        socket.says(SocketEvent::Closed(Close::Lost(Cause::ProxyFailed))).await;
        let view = rig.until(id, |view| setback(view).is_some_and(|s| s.next_attempt_at.is_some())).await;
        assert_eq!(setback(&view).map(|s| s.cause), Some(Cause::ProxyFailed));
        // One for the start, one for each attempt that failed.
        rig.until_logged("channel.pairing", 1 + failed).await;
        if failed < 4 {
            rig.pass(Duration::from_secs(60)).await;
        }
    }
    let proxy: domain::Proxy = "socks5://[::1]:9050".parse().unwrap();
    rig.engine.patch(id, engine::ChannelPatch { name: None, proxy: Some(Some(proxy.clone())) }).await.unwrap();
    let socket = rig.socket(id).await;
    assert_eq!(socket.opening.proxy, Some(proxy));
    socket.says(SocketEvent::Handshaken).await;
    socket.says(qr("at last")).await;
    rig.until(id, |view| setback(view).is_none() && matches!(view.state, State::Pairing { round: 1, .. })).await;
    rig.end().await;
}

#[tokio::test]
async fn what_was_pairing_shows_a_qr_again_after_a_restart() {
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    let socket = rig.socket(id).await;
    socket.says(qr("old")).await;
    rig.until_logged("channel.pairing", 2).await;
    rig.start_again().await;
    let socket = rig.socket(id).await;
    socket.says(qr("new")).await;
    let view = rig.until(id, |v| matches!(v.state, State::Pairing { round: 1, .. })).await;
    assert!(matches!(view.state, State::Pairing { prompt: PairingPrompt::Qr { ref code, .. }, .. } if code == "new"));
    rig.end().await;
}

#[tokio::test]
async fn a_scan_that_was_not_recorded_is_found_at_the_next_start() {
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    let _socket = rig.socket(id).await;
    rig.until_logged("channel.pairing", 1).await;
    rig.script.mark_paired(id);
    rig.start_again().await;
    assert!(rig.engine.channel(id).unwrap().paired);
    assert!(is(StateKind::Reconnecting)(&rig.engine.channel(id).unwrap()));
    rig.end().await;
}

#[tokio::test]
async fn a_code_is_waited_for_on_the_socket_that_shows_the_qr() {
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    let socket = rig.socket(id).await;
    socket.says(SocketEvent::Handshaken).await;
    socket.says(qr("first")).await;
    rig.until(id, |v| matches!(v.state, State::Pairing { round: 1, .. })).await;
    let engine = rig.engine.clone();
    let asked = tokio::spawn(async move { engine.pairing_code(id, phone()).await });
    crate::rig::eventually("the question", || socket.calls() == [Call::PairingCode(phone())]).await;
    socket.says(code(&rig)).await;
    let prompt = asked.await.unwrap().unwrap();
    assert!(matches!(prompt, PairingPrompt::Code { ref code, .. } if code == "ABCD1234"));
    rig.end().await;
}

#[tokio::test]
async fn a_channel_that_rests_is_started_with_the_code_asked_for() {
    let mut rig = Rig::new().await;
    let id = rig.engine.create(engine::NewChannel { name: "x".into(), proxy: None, start: false }).await.unwrap().id;
    let engine = rig.engine.clone();
    let asked = tokio::spawn(async move { engine.pairing_code(id, phone()).await });
    let socket = rig.socket(id).await;
    assert_eq!(socket.opening.pair_by_code, Some(phone()));
    socket.says(code(&rig)).await;
    assert_eq!(asked.await.unwrap().unwrap().method(), PairingMethod::Code);
    rig.end().await;
}

#[tokio::test]
async fn a_code_that_never_comes_is_said_in_words() {
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    let socket = rig.socket(id).await;
    socket.refuses_codes();
    socket.says(SocketEvent::Handshaken).await;
    socket.says(qr("first")).await;
    rig.until(id, |v| matches!(v.state, State::Pairing { round: 1, .. })).await;
    let engine = rig.engine.clone();
    let asked = tokio::spawn(async move { engine.pairing_code(id, phone()).await });
    // Refused by this socket, it is asked of the next from the start.
    crate::rig::eventually("the close", || socket.calls().contains(&Call::Close)).await;
    let next = rig.socket_within(id, Duration::from_secs(1)).await;
    assert_eq!(next.opening.pair_by_code, Some(phone()));
    rig.pass(Duration::from_secs(45)).await;
    assert!(matches!(asked.await.unwrap(), Err(CommandError::Conflict { code: "no_pairing_code", .. })));
    rig.end().await;
}

#[tokio::test]
async fn a_linked_channel_gives_no_code() {
    let mut rig = Rig::new().await;
    let (id, _socket) = rig.connected().await;
    let refused = rig.engine.pairing_code(id, phone()).await;
    assert!(matches!(refused, Err(CommandError::Conflict { code: "already_paired", .. })));
    rig.end().await;
}

#[tokio::test]
async fn a_passkey_request_is_shown_and_not_a_hang() {
    let mut rig = Rig::new().await;
    let id = rig.create().await;
    let socket = rig.socket(id).await;
    socket.says(SocketEvent::Handshaken).await;
    socket.says(SocketEvent::PasskeyRequested { challenge: Secret("{\"rpId\":\"x\"}".into()), expires_at: None }).await;
    rig.until(id, |v| matches!(&v.state, State::Pairing { prompt: PairingPrompt::Passkey { challenge, .. }, .. } if challenge.contains("rpId"))).await;
    rig.end().await;
}
