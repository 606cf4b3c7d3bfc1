//! A channel moves to another machine: in a file, sealed with a passphrase.
#![allow(clippy::unwrap_used)]

use acceptance::events::Event;
use acceptance::fleet::Fleet;
use acceptance::{Events, PATIENCE, Rest, Whatisup, World};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::process::Command;
use tokio::time::timeout;

const PASSPHRASE: &str = "eleven patient lighthouses";

/// Whether the command was a success, and all that it printed. It has to end.
async fn told(command: &mut Command) -> (bool, String) {
    let output = timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

fn secret(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.path(name);
    std::fs::write(&path, format!("{text}\n")).unwrap();
    path
}

async fn exported(app: &Whatisup, channel: &str, to: &Path, passphrase: &Path) -> (bool, String) {
    told(app.command("export").arg(channel).arg("--to").arg(to).arg("--passphrase-file").arg(passphrase)).await
}

async fn imported(app: &Whatisup, file: &Path, passphrase: &Path, more: &[&str]) -> (bool, String) {
    told(app.command("import").arg(file).arg("--passphrase-file").arg(passphrase).args(more)).await
}

async fn channels(rest: &Rest) -> Vec<Value> {
    rest.get("/v1/channels").await.unwrap()["items"].as_array().unwrap().clone()
}

/// Waits until the channel has received this, unless it has already: a backlog comes with the connection.
async fn hears(events: &mut Events, channel: &str, text: &str) {
    let fits = |e: &Event| {
        e.name == "message.received" && e.data["channel_id"] == channel && e.data["data"]["message"]["content"]["text"] == text
    };
    if !events.seen.iter().any(fits) {
        events.wait(text, fits).await.unwrap();
    }
}

/// The state of the channel as soon as it is as wanted.
async fn state(rest: &Rest, app: &Whatisup, channel: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut events = app.events(Some(0)).await.unwrap();
    loop {
        let now = rest.get(&format!("/v1/channels/{channel}")).await.unwrap();
        if wanted(&now["state"]) {
            return now["state"].clone();
        }
        events.wait("a change of the channel", |e| e.data["channel_id"] == channel).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_moves_in_a_file_and_the_one_left_behind_does_not_fight() {
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let (here, there) = tokio::join!(Whatisup::start(world.options("here")), Whatisup::start(world.options("there")));
    let (here, there) = (here.unwrap(), there.unwrap());
    let (rest, rest_there) = (here.rest().await.unwrap(), there.rest().await.unwrap());
    let mut events = here.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    rest.send_text(&channel, grace.number(), "before").await.unwrap();
    world.arrives(&grace, "before").await.unwrap();
    grace.send_text(ada.number(), "and back").await.unwrap();
    events.of("message.received", &channel).await.unwrap();

    let passphrase = secret(&world, "passphrase", PASSPHRASE);
    let file = world.path("moved.age");
    let (good, text) = exported(&here, "Front desk", &file, &passphrase).await;
    assert!(good, "{text}");
    let left = rest.get(&format!("/v1/channels/{channel}")).await.unwrap();
    assert_eq!((&left["desired"], &left["state"]["reason"]), (&json!("stopped"), &json!("stopped")), "{left}");
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    for name in [&b"Front desk"[..], b"15550100"] {
        assert!(!bytes.windows(name.len()).any(|w| w == name));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Said while the channel is in the file.
    grace.send_text(ada.number(), "on your way?").await.unwrap();
    let bundles = world.network().counters().bundles_handed_out;

    let mut events_there = there.events(None).await.unwrap();
    let (good, text) = imported(&there, &file, &passphrase, &[]).await;
    assert!(good, "{text}");
    let moved = text.lines().find(|line| line.starts_with("ch_")).unwrap().to_owned();
    assert_ne!(moved, channel);
    events_there.of("channel.connected", &moved).await.unwrap();
    assert!(!events_there.seen.iter().any(|e| e.data["data"]["channel"]["state"]["status"] == "pairing"), "it paired anew");
    hears(&mut events_there, &moved, "on your way?").await;
    rest_there.send_text(&moved, grace.number(), "arrived").await.unwrap();
    world.arrives(&grace, "arrived").await.unwrap();
    grace.send_text(ada.number(), "good").await.unwrap();
    hears(&mut events_there, &moved, "good").await;
    let shown = &channels(&rest_there).await[0];
    assert_eq!((&shown["name"], &shown["account"]["phone"]), (&json!("Front desk"), &left["account"]["phone"]));
    let counters = world.network().counters();
    assert_eq!(counters.bundles_handed_out, bundles, "a session was made anew");
    assert_eq!((counters.replaced, counters.nacks_from_clients), (0, 0), "{counters:?}");

    // One that rests is deleted without a word to WhatsApp: the one that moved is not unlinked by it.
    let (good, text) = imported(&here, &file, &passphrase, &["--duplicate", "--no-start", "--name", "Spare"]).await;
    assert!(good, "{text}");
    let spare = text.lines().find(|line| line.starts_with("ch_")).unwrap().to_owned();
    rest.delete(&format!("/v1/channels/{spare}")).await.unwrap();
    rest_there.send_text(&moved, grace.number(), "still here").await.unwrap();
    world.arrives(&grace, "still here").await.unwrap();

    // Somebody starts the one that was left behind: the newest lives, and the other one stays down.
    rest.act(&format!("/v1/channels/{channel}/start")).await.unwrap();
    let end = state(&rest_there, &there, &moved, |state| state["status"] == "disconnected").await;
    assert_eq!(end["reason"], "replaced", "{end}");
    state(&rest, &here, &channel, |state| state["status"] == "connected").await;
    assert_eq!(world.network().counters().replaced, 1);
    // Also after a start of the application that was replaced.
    let there = Whatisup::start(there.terminate().await.unwrap()).await.unwrap();
    let rest_there = there.rest().await.unwrap();
    assert_eq!(channels(&rest_there).await[0]["state"]["reason"], "replaced");
    assert_eq!(world.network().counters().replaced, 1);
    here.terminate().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_will_not_do_changes_nothing_and_says_what_is_wrong_with_it() {
    let world = World::with_phones(1).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let passphrase = secret(&world, "passphrase", PASSPHRASE);
    let file = world.path("moved.age");

    // What cannot be exported goes on running.
    let (good, text) = exported(&app, "Front desk", &file, &secret(&world, "short", "umbrella")).await;
    assert!(!good && text.contains("12 characters"), "{text}");
    let (good, text) = exported(&app, "Nobody", &file, &passphrase).await;
    assert!(!good && text.contains("no channel"), "{text}");
    assert_eq!(channels(&rest).await[0]["state"]["status"], "connected");
    assert!(!file.exists());

    let (good, text) = exported(&app, &channel, &file, &passphrase).await;
    assert!(good, "{text}");
    let (good, text) = exported(&app, &channel, &file, &passphrase).await;
    assert!(!good && text.contains("exists already"), "{text}");

    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let costly = String::from_utf8_lossy(&whole[..80]).lines().nth(1).unwrap().to_owned();
    let heavy = format!("{} 30", costly.rsplit_once(' ').unwrap().0);
    let heavy = [heavy.as_bytes(), &whole[22 + costly.len()..]].concat();
    let heavy = [&whole[..22], &heavy].concat();
    for (what, bytes, says) in [
        ("damaged", &changed[..], "damaged or was cut short"),
        ("truncated", &whole[..whole.len() - 1], "damaged or was cut short"),
        ("truncated early", &whole[..60], "damaged or was cut short"),
        ("foreign", b"SQLite format 3\0 and more", "not one that an export has made"),
        ("empty", b"", "not one that an export has made"),
        ("heavy", &heavy, "minutes and gigabytes"),
    ] {
        let path = world.path("bad.age");
        std::fs::write(&path, bytes).unwrap();
        let (good, text) = imported(&app, &path, &passphrase, &["--duplicate"]).await;
        assert!(!good && text.contains(says), "{what}: {text}");
    }
    let (good, text) = imported(&app, &file, &secret(&world, "wrong", "seven spare umbrellaz"), &["--duplicate"]).await;
    assert!(!good && text.contains("does not open this file"), "{text}");
    let (good, text) = imported(&app, &file, &passphrase, &[]).await;
    assert!(!good && text.contains(&channel) && text.contains("already"), "{text}");

    let all = channels(&rest).await;
    assert_eq!(all.len(), 1, "{all:?}");
    let sessions = std::fs::read_dir(world.path("app").join("sessions")).unwrap().count();
    assert_eq!(sessions, 1);
    rest.act(&format!("/v1/channels/{channel}/start")).await.unwrap();
    state(&rest, &app, &channel, |state| state["status"] == "connected").await;
    app.terminate().await.unwrap();
}

/// Whoever holds the channel: any worker packs it and any takes it in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_worker_exports_and_imports_any_channel() {
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let fleet = Fleet::start(&world, 2).await.unwrap();
    let workers: Vec<_> = fleet.workers.iter().map(|worker| worker.running().unwrap()).collect();
    let rest = workers[0].rest().await.unwrap();
    let mut events = workers[0].events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    rest.send_text(&channel, grace.number(), "before").await.unwrap();
    world.arrives(&grace, "before").await.unwrap();
    grace.send_text(ada.number(), "and back").await.unwrap();
    events.of("message.received", &channel).await.unwrap();
    let passphrase = secret(&world, "passphrase", PASSPHRASE);
    let files = [world.path("one.age"), world.path("two.age")];
    for (worker, file) in workers.iter().zip(&files) {
        let (good, text) = exported(worker, &channel, file, &passphrase).await;
        assert!(good, "{text}");
    }
    rest.delete(&format!("/v1/channels/{channel}")).await.unwrap();
    let bundles = world.network().counters().bundles_handed_out;

    // One of the two has not had it in hand: what it packed is as good.
    for (worker, file) in workers.iter().rev().zip(&files) {
        let (good, text) = imported(worker, file, &passphrase, &["--no-start"]).await;
        assert!(good, "{text}");
        let moved = text.lines().find(|line| line.starts_with("ch_")).unwrap().to_owned();
        if file == &files[0] {
            rest.delete(&format!("/v1/channels/{moved}")).await.unwrap();
            continue;
        }
        rest.act(&format!("/v1/channels/{moved}/start")).await.unwrap();
        state(&rest, workers[0], &moved, |state| state["status"] == "connected").await;
        rest.send_text(&moved, grace.number(), "after").await.unwrap();
        world.arrives(&grace, "after").await.unwrap();
        grace.send_text(ada.number(), "good").await.unwrap();
        hears(&mut events, &moved, "good").await;
    }
    let counters = world.network().counters();
    assert_eq!((counters.bundles_handed_out, counters.replaced, counters.nacks_from_clients), (bundles, 0, 0), "{counters:?}");
}
