//! What a new user does and sees, over HTTP and events, against the real application.
#![allow(clippy::unwrap_used)]

use acceptance::desktop::{holds, until};
use acceptance::{Rest, Whatisup, World};
use reqwest::Method;
use sandbox::{Fault, Target};
use serde_json::json;

struct Scene {
    world: World,
    app: Whatisup,
    rest: Rest,
}

async fn scene(phones: usize) -> Scene {
    let world = World::with_phones(phones).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    Scene { world, app, rest }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_paired_sends_receives_drops_resumes_and_is_unlinked() {
    let Scene { world, app, rest } = scene(2).await;
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let mut events = app.events(None).await.unwrap();

    // The empty state.
    let first = events.wait("the snapshot", |e| e.name == "snapshot").await.unwrap();
    assert_eq!(first.data["channels"], json!([]));

    // Pair.
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    let view = rest.get(&format!("/v1/channels/{channel}")).await.unwrap();
    assert_eq!(view["account"]["phone"], format!("+{}", ada.number()));
    assert_eq!(view["paired"], true);

    // Send: accepted, sent, decrypted by the phone, delivered, read.
    let message = rest.send_text(&channel, &format!("+{}", grace.number()), "Good morning").await.unwrap();
    let id = message["id"].as_str().unwrap().to_owned();
    let arrived = world.arrives(&grace, "Good morning").await.unwrap();
    assert_eq!(arrived.id, message["whatsapp_id"], "the id was fixed when the message was accepted");
    events
        .wait("delivered", |e| e.name == "message.delivered" && e.data["data"]["message"]["id"] == id.as_str())
        .await
        .unwrap();
    grace.read(&arrived.id).await.unwrap();
    events.wait("read", |e| e.name == "message.read" && e.data["data"]["message"]["id"] == id.as_str()).await.unwrap();
    assert_eq!(rest.get(&format!("/v1/messages/{id}")).await.unwrap()["status"], "read");

    // Receive.
    grace.send_text(ada.number(), "And to you").await.unwrap();
    let received = events.wait("the answer", |e| e.name == "message.received").await.unwrap();
    let answer = &received.data["data"]["message"];
    assert_eq!(answer["content"], json!({ "type": "text", "text": "And to you" }));
    assert_eq!(answer["chat"], format!("{}@s.whatsapp.net", grace.number()), "one chat has one id");
    assert_eq!(answer["sender"]["phone"], format!("+{}", grace.number()));
    assert_eq!(answer["sender"]["name"], "Grace");

    // A drop is healed without anybody's doing.
    world.network().inject(world.device_of(&ada).unwrap(), Fault::Drop);
    events.of("channel.reconnecting", &channel).await.unwrap();
    events.of("channel.connected", &channel).await.unwrap();

    // Unlinked on the phone: over, told why, credentials gone.
    let device = ada.linked_devices()[0].device.clone();
    ada.unlink(&device).await.unwrap();
    let over = events.of("channel.disconnected", &channel).await.unwrap();
    assert_eq!(over.data["data"]["channel"]["state"]["reason"], "unlinked");
    let view = rest.get(&format!("/v1/channels/{channel}")).await.unwrap();
    assert_eq!(view["paired"], false);
    assert!(view["state"]["summary"].as_str().unwrap().contains("Unlinked on the phone"));
    let sessions = app.options.data_dir.join("sessions").join(&channel);
    acceptance::gone(&sessions.join("auth.db")).await.unwrap();

    // A new QR is on offer, and works.
    rest.act(&format!("/v1/channels/{channel}/start")).await.unwrap();
    world.scan(&rest, &mut events, &ada, &channel).await.unwrap();

    let counters = world.network().counters();
    assert_eq!((counters.unknown_stanzas, counters.devices_left_out, counters.malformed), (0, 0, 0), "{counters:?}");
    assert_eq!(counters.max_simultaneous_logins, 1);
    app.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_resumes_without_a_qr() {
    let Scene { world, app, rest } = scene(1).await;
    let mut events = app.events(None).await.unwrap();
    world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let options = app.terminate().await.unwrap();

    let app = Whatisup::start(options).await.unwrap();
    let mut events = app.events(Some(0)).await.unwrap();
    events.times("channel.connected", 2).await.unwrap();
    let pairings = events.seen.iter().filter(|e| e.name == "channel.connected").count();
    assert_eq!(pairings, 2, "once when paired, once when resumed");
    let states: Vec<_> = events.seen.iter().map(|e| e.name.as_str()).collect();
    let resumed = states.iter().rposition(|n| *n == "channel.reconnecting").unwrap();
    assert!(!states[resumed..].contains(&"channel.pairing"), "{states:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_channels_resume_after_a_kill() {
    let Scene { world, app, rest } = scene(20).await;
    let mut events = app.events(None).await.unwrap();
    let mut channels = Vec::new();
    for phone in world.phones.all() {
        channels.push(world.pair(&rest, &mut events, &phone, phone.number()).await.unwrap());
    }
    let before = events.seen.iter().filter_map(|e| e.id).max().unwrap();
    let options = app.kill().await.unwrap();

    let app = Whatisup::start(options).await.unwrap();
    let mut events = app.events(Some(before)).await.unwrap();
    let mut missing: std::collections::BTreeSet<_> = channels.iter().cloned().collect();
    events
        .wait("all twenty connected", |e| {
            if e.name == "channel.connected" {
                missing.remove(e.data["channel_id"].as_str().unwrap());
            }
            missing.is_empty()
        })
        .await
        .unwrap();
    assert!(events.seen.iter().all(|e| e.name != "channel.pairing"), "a QR was asked for");
    assert_eq!(world.network().counters().max_simultaneous_logins, 1);

    // The log has no hole over the kill.
    let ids: Vec<u64> = events.seen.iter().filter_map(|e| e.id).collect();
    assert!(ids.windows(2).all(|w| w[1] == w[0] + 1), "{ids:?}");
    assert_eq!(ids[0], before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replaced_elsewhere_keeps_the_credentials_and_does_not_fight() {
    let Scene { world, app, rest } = scene(1).await;
    let ada = world.phone(0).unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    let logins = world.network().counters().logins;
    world.network().inject(world.device_of(&ada).unwrap(), Fault::Replaced);
    let over = events.of("channel.disconnected", &channel).await.unwrap();
    assert_eq!(over.data["data"]["channel"]["state"]["reason"], "replaced");
    assert_eq!(over.data["data"]["channel"]["paired"], true);
    assert_eq!(world.network().counters().logins, logins, "it fought for the session");
    // The user decides.
    rest.act(&format!("/v1/channels/{channel}/start")).await.unwrap();
    events.of("channel.connected", &channel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_server_is_left_and_tried_again() {
    let Scene { world, app, rest } = scene(1).await;
    let ada = world.phone(0).unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    // In this order: a hung connection could no longer be dropped.
    world.network().inject(world.device_of(&ada).unwrap(), Fault::Drop);
    world.network().inject(Target::Everyone, Fault::Hang);
    events
        .wait("a try that hung and was given up", |e| {
            let state = &e.data["data"]["channel"]["state"];
            let hung = ["no_answer", "handshake_failed"].map(Into::into).contains(&state["cause"]);
            e.name == "channel.reconnecting"
                && hung
                && state["attempt"].as_u64() >= Some(1)
                && state["next_attempt_at"].is_string()
        })
        .await
        .unwrap();
    world.network().heal_all();
    events.of("channel.connected", &channel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_connection_is_noticed_and_replaced() {
    let Scene { world, app, rest } = scene(1).await;
    let ada = world.phone(0).unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    world.network().inject(world.device_of(&ada).unwrap(), Fault::HalfOpen);
    // Within the minute that a half-open socket may take, and no longer.
    let lost = events.of("channel.reconnecting", &channel).await.unwrap();
    assert_eq!(lost.data["data"]["channel"]["state"]["cause"], "no_answer");
    events.of("channel.connected", &channel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temporary_ban_ends_by_itself() {
    let Scene { world, app, rest } = scene(1).await;
    let ada = world.phone(0).unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    let ban = Fault::TemporaryBan { duration: std::time::Duration::from_secs(3) };
    world.network().inject(world.device_of(&ada).unwrap(), ban);
    let banned = events.of("channel.disconnected", &channel).await.unwrap();
    let state = &banned.data["data"]["channel"]["state"];
    assert_eq!(state["reason"], "banned");
    assert!(state["banned"]["until"].is_string());
    events.of("channel.connected", &channel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pairing_by_code_and_by_passkey_are_told() {
    let Scene { world, app, rest } = scene(1).await;
    let ada = world.phone(0).unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = rest.create_channel("By code").await.unwrap();
    let code = rest
        .post(&format!("/v1/channels/{channel}/pairing-code"), json!({ "phone": format!("+{}", ada.number()) }))
        .await
        .unwrap();
    ada.wait_for_code_request(acceptance::PATIENCE).await.unwrap();
    ada.enter_code(code["code"].as_str().unwrap()).await.unwrap();
    events.of("channel.connected", &channel).await.unwrap();

    world.network().demand_passkey(Some(r#"{"challenge":"AAAA"}"#.to_owned()));
    let channel = rest.create_channel("By passkey").await.unwrap();
    let asked = events
        .wait("the passkey", |e| {
            e.data["channel_id"] == channel.as_str() && e.data["data"]["channel"]["state"]["method"] == "passkey"
        })
        .await
        .unwrap();
    assert_eq!(asked.data["data"]["channel"]["state"]["step"], "shown");
    let passkey = rest.get(&format!("/v1/channels/{channel}/passkey")).await.unwrap();
    assert_eq!(passkey["challenge"]["challenge"], "AAAA");
    assert!(!asked.data.to_string().contains("AAAA"), "the challenge is in the event log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logout_and_delete_leave_nothing_behind() {
    let Scene { world, app, rest } = scene(1).await;
    let ada = world.phone(0).unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    rest.act(&format!("/v1/channels/{channel}/logout")).await.unwrap();
    let over = events.of("channel.disconnected", &channel).await.unwrap();
    assert_eq!(over.data["data"]["channel"]["state"]["reason"], "logged_out");
    // WhatsApp is told after the person is.
    let gone = || async { holds(ada.linked_devices().is_empty(), || "the phone still lists the device".to_owned()) };
    until("the phone's list without the device", gone).await.unwrap();

    rest.delete(&format!("/v1/channels/{channel}")).await.unwrap();
    events.of("channel.deleted", &channel).await.unwrap();
    let (status, problem) = rest.call(Method::GET, &format!("/v1/channels/{channel}"), None).await.unwrap();
    assert_eq!((status.as_u16(), problem["status"].as_u64()), (404, Some(404)));
    assert!(!app.options.data_dir.join("sessions").join(&channel).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_while_disconnected_leaves_with_the_next_connection() {
    let Scene { world, app, rest } = scene(2).await;
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    rest.act(&format!("/v1/channels/{channel}/stop")).await.unwrap();
    events.of("channel.disconnected", &channel).await.unwrap();
    for n in 1..=3 {
        let message = rest.send_text(&channel, grace.number(), &format!("number {n}")).await.unwrap();
        assert_eq!(message["status"], "queued");
    }
    rest.act(&format!("/v1/channels/{channel}/start")).await.unwrap();
    let third = world.arrives(&grace, "number 3").await.unwrap();
    let texts: Vec<_> = grace.messages().await.into_iter().map(|m| m.id).collect();
    assert_eq!((texts.len(), texts.last()), (3, Some(&third.id)), "in order, each once");
}
