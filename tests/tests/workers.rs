//! Any worker answers for any channel, and what happens to one is seen at all.
#![allow(clippy::unwrap_used)]

use acceptance::World;
use acceptance::failover::{link, logged_in};
use acceptance::fleet::Fleet;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Which worker's API is that of the channel's holder, and which is another's.
async fn doors_of(fleet: &Fleet, channel: &str) -> (usize, usize) {
    for (n, rest) in fleet.doors().iter().enumerate() {
        let workers = rest.get("/v1/workers").await.unwrap();
        let mine = workers["items"].as_array().unwrap().iter().find(|w| w["answering"] == json!(true)).unwrap();
        if mine["channels"].as_array().unwrap().iter().any(|id| id == channel) {
            return (n, (n + 1) % fleet.workers.len());
        }
    }
    panic!("nobody holds {channel}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_worker_answers_for_any_channel() {
    let world = World::with_phones(3).await.unwrap();
    let fleet = Fleet::start(&world, 2).await.unwrap();
    let doors = fleet.doors();
    // Made at one door, its QR shown at the other.
    let lines = link(&world, &doors, 2).await.unwrap();
    let channel = lines[0].channel.clone();
    let (holder, other) = doors_of(&fleet, &channel).await;
    let mut streams = Vec::new();
    for worker in &fleet.workers {
        streams.push(worker.running().unwrap().events(None).await.unwrap());
    }

    // Accepted by one, sent by the other; told by both.
    let stranger = world.phone(2).unwrap();
    let sent = doors[other].send_text(&channel, stranger.number(), "Through the other door").await.unwrap();
    world.arrives(&stranger, "Through the other door").await.unwrap();
    for stream in &mut streams {
        let told = stream.of("message.delivered", &channel).await.unwrap();
        assert_eq!(told.data["data"]["message"]["id"], sent["id"]);
    }
    stranger.send_text(lines[0].phone.number(), "And back").await.unwrap();
    let mut seqs = Vec::new();
    for stream in &mut streams {
        let told = stream.of("message.received", &channel).await.unwrap();
        assert_eq!(told.data["data"]["message"]["content"]["text"], "And back");
        seqs.push(told.id);
    }
    assert_eq!(seqs[0], seqs[1], "one log, one order");

    // Told to the other, obeyed by the holder, and seen at both when it is answered.
    let stopped = doors[other].act(&format!("/v1/channels/{channel}/stop")).await.unwrap();
    assert_eq!(stopped["state"]["reason"], "stopped");
    for (n, stream) in streams.iter_mut().enumerate() {
        stream.of("channel.disconnected", &channel).await.unwrap();
        doors[n].until("it is stopped", &channel, |state| state["reason"] == "stopped").await.unwrap();
    }
    doors[other].act(&format!("/v1/channels/{channel}/start")).await.unwrap();
    for stream in &mut streams {
        stream.of("channel.connected", &channel).await.unwrap();
    }
    let renamed = doors[other].call(Method::PATCH, &format!("/v1/channels/{channel}"), Some(json!({ "name": "Moved" }))).await;
    assert_eq!(renamed.unwrap().0, StatusCode::OK);
    assert_eq!(doors[holder].get(&format!("/v1/channels/{channel}")).await.unwrap()["name"], "Moved");

    // A key that was used at one door counts at the other.
    let body = json!({ "to": stranger.number(), "content": { "type": "text", "text": "Once" } });
    let (_, first) = doors[holder].send_once(&channel, "one-key", &body).await.unwrap();
    let (_, again) = doors[other].send_once(&channel, "one-key", &body).await.unwrap();
    assert_eq!(first["id"], again["id"]);

    // Deleted at one, gone at both.
    doors[other].delete(&format!("/v1/channels/{channel}")).await.unwrap();
    for (n, stream) in streams.iter_mut().enumerate() {
        stream.of("channel.deleted", &channel).await.unwrap();
        let (status, _) = doors[n].call(Method::GET, &format!("/v1/channels/{channel}"), None).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_stopped_hands_over_at_once_and_tells_who_holds_what() {
    let world = World::with_phones(6).await.unwrap();
    let mut fleet = Fleet::start(&world, 2).await.unwrap();
    let lines = link(&world, &fleet.doors(), 6).await.unwrap();
    let held = |body: &Value| body["worker"]["held"].as_u64().unwrap();
    let doors = fleet.doors();
    let (first, second) = (doors[0].get("/readyz").await.unwrap(), doors[1].get("/readyz").await.unwrap());
    assert_eq!((held(&first) + held(&second), first["worker"]["workers"].as_u64()), (6, Some(2)), "{first} {second}");
    let metrics = doors[0].get("/metrics").await.unwrap().as_str().unwrap().to_owned();
    assert_eq!(metrics.matches("whatisup_channel_held{").count() as u64, held(&first), "{metrics}");

    let logins = world.network().counters().logins;
    fleet.worker_mut(0).unwrap().terminate().await.unwrap();
    // The other's leases need not run out: it has been given them.
    logged_in(&lines).await.unwrap();
    let counters = world.network().counters();
    assert_eq!(counters.logins - logins, held(&first), "each of them logged in once, and nobody else");
    assert_eq!((counters.replaced, counters.max_simultaneous_logins), (0, 1));
    let workers = doors[1].get("/v1/workers").await.unwrap();
    assert_eq!((workers["items"].as_array().unwrap().len(), &workers["unheld"]), (1, &json!([])), "{workers}");
    fleet.worker_mut(1).unwrap().terminate().await.unwrap();
}
