//! Linking a channel to a phone.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use house::{House, channel, number};
use sandbox::Fault;
use socket::{Close, Secret, SendError, SocketEvent, SocketFactory as _};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn pairs_by_qr_and_logs_in_afterwards() {
    let house = House::new().await;
    assert!(!house.whatsapp.is_paired(channel(1)).await.unwrap());
    let mut pairing = house.open(channel(1)).await;
    assert_eq!(pairing.next().await, SocketEvent::Handshaken);
    let code = pairing.qr().await;
    let Some(SocketEvent::PairingQr { expires_at, .. }) = pairing.log.last() else { panic!("no QR") };
    let left = expires_at.since(domain::Timestamp::from_millis(now_millis()));
    assert!(left > Duration::from_secs(50) && left <= Duration::from_secs(60), "{left:?}");

    house.ada().scan(&code).await.unwrap();
    let paired = pairing.until(|e| if let SocketEvent::Paired { identity } = e { Some(identity.clone()) } else { None }).await;
    assert_eq!(paired.phone, Some(number(&house.ada())));
    assert_eq!(pairing.closed().await, Close::Restart);
    assert!(house.whatsapp.is_paired(channel(1)).await.unwrap());

    let mut session = house.open(channel(1)).await;
    assert_eq!(session.next().await, SocketEvent::Handshaken);
    let identity = session.opened().await;
    assert_eq!(identity.phone, Some(number(&house.ada())));
    assert!(identity.lid.is_some());
    assert_eq!(identity.push_name.as_deref(), Some("Ada"));
    assert!(session.socket.liveness().last_frame_at.is_some());
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_by_a_code_typed_on_the_phone() {
    let house = House::new().await;
    let mut pairing = house.open_with(channel(1), Some(number(&house.ada())), None).await;
    let code = pairing
        .until(|e| match e {
            SocketEvent::PairingCode { code: Secret(code), phone, .. } if *phone == number(&house.ada()) => Some(code.clone()),
            _ => None,
        })
        .await;
    assert!(!pairing.log.iter().any(|e| matches!(e, SocketEvent::PairingQr { .. })), "a QR was shown beside the code");
    house.ada().wait_for_code_request(house::SOON).await.unwrap();
    house.ada().enter_code(&code).await.unwrap();
    assert_eq!(pairing.closed().await, Close::Restart);
    assert_eq!(house.ada().linked_devices()[0].platform, "Chrome (WhatIsUp)");
    house.open(channel(1)).await.opened().await;
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_may_be_asked_for_while_the_qr_is_shown() {
    let house = House::new().await;
    let mut pairing = house.open(channel(1)).await;
    pairing.qr().await;
    pairing.socket.request_pairing_code(number(&house.ada())).await.unwrap();
    let code = pairing
        .until(|e| if let SocketEvent::PairingCode { code: Secret(code), .. } = e { Some(code.clone()) } else { None })
        .await;
    house.ada().wait_for_code_request(house::SOON).await.unwrap();
    house.ada().enter_code(&code).await.unwrap();
    assert_eq!(pairing.closed().await, Close::Restart);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_that_breaks_off_may_be_begun_again() {
    let house = House::new().await;
    let mut pairing = house.open(channel(1)).await;
    pairing.qr().await;
    house.network().inject(sandbox::Target::Everyone, Fault::Drop);
    assert!(matches!(pairing.closed().await, Close::Lost(_)));
    // Nothing was lost: the next attempt shows a QR again.
    house.open(channel(1)).await.qr().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demand_for_a_passkey_is_told_and_does_not_hang() {
    let house = House::new().await;
    let options = r#"{"challenge":"dGVzdA","rpId":"web.whatsapp.com","timeout":1500,"userVerification":"required"}"#;
    house.network().demand_passkey(Some(options.into()));
    let mut pairing = house.open(channel(1)).await;
    let (challenge, expires_at) = pairing
        .until(|e| match e {
            SocketEvent::PasskeyRequested { challenge: Secret(text), expires_at } => Some((text.clone(), *expires_at)),
            _ => None,
        })
        .await;
    assert!(challenge.contains("dGVzdA") && expires_at.is_some());
    assert!(matches!(pairing.socket.request_pairing_code(number(&house.ada())).await, Err(SendError::NotNow(_))));
    assert_eq!(pairing.closed().await, Close::PairingExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_over_tls_with_the_sandboxs_own_authority() {
    let house = House::with_tls().await;
    house.linked(channel(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shredding_leaves_nothing_and_the_next_socket_pairs_anew() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    session.socket.close().await;
    house.whatsapp.shred(channel(1)).await.unwrap();
    assert!(!house.whatsapp.is_paired(channel(1)).await.unwrap());
    assert!(!house.dir.path().join("sessions").join(channel(1).to_string()).exists());
    house.open(channel(1)).await.qr().await;
}

#[allow(clippy::disallowed_methods, reason = "compared with what the session stamped by the same clock")]
fn now_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}
