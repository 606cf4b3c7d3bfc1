//! Real clients against the sandbox: pairing, texts, several devices, coming back.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::disallowed_methods)]

mod client;
mod house;

use client::{Client, PATIENCE};
use house::{House, assert_good, jid};
use sandbox::phone::Phones;
use sandbox::{Fault, Handshake, NetworkEvent, Sandbox, SandboxConfig, Target};
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_pairs_by_qr_and_exchanges_texts_with_a_phone() {
    let mut house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let mut client = Client::start(house.sandbox.url()).await;
    let device = ada.scan(&client.qr_code().await).await.unwrap();
    assert_eq!(device.to_string(), "15550100001:1@s.whatsapp.net");
    client.connected().await;
    assert_eq!(house.login(&device).await, Some(Handshake::Xx), "the first login after pairing");

    client.handle.client().send_text(jid("15550100002"), "hello Bea").await.unwrap();
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("hello Bea")).await.unwrap();
    ada.wait_for_message(PATIENCE, |message| message.content.text() == Some("hello Bea")).await.unwrap();
    bea.send_text("15550100001", "hello Ada").await.unwrap();
    client.text("hello Ada").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_pairs_with_a_typed_code() {
    let mut house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let mut client = Client::with_code(house.sandbox.url(), "15550100001").await;
    let code = client.pair_code().await;
    ada.wait_for_code_request(PATIENCE).await.unwrap();
    let device = ada.enter_code(&code).await.unwrap();
    client.connected().await;
    house.login(&device).await;
    bea.send_text("15550100001", "by code").await.unwrap();
    client.text("by code").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_written_to_a_lid_arrives() {
    let house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let mut client = Client::paired(&house, &ada).await;
    client.handle.client().send_text(bea.account().lid.clone(), "by lid").await.unwrap();
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("by lid")).await.unwrap();
    bea.send_text("15550100001", "and back").await.unwrap();
    client.text("and back").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_device_of_both_people_gets_its_copy() {
    let house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let mut first = Client::paired(&house, &ada).await;
    let mut second = Client::paired(&house, &ada).await;
    let mut theirs = Client::paired(&house, &bea).await;

    first.handle.client().send_text(jid("15550100002"), "to all").await.unwrap();
    theirs.text("to all").await;
    second.text("to all").await;
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("to all")).await.unwrap();
    theirs.handle.client().send_text(jid("15550100001"), "from a companion").await.unwrap();
    first.text("from a companion").await;
    second.text("from a companion").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_client_resumes_and_gets_what_it_missed() {
    let mut house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let mut client = Client::paired(&house, &ada).await;
    let device = house.device(&ada);
    // Known to both, so that the keys are there while the client is away.
    bea.send_text("15550100001", "before").await.unwrap();
    client.text("before").await;
    house.forget();
    house.network().inject(Target::Everyone, Fault::Refuse { connections: Some(1), lasting: None });
    house.network().inject(Target::Device(device.clone()), Fault::Drop);
    for text in ["one", "two", "three"] {
        bea.send_text("15550100001", text).await.unwrap();
    }
    assert_eq!(house.login(&device).await, Some(Handshake::Ik));
    for text in ["one", "two", "three"] {
        client.text(text).await;
    }
    house.taken("three messages", 3).await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumption_that_the_server_turns_down_becomes_a_full_handshake() {
    let mut house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let mut client = Client::paired(&house, &ada).await;
    let device = house.device(&ada);
    house.forget();
    house.network().refuse_resumption(true);
    house.network().inject(Target::Device(device.clone()), Fault::Drop);
    assert_eq!(house.login(&device).await, Some(Handshake::XxFallback));
    bea.send_text("15550100001", "still here").await.unwrap();
    client.text("still here").await;
    assert_eq!(house.network().counters().logins_xx_fallback, 1);
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_stopped_comes_back_with_its_memory() {
    let mut house = House::open().await;
    let (ada, bea) = house.two_people().await;
    let client = Client::paired(&house, &ada).await;
    let device = house.device(&ada);
    let memory = client.memory.clone();
    client.handle.shutdown().await;
    house
        .until("closed socket", |event| match event {
            NetworkEvent::SocketClosed { device: Some(closed), .. } if closed == device => Some(()),
            _ => None,
        })
        .await;
    bea.send_text("15550100001", "while you were out").await.unwrap();
    let mut client = Client::resume(house.sandbox.url(), memory).await;
    client.text("while you were out").await;
    assert_good(&house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_clients_pair_and_all_resume_after_a_drop() {
    let mut house = House::open().await;
    let mut clients = Vec::new();
    for number in 0..50 {
        let phone = house.phones.add(None, Some(&format!("155501001{number:02}"))).await.unwrap();
        let url = house.sandbox.url();
        clients.push(tokio::spawn(async move {
            let mut client = Client::start(url).await;
            phone.scan(&client.qr_code().await).await.unwrap();
            client.connected().await;
            client
        }));
    }
    let clients = futures::future::join_all(clients).await;
    let mut waiting = house.network().accounts().len();
    house.forget();
    house.network().inject(Target::Everyone, Fault::Drop);
    house
        .until("fifty logins", |event| {
            waiting -= usize::from(matches!(event, NetworkEvent::LoggedIn { handshake: Some(Handshake::Ik), .. }));
            (waiting == 0).then_some(())
        })
        .await;
    assert_good(&house);
    drop(clients);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_still_linked_after_the_sandbox_was_started_anew() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("phones.json");
    let config = SandboxConfig { seed: Some(7), ..SandboxConfig::default() };
    let house = House::with(config.clone()).await;
    let (ada, bea) = house.two_people().await;
    let stop = CancellationToken::new();
    let keeper = tokio::spawn({
        let (phones, file, stop) = (house.phones.clone(), file.clone(), stop.clone());
        async move { phones.keep_in(&file, stop).await }
    });
    let mut client = Client::paired(&house, &ada).await;
    bea.send_text("15550100001", "before").await.unwrap();
    client.text("before").await;
    client.handle.client().send_text(jid("15550100002"), "heard").await.unwrap();
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("heard")).await.unwrap();
    let memory = client.memory.clone();
    client.handle.shutdown().await;
    stop.cancel();
    keeper.await.unwrap().unwrap();
    house.sandbox.shutdown().await;

    let sandbox = Sandbox::start(config).await.unwrap();
    let phones = Phones::kept_in(sandbox.network().clone(), &file, 2).await.unwrap();
    let bea = phones.get("15550100002").unwrap();
    let mut client = Client::resume(sandbox.url(), memory).await;
    client.connected().await;
    bea.send_text("15550100001", "after").await.unwrap();
    client.text("after").await;
    client.handle.client().send_text(jid("15550100002"), "and back").await.unwrap();
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("and back")).await.unwrap();
    let counters = sandbox.network().counters();
    assert_eq!((counters.logins_ik, counters.devices_left_out, counters.unknown_stanzas), (1, 0, 0), "{counters:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_brought_back_from_an_older_time_still_reach_a_client_that_knows_more() {
    let config = || SandboxConfig { seed: Some(8), ..SandboxConfig::default() };
    let house = House::with(config()).await;
    let (ada, bea) = house.two_people().await;
    let mut client = Client::paired(&house, &ada).await;
    // An answer makes the session a long-lived one, on which both sides just count.
    bea.send_text("15550100001", "before").await.unwrap();
    client.text("before").await;
    client.handle.client().send_text(jid("15550100002"), "known").await.unwrap();
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("known")).await.unwrap();
    bea.send_text("15550100001", "and known").await.unwrap();
    client.text("and known").await;
    let old = house.phones.save().await.unwrap();
    // What the file does not know when the process is killed: more than the counters that a kept session leases ahead.
    let forgotten: Vec<String> = (0..200).map(|n| format!("forgotten {n}")).collect();
    bea.send_texts("15550100001", &forgotten).await.unwrap();
    client.text("forgotten 199").await;
    client.handle.client().send_text(jid("15550100002"), "forgotten too").await.unwrap();
    bea.wait_for_message(PATIENCE, |message| message.content.text() == Some("forgotten too")).await.unwrap();
    let memory = client.memory.clone();
    // All that it knows is in its memory then.
    client.handle.shutdown().await;
    drop(house);

    let sandbox = Sandbox::start(config()).await.unwrap();
    let phones = Phones::restore(sandbox.network().clone(), &old).await.unwrap();
    let bea = phones.get("15550100002").unwrap();
    let mut client = Client::resume(sandbox.url(), memory).await;
    client.connected().await;
    for text in ["after", "and on"] {
        bea.send_text("15550100001", text).await.unwrap();
        client.text(text).await;
        client.handle.client().send_text(jid("15550100002"), text).await.unwrap();
        bea.wait_for_message(PATIENCE, |m| m.content.text() == Some(text) && m.from.user == "15550100001").await.unwrap();
    }
}
