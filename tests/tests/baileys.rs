//! Moving over from npm's Baileys and going back, as people do it: its own directory, the commands and the API of a running
//! `whatisupd`, phones that write meanwhile.
#![allow(clippy::unwrap_used)]

#[path = "../../crates/sandbox/tests/baileys/client.rs"]
mod client;

use acceptance::events::Event;
use acceptance::{Events, PATIENCE, Rest, Whatisup, World};
use client::Baileys;
use reqwest::{Method, StatusCode};
use sandbox::NetworkEvent;
use sandbox::phone::Phone;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokio::process::Command;
use tokio::time::timeout;

fn start(world: &World, state: &Path) -> Baileys {
    Baileys::start(&world.url(), &world.noise_root(), state)
}

/// The directory of a Baileys that is linked to Ada's phone, has written with Grace, and has ended; and the id of a message
/// that Grace wrote to it and that others have overtaken.
async fn left_by_baileys(world: &World) -> (PathBuf, String) {
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let state = world.path("left-by-baileys");
    let mut baileys = start(world, &state);
    let qr = baileys.wait("qr").await;
    ada.scan(qr["qr"].as_str().unwrap()).await.unwrap();
    baileys.wait("open").await;
    baileys.wait_for("synced", |event| event["name"] == "Ada").await;
    let mut overtaken = String::new();
    for n in 0..3 {
        baileys.send(grace.number(), &format!("there {n}")).await;
        world.arrives(&grace, &format!("there {n}")).await.unwrap();
        if n == 1 {
            overtaken = grace.hold_text(ada.number(), "overtaken").await.unwrap();
        }
        let id = grace.send_text(ada.number(), &format!("back {n}")).await.unwrap();
        baileys.wait_for("received", |event| event["id"] == id).await;
    }
    baileys.run("end", json!({})).await;
    (state, overtaken)
}

