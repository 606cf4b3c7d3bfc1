//! Code that is not ours at the far end: npm's Baileys, linked to another phone, writes with a channel of the application.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/sandbox/tests/baileys/client.rs"]
mod client;

use acceptance::{Whatisup, World};
use client::Baileys;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn baileys_and_a_channel_write_to_each_other() {
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();

    let mut baileys = Baileys::start(&world.url(), &world.noise_root(), &world.path("baileys"));
    let qr = baileys.wait("qr").await;
    grace.scan(qr["qr"].as_str().unwrap()).await.unwrap();
    baileys.wait("open").await;

    // From the channel to Baileys; its receipt comes back as delivered, then read.
    let message = rest.send_text(&channel, &format!("+{}", grace.number()), "from WhatIsUp").await.unwrap();
    let (id, whatsapp_id) = (message["id"].clone(), message["whatsapp_id"].clone());
    let received = baileys.wait_for("received", |e| e["id"] == whatsapp_id).await;
    assert_eq!(received["text"], "from WhatIsUp");
    events.wait("delivered", |e| e.name == "message.delivered" && e.data["data"]["message"]["id"] == id).await.unwrap();
    baileys.run("read", serde_json::json!({ "chat": received["chat"], "message": whatsapp_id })).await;
    events.wait("read", |e| e.name == "message.read" && e.data["data"]["message"]["id"] == id).await.unwrap();

    // From Baileys to the channel; Baileys sees that it was delivered.
    let sent = baileys.send(ada.number(), "from Baileys").await;
    let received = events
        .wait("the text", |e| e.name == "message.received" && e.data["data"]["message"]["whatsapp_id"] == sent.as_str())
        .await
        .unwrap();
    let message = &received.data["data"]["message"];
    assert_eq!(message["content"]["text"], "from Baileys");
    assert_eq!(message["sender"]["phone"], format!("+{}", grace.number()));
    assert_eq!(message["chat"], format!("{}@s.whatsapp.net", grace.number()));
    baileys.wait_for("status", |e| e["id"] == sent && e["status"] == 3).await;

    // Several more each way, so that the ratchets turn.
    for n in 0..5 {
        let there = rest.send_text(&channel, grace.number(), &format!("there {n}")).await.unwrap()["whatsapp_id"].clone();
        baileys.wait_for("received", |e| e["id"] == there && e["text"] == format!("there {n}")).await;
        let back = baileys.send(ada.number(), &format!("back {n}")).await;
        events
            .wait("the answer", |e| e.name == "message.received" && e.data["data"]["message"]["whatsapp_id"] == back.as_str())
            .await
            .unwrap();
    }
    let counters = world.network().counters();
    let bad = (counters.devices_left_out, counters.malformed, counters.unknown_stanzas, counters.nacks_from_clients);
    assert_eq!(bad, (0, 0, 0, 0), "{counters:?}");
}
