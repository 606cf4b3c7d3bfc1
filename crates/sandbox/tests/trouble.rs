//! What goes wrong between a real client and the sandbox, and how it heals.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::disallowed_methods)]

mod client;
mod house;

use std::time::Duration;

use client::Client;
use house::{House, assert_good, jid};
use sandbox::Sandbox;
use sandbox::{Fault, NetworkEvent, SandboxConfig, SocketEnd, StartError, Target};
use whatsapp_rust::types::events::Event;

/// A house with one connected client of Ada's, and everything so far forgotten.
async fn connected() -> (House, Client, wacore_binary::Jid) {
    let mut house = House::open().await;
    let (ada, _) = house.two_people().await;
    let client = Client::paired(&house, &ada).await;
    let device = house.device(&ada);
    house.forget();
    (house, client, device)
}

/// Still able to receive.
async fn hears(house: &House, client: &mut Client, text: &str) {
    house.phones.get("15550100002").unwrap().send_text("15550100001", text).await.unwrap();
    client.text(text).await;
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let config = SandboxConfig { listen: "0.0.0.0:0".parse().unwrap(), ..SandboxConfig::default() };
    assert!(matches!(Sandbox::start(config).await, Err(StartError::NotLoopback(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlinked_client_is_logged_out_and_stays_out() {
    let (mut house, mut client, device) = connected().await;
    let ada = house.phones.get("15550100001").unwrap();
    let memory = client.memory.clone();
    ada.unlink(&device).await.unwrap();
    client.wait("logout", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    assert_eq!(house.network().devices(&ada.account().pn).len(), 1);

    let mut again = Client::resume(house.sandbox.url(), memory).await;
    again.wait("logout", |event| matches!(event, Event::LoggedOut(_)).then_some(())).await;
    let code = house.until("refusal", |event| match event {
        NetworkEvent::LoginRefused { code, .. } => Some(code),
        _ => None,
    });
    assert_eq!(code.await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_logs_out_is_no_device_any_more() {
    let (mut house, client, device) = connected().await;
    client.handle.client().logout().await;
    let gone = house.until("unlinked device", |event| match event {
        NetworkEvent::DeviceUnlinked { device } => Some(device),
        _ => None,
    });
    assert_eq!(gone.await, device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_credentials_elsewhere_replace_the_first_client() {
    let (mut house, mut client, device) = connected().await;
    assert_eq!(house.network().counters().replaced, 0);
    let mut second = Client::resume(house.sandbox.url(), client.memory.clone()).await;
    second.connected().await;
    client.wait("replacement", |event| matches!(event, Event::StreamReplaced(_)).then_some(())).await;
    let counters = house.network().counters();
    assert_eq!((counters.max_simultaneous_logins, counters.replaced), (2, 1));
    let told = house.until("replacement told", |event| match event {
        NetworkEvent::Replaced { device, .. } => Some(device),
        _ => None,
    });
    assert_eq!(told.await, device);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_can_be_played() {
    let (house, mut client, device) = connected().await;
    house.network().inject(Target::Device(device), Fault::Replaced);
    client.wait("replacement", |event| matches!(event, Event::StreamReplaced(_)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temporary_ban_says_how_long_and_ends_by_itself() {
    let (house, mut client, device) = connected().await;
    let ban = Fault::TemporaryBan { duration: Duration::from_secs(3) };
    house.network().inject(Target::Device(device), ban);
    let seconds = client.wait("ban", |event| match event {
        Event::TemporaryBan(ban) => Some(ban.expire.num_seconds()),
        _ => None,
    });
    assert!((1..=3).contains(&seconds.await));

    // This client does not come back by itself.
    let memory = client.memory.clone();
    drop(client);
    let mut again = Client::resume(house.sandbox.url(), memory.clone()).await;
    loop {
        let over = again.wait("login", |event| match event {
            Event::Connected(_) => Some(true),
            Event::TemporaryBan(_) => Some(false),
            _ => None,
        });
        if over.await {
            break;
        }
        again = Client::resume(house.sandbox.url(), memory.clone()).await;
    }
    hears(&house, &mut again, "forgiven").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outdated_client_is_told() {
    let (house, mut client, device) = connected().await;
    house.network().inject(Target::Everyone, Fault::Outdated);
    house.network().inject(Target::Device(device), Fault::Drop);
    client.wait("outdated", |event| matches!(event, Event::ClientOutdated(_)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_demand_brings_the_client_back_at_once() {
    let (mut house, mut client, device) = connected().await;
    house.network().inject(Target::Device(device.clone()), Fault::StreamError { code: 515 });
    house.login(&device).await;
    hears(&house, &mut client, "after 515").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unavailability_heals() {
    let (mut house, mut client, device) = connected().await;
    house.network().inject(Target::Everyone, Fault::Unavailable);
    // Turned away with HTTP 503 at least once.
    house
        .until("refusal", |event| match event {
            NetworkEvent::FaultHit { device: None, fault: Fault::Unavailable } => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(house.network().faults(), [(Target::Everyone, Fault::Unavailable)]);
    house.network().heal_all();
    house.login(&device).await;
    hears(&house, &mut client, "available again").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_run_out() {
    let (mut house, mut client, device) = connected().await;
    house.network().inject(Target::Everyone, Fault::Refuse { connections: Some(2), lasting: None });
    house.network().inject(Target::Everyone, Fault::Drop);
    let mut refused = 0;
    house
        .until("login", |event| match event {
            NetworkEvent::FaultHit { fault: Fault::Refuse { .. }, .. } => {
                refused += 1;
                None
            }
            NetworkEvent::LoggedIn { device: back, .. } => (back == device).then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(refused, 2);
    assert!(house.network().faults().is_empty());
    hears(&house, &mut client, "let in").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_link_is_slow_until_healed() {
    let (house, mut client, device) = connected().await;
    let latency = Duration::from_millis(400);
    house.network().inject(Target::Device(device.clone()), Fault::Slow { latency, bytes_per_second: None });
    let begun = std::time::Instant::now();
    hears(&house, &mut client, "slowly").await;
    assert!(begun.elapsed() >= latency);
    house.network().heal(&Target::Device(device));
    hears(&house, &mut client, "quickly").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_socket_stays_open_and_nobody_reads_it() {
    let (mut house, client, device) = connected().await;
    house.network().inject(Target::Device(device.clone()), Fault::HalfOpen);
    house.until("fault", |event| matches!(event, NetworkEvent::FaultHit { fault: Fault::HalfOpen, .. }).then_some(())).await;
    let inner = client.handle.client();
    let void = async {
        drop(inner.send_text(jid("15550100002"), "into the void").await);
        house
            .until("anything of this device", |event| match event {
                NetworkEvent::MessageRouted { from, .. } | NetworkEvent::ReceiptRouted { from, .. } if from == device => {
                    Some(())
                }
                NetworkEvent::SocketClosed { device: Some(closed), .. } if closed == device => Some(()),
                _ => None,
            })
            .await;
    };
    assert!(tokio::time::timeout(Duration::from_millis(500), void).await.is_err(), "the socket is as good as dead");
    let bea = house.phones.get("15550100002").unwrap();
    assert!(bea.messages().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_nobody_answers_comes_through_once_it_heals() {
    let (mut house, mut client, device) = connected().await;
    house.network().inject(Target::Device(device.clone()), Fault::Drop);
    house.network().inject(Target::Everyone, Fault::Hang);
    house
        .until("silence", |event| match event {
            NetworkEvent::FaultHit { device: None, fault: Fault::Hang } => Some(()),
            _ => None,
        })
        .await;
    house.network().heal_all();
    // Twenty seconds until this client gives a handshake up.
    house.login(&device).await;
    hears(&house, &mut client, "there you are").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_demand_reaches_the_client() {
    let house = House::open().await;
    house.network().demand_passkey(Some(r#"{"publicKey":{"challenge":"c2FuZGJveA"}}"#.into()));
    let mut client = Client::start(house.sandbox.url()).await;
    let options = client.wait("passkey request", |event| match event {
        Event::PairPasskeyRequest(request) => Some(request.request_options_json.clone()),
        _ => None,
    });
    assert!(options.await.contains("c2FuZGJveA"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_codes_are_spent_is_sent_away_and_shown_new_ones() {
    let mut house = House::open().await;
    house.network().set_reference_lifetimes(Duration::from_millis(100), Duration::from_millis(20));
    let mut client = Client::start(house.sandbox.url()).await;
    let first = client.qr_code().await;
    let end = house.until("closed socket", |event| match event {
        NetworkEvent::SocketClosed { device: None, end } => Some(end),
        _ => None,
    });
    assert_eq!(end.await, SocketEnd::ByNetwork);
    house.network().set_reference_lifetimes(Duration::from_secs(60), Duration::from_secs(20));
    let (ada, _) = house.two_people().await;
    assert!(ada.scan(&first).await.is_err(), "a spent code");
    loop {
        if ada.scan(&client.qr_code().await).await.is_ok() {
            break;
        }
    }
    client.connected().await;
}