async fn told(command: &mut Command) -> (bool, String, String) {
    let output = timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// Waits until the channel has recorded this text, if it has not yet.
async fn receives(events: &mut Events, id: &str, expected: &str) {
    let it = |event: &Event| event.name == "message.received" && event.data["data"]["message"]["whatsapp_id"] == id;
    let event = match events.seen.iter().find(|event| it(event)) {
        Some(event) => event.clone(),
        None => events.wait("the message", it).await.unwrap(),
    };
    assert_eq!(event.data["data"]["message"]["content"]["text"], expected);
}

/// A text to the linked device, until it has acknowledged it: what is not comes again, to whoever has the session then.
async fn write_to(world: &World, from: &Phone, to: &Phone, text: &str) -> String {
    let mut network = world.network().events();
    let linked = to.linked_devices()[0].device.clone();
    let id = from.send_text(to.number(), text).await.unwrap();
    let taken = |event| matches!(event, NetworkEvent::MessageTaken { id: of, device } if of == id && device == linked);
    let acknowledged = async { while !taken(network.recv().await.unwrap()) {} };
    timeout(PATIENCE, acknowledged).await.expect("the linked device acknowledges it");
    id
}

fn assert_clean(world: &World) {
    let counters = world.network().counters();
    let bad = (counters.devices_left_out, counters.malformed, counters.unknown_stanzas, counters.nacks, counters.replaced);
    assert_eq!(bad, (0, 0, 0, 0, 0), "{counters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_moves_over_from_baileys_and_back_without_a_scan() {
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let (state, overtaken) = left_by_baileys(&world).await;
    let unread = grace.send_text(ada.number(), "to nobody connected").await.unwrap();
    grace.release(&overtaken).await.unwrap();
    let bundles = world.network().counters().bundles_handed_out;

    // Over: one command.
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let (good, id, said) = told(app.command("import").arg("--baileys").arg(&state).args(["--name", "Front desk"])).await;
    assert!(good, "{said}");
    assert!(said.contains("Front desk") && said.contains("+15550100101"), "{said}");
    assert!(said.contains("Stayed behind: 2 device lists"), "{said}");
    let channel = id.trim();
    events.of("channel.connected", channel).await.unwrap();
    let paired = |event: &Event| event.name == "channel.pairing";
    assert!(!events.seen.iter().any(paired), "it asked for a scan");
    // What was encrypted to the old ratchets is read, also with a key that Baileys had put aside.
    receives(&mut events, &unread, "to nobody connected").await;
    receives(&mut events, &overtaken, "overtaken").await;
    // And they go on: nobody fetched keys for a new one.
    rest.send_text(channel, grace.number(), "from the new place").await.unwrap();
    world.arrives(&grace, "from the new place").await.unwrap();
    assert_eq!(world.network().counters().bundles_handed_out, bundles);
    let answer = write_to(&world, &grace, &ada, "so it seems").await;
    receives(&mut events, &answer, "so it seems").await;

    // Back: one command, which stops the channel.
    let directory = world.path("for-baileys");
    let (good, _, said) = told(app.command("export").arg("Front desk").arg("--baileys").arg(&directory)).await;
    assert!(good, "{said}");
    assert_eq!(rest.state(channel).await.unwrap()["status"], "disconnected");
    // It is not our session any more; its keys go, and WhatsApp is not told.
    rest.delete(&format!("/v1/channels/{channel}")).await.unwrap();
    events.of("channel.deleted", channel).await.unwrap();
    resumes(&world, &directory).await;
    assert_clean(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_was_paired_here_goes_on_in_baileys() {
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    for n in 0..3 {
        rest.send_text(&channel, grace.number(), &format!("there {n}")).await.unwrap();
        world.arrives(&grace, &format!("there {n}")).await.unwrap();
        let id = write_to(&world, &grace, &ada, &format!("back {n}")).await;
        receives(&mut events, &id, &format!("back {n}")).await;
    }
    let out = rest.post(&format!("/v1/channels/{channel}/export"), json!({ "format": "baileys" })).await.unwrap();
    let directory = world.path("for-baileys");
    std::fs::create_dir(&directory).unwrap();
    for (name, text) in out["files"].as_object().unwrap() {
        std::fs::write(directory.join(name), text.as_str().unwrap()).unwrap();
    }
    resumes(&world, &directory).await;
    assert_clean(&world);
}

/// Baileys goes on with a directory: no scan, reads what was written while nobody was connected, writes.
async fn resumes(world: &World, directory: &Path) {
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let bundles = world.network().counters().bundles_handed_out;
    let unread = grace.send_text(ada.number(), "to nobody again").await.unwrap();
    let mut baileys = start(world, directory);
    let open = baileys.wait("open").await;
    assert_eq!(open["me"], ada.linked_devices()[0].device.to_string());
    let received = baileys.wait_for("received", |event| event["id"] == unread).await;
    assert_eq!(received["text"], "to nobody again");
    // In the ratchet that was there. (Before the first message that it sends, every process of Baileys fetches keys anew.)
    assert_eq!(world.network().counters().bundles_handed_out, bundles);
    baileys.send(grace.number(), "Baileys again").await;
    world.arrives(&grace, "Baileys again").await.unwrap();
    let id = grace.send_text(ada.number(), "welcome back").await.unwrap();
    let received = baileys.wait_for("received", |event| event["id"] == id).await;
    assert_eq!(received["text"], "welcome back");
    baileys.run("end", json!({})).await;
}

/// File names and JSON of a directory.
fn contents(directory: &Path) -> BTreeMap<String, Value> {
    let file = |entry: std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        (entry.file_name().into_string().unwrap(), serde_json::from_str(&text).unwrap())
    };
    std::fs::read_dir(directory).unwrap().map(|entry| file(entry.unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_in_and_out_again_unused_is_the_same() {
    let world = World::with_phones(2).await.unwrap();
    let (state, _) = left_by_baileys(&world).await;
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let (good, id, said) = told(app.command("import").arg("--no-start").arg("--baileys").arg(&state)).await;
    assert!(good, "{said}");
    let directory = world.path("again");
    let (good, _, said) = told(app.command("export").arg(id.trim()).arg("--baileys").arg(&directory)).await;
    assert!(good, "{said}");

    let (mut before, mut after) = (contents(&state), contents(&directory));
    // Not kept here, because they may be out of date.
    before.retain(|name, _| !name.starts_with("device-list-"));
    // Written from the ratchets, for everybody.
    after.retain(|name, _| !name.starts_with("identity-key-") || before.contains_key(name));
    let names = |files: &BTreeMap<String, Value>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    let session = |name: &str| name.starts_with("session-");
    for (name, value) in &before {
        match name.as_str() {
            "creds.json" => assert_same_device(value, &after[name]),
            // Their times are not kept, only their order.
            name if session(name) => assert_eq!(ratchets(value), ratchets(&after[name]), "{name}"),
            name => assert_eq!(value, &after[name], "{name}"),
        }
    }
    // And once more through it all, to the letter.
    let rest = app.rest().await.unwrap();
    rest.delete(&format!("/v1/channels/{}", id.trim())).await.unwrap();
    rest.until_gone(id.trim()).await;
    let (good, id, said) = told(app.command("import").arg("--no-start").arg("--baileys").arg(&directory)).await;
    assert!(good && !said.contains("Stayed behind"), "{said}");
    let third = world.path("third");
    let (good, _, said) = told(app.command("export").arg(id.trim()).arg("--baileys").arg(&third)).await;
    assert!(good, "{said}");
    let (mut second, mut third) = (contents(&directory), contents(&third));
    for files in [&mut second, &mut third] {
        files.get_mut("creds.json").unwrap().as_object_mut().unwrap().remove("pairingEphemeralKeyPair");
    }
    assert_eq!(second, third);
}

trait UntilGone {
    async fn until_gone(&self, channel: &str);
}

impl UntilGone for Rest {
    async fn until_gone(&self, channel: &str) {
        let gone = async {
            while self.call(Method::GET, &format!("/v1/channels/{channel}"), None).await.unwrap().0 != StatusCode::NOT_FOUND {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, gone).await.expect("the channel goes");
    }
}

fn assert_same_device(before: &Value, after: &Value) {
    for key in [
        "noiseKey",
        "signedIdentityKey",
        "signedPreKey",
        "registrationId",
        "advSecretKey",
        "account",
        "nextPreKeyId",
        "firstUnuploadedPreKeyId",
        "myAppStateKeyId",
    ] {
        assert_eq!(before[key], after[key], "{key}");
    }
    for key in ["id", "lid", "name"] {
        assert_eq!(before["me"][key], after["me"][key], "me.{key}");
    }
    assert_eq!(before["signalIdentities"][0]["identifierKey"], after["signalIdentities"][0]["identifierKey"]);
}

/// What a record of sessions means for its ratchets.
fn ratchets(record: &Value) -> BTreeMap<String, Value> {
    let of = |session: &Value| {
        let mut ratchet = session["currentRatchet"].clone();
        // A chain that never sent; the other side floors it at zero.
        if ratchet["previousCounter"] == -1 {
            ratchet["previousCounter"] = 0.into();
        }
        // Names a chain. Where the partner has not answered yet there is none, and it means nothing.
        if session["_chains"].get(ratchet["lastRemoteEphemeralKey"].as_str().unwrap()).is_none() {
            ratchet["lastRemoteEphemeralKey"] = Value::Null;
        }
        json!({
            "registrationId": session["registrationId"],
            "ratchet": ratchet,
            "identity": session["indexInfo"]["remoteIdentityKey"],
            "open": session["indexInfo"]["closed"] == -1,
            "chains": session["_chains"],
            "pending": session["pendingPreKey"],
        })
    };
    record["_sessions"].as_object().unwrap().iter().map(|(key, session)| (key.clone(), of(session))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_directories_are_refused_naming_the_file_and_change_nothing() {
    let world = World::with_phones(2).await.unwrap();
    let (state, _) = left_by_baileys(&world).await;
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let good = contents(&state);
    let session = good.keys().find(|name| name.starts_with("session-")).unwrap().clone();
    let text = |name: &str| good[name].to_string();
    let half = |name: &str| {
        let text = text(name);
        text[..text.len() / 2].to_owned()
    };
    let without = |member: &str| {
        let mut creds: Map<String, Value> = good["creds.json"].as_object().unwrap().clone();
        creds.remove(member);
        Value::Object(creds).to_string()
    };
    let cases: Vec<(&str, Option<String>, &str)> = vec![
        ("creds.json", None, "creds.json: is missing"),
        ("creds.json", Some("{oops".into()), "creds.json: is not JSON at line 1, column 2"),
        ("creds.json", Some(half("creds.json")), "creds.json: ends in the middle, at line 1, column"),
        ("creds.json", Some(without("me")), "creds.json: belongs to no account (it has no `me`)"),
        ("creds.json", Some(without("account")), "creds.json: belongs to no account (it has no `account`)"),
        ("creds.json", Some(without("signedPreKey")), "creds.json: `signedPreKey` is missing"),
        (&session, Some(half(&session)), "session-"),
        (
            "pre-key-7.json",
            Some(r#"{"private":"AQID","public":"AQID"}"#.into()),
            "pre-key-7.json: `private` is 3 bytes long, not 32",
        ),
        ("pre-key-7.json", Some(r#"{"private":"%"}"#.into()), "pre-key-7.json: `private` is not base64"),
    ];
    for (n, (file, put, said)) in cases.into_iter().enumerate() {
        let mut files: BTreeMap<String, String> = good.keys().map(|name| (name.clone(), text(name))).collect();
        match put {
            None => drop(files.remove(file)),
            Some(text) => drop(files.insert(file.to_owned(), text)),
        }
        // By the command.
        let bad = world.path(&format!("bad-{n}"));
        std::fs::create_dir(&bad).unwrap();
        for (name, text) in &files {
            std::fs::write(bad.join(name), text).unwrap();
        }
        let (success, out, err) = told(app.command("import").arg("--baileys").arg(&bad)).await;
        assert!(!success && out.is_empty() && err.contains(&format!("{}/{said}", bad.display())), "{said}: {err}");
        assert_eq!(contents_as_text(&bad), files, "the directory itself was changed");
        // By the API.
        let body = json!({ "baileys": { "files": files } });
        let (status, problem) = rest.call(Method::POST, "/v1/channels/import", Some(body)).await.unwrap();
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &"invalid".into()), "{problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(said), "{said}: {problem}");
        assert_eq!(problem["errors"][0]["pointer"], format!("/baileys/files/{file}"));
    }
    let (success, _, err) = told(app.command("import").arg("--baileys").arg(world.path("nowhere"))).await;
    assert!(!success && err.contains("nowhere: is missing"), "{err}");

    assert_eq!(rest.get("/v1/channels").await.unwrap()["items"], json!([]));
    let sessions = app.options.data_dir.join("sessions");
    let kept = std::fs::read_dir(&sessions).map_or(0, |entries| entries.count());
    assert_eq!(kept, 0, "something was kept in {}", sessions.display());
    // The good one is as good as before.
    let (success, _, err) = told(app.command("import").arg("--no-start").arg("--baileys").arg(&state)).await;
    assert!(success, "{err}");
    let (success, _, err) = told(app.command("import").arg("--no-start").arg("--baileys").arg(&state)).await;
    assert!(!success && err.contains("here already"), "{err}");
}

fn contents_as_text(directory: &Path) -> BTreeMap<String, String> {
    let file =
        |entry: std::fs::DirEntry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap());
    std::fs::read_dir(directory).unwrap().map(|entry| file(entry.unwrap())).collect()
}
