//! How connections end, and that the next one needs no QR unless the session is over.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use domain::Cause;
use house::{House, Session, channel};
use sandbox::{Fault, Handshake, NetworkEvent, Target};
use socket::{Close, Invalidation, SocketEvent, SocketFactory as _};
use std::time::{Duration, Instant};

async fn faulted(house: &House, fault: Fault) -> (Session, Close) {
    let mut session = house.linked(channel(1)).await;
    house.network().inject(Target::Everyone, fault);
    let close = session.closed().await;
    (session, close)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_lost_and_the_next_resumes_without_a_qr() {
    let house = House::new().await;
    let (_, close) = faulted(&house, Fault::Drop).await;
    assert_eq!(close, Close::Lost(Cause::ConnectionLost));
    let mut events = house.network().events();
    let started = Instant::now();
    let mut again = house.open(channel(1)).await;
    again.opened().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(!again.log.iter().any(|e| matches!(e, SocketEvent::PairingQr { .. })));
    let handshake = loop {
        if let NetworkEvent::LoggedIn { handshake, .. } = events.recv().await.unwrap() {
            break handshake;
        }
    };
    assert_eq!(handshake, Some(Handshake::Ik));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_program_resumes_without_a_qr() {
    let mut house = House::new().await;
    house.linked(channel(1)).await.socket.close().await;
    house.restarted();
    assert!(house.whatsapp.is_paired(channel(1)).await.unwrap());
    let mut again = house.open(channel(1)).await;
    let identity = again.opened().await;
    assert_eq!(identity.push_name.as_deref(), Some("Ada"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_noticed_within_half_a_minute() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    house.network().inject(Target::Everyone, Fault::HalfOpen);
    let started = Instant::now();
    let close = tokio::time::timeout(Duration::from_secs(35), async {
        loop {
            if let Some(SocketEvent::Closed(close)) = session.heard.recv().await {
                break close;
            }
        }
    });
    assert_eq!(close.await.expect("not noticed"), Close::Lost(Cause::NoAnswer));
    assert!(started.elapsed() < Duration::from_secs(32), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_opens_and_then_says_nothing_is_given_up() {
    let house = House::new().await;
    house.linked(channel(1)).await.socket.close().await;
    house.network().inject(Target::Everyone, Fault::Hang);
    let started = Instant::now();
    let mut again = house.open(channel(1)).await;
    assert_eq!(again.closed().await, Close::Lost(Cause::NoAnswer));
    assert!(started.elapsed() < Duration::from_secs(18), "{:?}", started.elapsed());
    house.network().heal_all();
    house.open(channel(1)).await.opened().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_and_overloaded_are_told_apart() {
    let house = House::new().await;
    let (_, close) = faulted(&house, Fault::Unavailable).await;
    assert_eq!(close, Close::Lost(Cause::ServiceUnavailable));
    assert_eq!(house.open(channel(1)).await.closed().await, Close::Lost(Cause::ServiceUnavailable));
    house.network().heal_all();
    house.network().inject(Target::Everyone, Fault::Refuse { connections: None, lasting: None });
    let close = house.open(channel(1)).await.closed().await;
    assert!(matches!(close, Close::Lost(Cause::Unreachable | Cause::ConnectionLost)), "{close:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listening_is_unreachable() {
    let house = House::new().await;
    let proxyless = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead_proxy = format!("http://{proxyless}").parse().unwrap();
    let close = house.open_with(channel(1), None, Some(dead_proxy)).await.closed().await;
    assert_eq!(close, Close::Lost(Cause::ProxyFailed));
    let House { sandbox, whatsapp, auth_store: _, dir, phones } = house;
    drop(phones);
    let url = sandbox.url();
    sandbox.shutdown().await;
    let (events, mut heard) = tokio::sync::mpsc::channel(16);
    let opening = socket::Opening {
        channel: channel(2),
        proxy: None,
        pair_by_code: None,
        events,
        inbox: std::sync::Arc::new(house::Letterbox::default()),
    };
    let _socket = whatsapp.open(opening).await;
    assert_eq!(heard.recv().await, Some(SocketEvent::Closed(Close::Lost(Cause::Unreachable))), "{url}");
    drop(dir);
}

#[tokio::test(flavor = "multi_thread")]
async fn unlinked_on_the_phone_is_the_end_of_the_session() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    let device = house.ada().linked_devices()[0].device.clone();
    house.ada().unlink(&device).await.unwrap();
    assert_eq!(session.closed().await, Close::Invalidated(Invalidation::Unlinked));
    // Whoever tries again hears it at the login.
    assert_eq!(house.open(channel(1)).await.closed().await, Close::Invalidated(Invalidation::Unlinked));
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_takes_the_device_off_the_account() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    session.socket.logout().await.unwrap();
    assert_eq!(session.closed().await, Close::Invalidated(Invalidation::LoggedOut));
    assert!(house.ada().linked_devices().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_banned_outdated_and_locked_are_told_for_what_they_are() {
    let house = House::new().await;
    let (_, close) = faulted(&house, Fault::Replaced).await;
    assert_eq!(close, Close::Replaced);
    assert!(house.whatsapp.is_paired(channel(1)).await.unwrap());

    house.network().inject(Target::Everyone, Fault::TemporaryBan { duration: Duration::from_secs(3600) });
    let close = house.open(channel(1)).await.closed().await;
    assert!(matches!(close, Close::Banned { .. }), "{close:?}");
    house.network().heal_all();

    house.network().inject(Target::Everyone, Fault::Outdated);
    assert_eq!(house.open(channel(1)).await.closed().await, Close::ClientOutdated);
    house.network().heal_all();

    house.network().inject(Target::Everyone, Fault::LoginFailure { code: 403 });
    assert_eq!(house.open(channel(1)).await.closed().await, Close::Invalidated(Invalidation::AccountLocked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_asked_by_the_server_is_no_loss() {
    let house = House::new().await;
    let (_, close) = faulted(&house, Fault::StreamError { code: 515 }).await;
    assert_eq!(close, Close::Restart);
    house.open(channel(1)).await.opened().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_resumption_falls_back_to_a_full_handshake() {
    let house = House::new().await;
    house.linked(channel(1)).await.socket.close().await;
    // The first login after pairing was a full handshake; from the second on there is something to resume.
    let mut second = house.open(channel(1)).await;
    second.opened().await;
    second.socket.close().await;
    house.network().refuse_resumption(true);
    house.open(channel(1)).await.opened().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_is_told_once_and_frees_the_channel_for_the_next_socket() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    tokio::join!(session.socket.close(), session.socket.close());
    assert_eq!(session.closed().await, Close::Asked);
    house.open(channel(1)).await.opened().await;
    // Dropping a socket ends it as well; the next one waits for its turn.
    let dropped = house.open(channel(1)).await;
    drop(dropped);
    house.open(channel(1)).await.opened().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_a_channel_says_so_at_once_and_loses_nothing() {
    let house = House::new().await;
    house.linked(channel(1)).await.socket.close().await;
    let (keys, away) = (house.dir.path().join("keys"), house.dir.path().join("keys-away"));
    std::fs::rename(&keys, &away).unwrap();
    let mut house = house;
    house.restarted();
    let started = Instant::now();
    assert_eq!(house.open(channel(1)).await.closed().await, Close::WrongKey);
    assert!(house.whatsapp.is_paired(channel(1)).await.is_err());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    std::fs::rename(&away, &keys).unwrap();
    house.restarted();
    house.open(channel(1)).await.opened().await;
}
