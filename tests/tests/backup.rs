//! A backup made while everything goes on, and what comes back from it.
#![allow(clippy::unwrap_used)]

use acceptance::process::free_port;
use acceptance::{Options, PATIENCE, Rest, Whatisup, World};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::time::timeout;

/// No pacing: traffic is meant to be under way.
fn options(world: &World, name: &str) -> Options {
    let env = vec![("WHATISUP_OUTBOX_PER_MINUTE".to_owned(), "0".to_owned())];
    Options { env, ..world.options(name) }
}

async fn ran(options: &Options, verb: &str, args: &[&str]) -> (bool, String) {
    let mut command = options.command(verb).unwrap();
    let Output { status, stdout, stderr } = timeout(PATIENCE, command.args(args).output()).await.expect("it ends").unwrap();
    (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

async fn back_up(options: &Options, to: &Path) {
    let (good, said) = ran(options, "backup", &[to.to_str().unwrap()]).await;
    assert!(good, "{said}");
}

async fn restore(options: &Options, from: &Path, args: &[&str]) -> (bool, String) {
    let mut all = vec![from.to_str().unwrap()];
    all.extend(args);
    ran(options, "restore", &all).await
}

/// Texts of all messages of a channel in one direction.
async fn texts(rest: &Rest, channel: &str, direction: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = rest.get(&format!("/v1/channels/{channel}/messages?direction={direction}&limit=200{cursor}")).await.unwrap();
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().filter_map(|m| m["content"]["text"].as_str().map(str::to_owned)));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// Names and contents of what lies in a directory, but for logs and notes of who runs there.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = acceptance::files(dir)
        .unwrap()
        .into_iter()
        .filter(|path| {
            let inside = path.strip_prefix(dir).unwrap();
            !inside.starts_with("logs") && !inside.to_string_lossy().contains("lock")
        })
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_traffic_brings_back_everything_that_was_acknowledged_before_it() {
    let world = World::with_phones(3).await.unwrap();
    let (ada, grace, kurt) = (world.phone(0).unwrap(), world.phone(1).unwrap(), world.phone(2).unwrap());
    let app = Whatisup::start(options(&world, "app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let desk = world.pair(&rest, &mut events, &ada, "Desk").await.unwrap();
    let shop = world.pair(&rest, &mut events, &grace, "Shop").await.unwrap();

    // Traffic in both directions on both channels, all the while.
    let (stop, sent, written) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sending = tokio::spawn({
        let (stop, sent, rest, desk, shop, to) =
            (stop.clone(), sent.clone(), rest.clone(), desk.clone(), shop.clone(), kurt.number().to_owned());
        async move {
            while !stop.load(Ordering::Relaxed) {
                let n = sent.load(Ordering::Relaxed);
                let channel = if n.is_multiple_of(2) { &desk } else { &shop };
                rest.send_text(channel, &to, &format!("out {n}")).await.unwrap();
                sent.store(n + 1, Ordering::Relaxed);
            }
        }
    });
    let writing = tokio::spawn({
        let (stop, written, kurt, ada, grace) = (stop.clone(), written.clone(), kurt.clone(), ada.clone(), grace.clone());
        async move {
            while !stop.load(Ordering::Relaxed) {
                let n = written.load(Ordering::Relaxed);
                let to = if n.is_multiple_of(2) { &ada } else { &grace };
                kurt.send_text(to.number(), &format!("in {n}")).await.unwrap();
                written.store(n + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }
    });
    events.times("message.received", 10).await.unwrap();
    events.times("message.sent", 10).await.unwrap();

    // What is certain at this moment has to be in it.
    let accepted = sent.load(Ordering::Relaxed);
    let received: Vec<String> = [texts(&rest, &desk, "inbound").await, texts(&rest, &shop, "inbound").await].concat();
    let file = world.path("backup.tar");
    back_up(&app.options, &file).await;
    let past = (sent.load(Ordering::Relaxed), written.load(Ordering::Relaxed));
    events.times("message.received", 5).await.unwrap();
    stop.store(true, Ordering::Relaxed);
    sending.await.unwrap();
    writing.await.unwrap();
    assert!(past.0 > accepted, "nothing was sent meanwhile: this proves nothing");
    let options = app.terminate().await.unwrap();

    let (good, said) = restore(&options, &file, &["--replace"]).await;
    assert!(good && said.contains("Restored 2 channels"), "{said}");
    let app = Whatisup::start(options.clone()).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    // Without a QR, over the links that there were.
    for channel in [&desk, &shop] {
        acceptance::desktop::until("the channel", || async {
            let status = rest.state(channel).await?["status"].clone();
            acceptance::desktop::holds(status == "connected", || status.to_string())
        })
        .await
        .unwrap();
    }
    assert_eq!((ada.linked_devices().len(), grace.linked_devices().len()), (1, 1), "something was linked anew");
    let out: Vec<String> = [texts(&rest, &desk, "outbound").await, texts(&rest, &shop, "outbound").await].concat();
    for n in 0..accepted {
        assert!(out.contains(&format!("out {n}")), "an accepted message is not in the backup: out {n}");
    }
    let back: Vec<String> = [texts(&rest, &desk, "inbound").await, texts(&rest, &shop, "inbound").await].concat();
    let lost: Vec<_> = received.iter().filter(|text| !back.contains(text)).collect();
    assert!(lost.is_empty(), "received before the backup and not in it: {lost:?}");

    // The old ratchets still understand and are understood, after a request for a re-send at the most.
    for (phone, channel) in [(&ada, &desk), (&grace, &shop)] {
        let text = format!("after the restore, to {channel}");
        kurt.send_text(phone.number(), &text).await.unwrap();
        let content = json!({ "type": "text", "text": text });
        let is_it = |data: &Value| data["data"]["message"]["content"] == content;
        events.wait("a message from a phone", |e| e.name.starts_with("message.") && is_it(&e.data)).await.unwrap();
        let answer = format!("after the restore, from {channel}");
        rest.send_text(channel, kurt.number(), &answer).await.unwrap();
        world.arrives(&kurt, &answer).await.unwrap();
    }
    let counters = world.network().counters();
    assert_eq!((counters.unknown_stanzas, counters.malformed), (0, 0), "{counters:?}");
    app.terminate().await.unwrap();

    // What was there before was moved, not deleted.
    let aside = fs::read_dir(&options.data_dir).unwrap().map(|e| e.unwrap().path());
    let aside = aside.into_iter().find(|p| p.file_name().unwrap().to_string_lossy().starts_with("replaced-")).unwrap();
    assert!(aside.join("ledger.db").exists() && aside.join("sessions").join(&desk).join("auth.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_one_private_file_without_keys_and_never_overwrites() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let app = Whatisup::start(options(&world, "app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    rest.send_text(&channel, grace.number(), "a very private sentence").await.unwrap();
    world.arrives(&grace, "a very private sentence").await.unwrap();

    // Into a directory it gets a name of its own.
    let folder = world.path("backups");
    fs::create_dir(&folder).unwrap();
    back_up(&app.options, &folder).await;
    let file = acceptance::files(&folder).unwrap().pop().unwrap();
    assert_eq!(acceptance::files(&folder).unwrap().len(), 1, "a draft was left");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&file).unwrap();
    let keys: Value = serde_json::from_slice(&fs::read(app.options.key_file.as_ref().unwrap()).unwrap()).unwrap();
    let secrets = keys["secrets"].as_object().unwrap().values().map(|v| v.as_str().unwrap());
    for needle in secrets.chain(["a very private sentence", ada.number(), grace.number(), rest.key(), "SQLite format 3"]) {
        assert!(!bytes.windows(needle.len()).any(|w| w == needle.as_bytes()), "the backup has {needle:?} in the clear");
    }
    let (good, said) = ran(&app.options, "backup", &[file.to_str().unwrap()]).await;
    assert!(!good && said.contains("is there already"), "{said}");
    assert!(!app.options.data_dir.join(".backup").exists(), "the copies were left in the data directory");

    // And doctor knows of it.
    let (_, said) = ran(&app.options, "doctor", &["--port", &app.options.port.to_string()]).await;
    assert!(said.lines().any(|l| l.starts_with("ok") && l.contains("backup") && l.contains(file.to_str().unwrap())), "{said}");

    // Without the program it works as well.
    let options = app.kill().await.unwrap();
    back_up(&options, &world.path("of-a-killed-one.tar")).await;
}

/// A small installation with one linked channel and a backup of it.
async fn small(world: &World) -> (Whatisup, PathBuf, String) {
    let app = Whatisup::start(options(world, "app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let file = world.path("backup.tar");
    back_up(&app.options, &file).await;
    (app, file, channel)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_is_refused_while_the_program_runs_and_over_data_that_nobody_gave_up() {
    let world = World::with_phones(1).await.unwrap();
    let (app, file, _) = small(&world).await;
    let (good, said) = restore(&app.options, &file, &["--replace"]).await;
    assert!(!good && said.contains("in use by whatisupd"), "{said}");
    assert!(app.rest().await.unwrap().get("/v1/channels").await.is_ok(), "the program was harmed");

    let options = app.terminate().await.unwrap();
    let before = contents(&options.data_dir);
    let (good, said) = restore(&options, &file, &[]).await;
    assert!(!good && said.contains("is not empty") && said.contains("--replace"), "{said}");
    assert!(contents(&options.data_dir) == before, "something was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_cut_short_or_from_a_newer_version_is_refused_in_words_and_changes_nothing() {
    let world = World::with_phones(1).await.unwrap();
    let (app, file, _) = small(&world).await;
    let options = app.terminate().await.unwrap();
    let before = contents(&options.data_dir);
    let whole = fs::read(&file).unwrap();

    let middle = whole.len() / 2;
    let mut damaged = whole.clone();
    damaged[middle..middle + 16].fill(0xA5);
    let cut = whole[..middle].to_vec();
    let text = String::from_utf8_lossy(&whole[..600]).into_owned();
    let at = text.find("\"format\": 1").unwrap();
    let mut newer = whole.clone();
    newer[at..at + 11].copy_from_slice(b"\"format\": 9");
    let nothing = b"not a backup at all, however long one looks at it".repeat(40);
    for (bytes, words) in [
        (damaged, "damaged"),
        (cut, "cut short"),
        (newer, "this program reads 1 at the most"),
        (nothing, "not a backup of WhatIsUp"),
    ] {
        let bad = world.path("bad.tar");
        fs::write(&bad, bytes).unwrap();
        let (good, said) = restore(&options, &bad, &["--replace"]).await;
        assert!(!good && said.contains(words), "{words:?} is not in: {said}");
        assert!(contents(&options.data_dir) == before, "{words}: something was changed");
    }
    let (good, said) = restore(&options, &world.path("no such file"), &["--replace"]).await;
    assert!(!good && said.contains("no such file"), "{said}");

    // And the good one is good.
    let (good, said) = restore(&options, &file, &["--replace"]).await;
    assert!(good, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_comes_back_into_an_empty_directory_where_its_keys_are_and_nowhere_else() {
    let world = World::with_phones(1).await.unwrap();
    let (app, file, channel) = small(&world).await;
    let old = app.terminate().await.unwrap();

    // Another machine has no such keys.
    let elsewhere = Options { port: free_port(), ..options(&world, "elsewhere") };
    let (good, said) = restore(&elsewhere, &file, &[]).await;
    assert!(!good && said.contains("the keys of this backup are not in the key file") && said.contains("--key-file"), "{said}");
    assert!(contents(&elsewhere.data_dir).is_empty(), "something was left: {:?}", contents(&elsewhere.data_dir));

    // With the key file it has all.
    fs::copy(old.key_file.unwrap(), elsewhere.key_file.as_ref().unwrap()).unwrap();
    let (good, said) = restore(&elsewhere, &file, &[]).await;
    assert!(good, "{said}");
    let app = Whatisup::start(elsewhere).await.unwrap();
    let mut events = app.events(Some(0)).await.unwrap();
    events.times("channel.connected", 2).await.unwrap();
    assert_eq!(app.rest().await.unwrap().state(&channel).await.unwrap()["status"], "connected");
    assert_eq!(world.phone(0).unwrap().linked_devices().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_was_logged_out_since_comes_back_unpaired() {
    let world = World::with_phones(1).await.unwrap();
    let (app, file, channel) = small(&world).await;
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    rest.act(&format!("/v1/channels/{channel}/logout")).await.unwrap();
    events.of("channel.disconnected", &channel).await.unwrap();
    acceptance::gone(&app.options.data_dir.join("sessions").join(&channel).join("auth.db")).await.unwrap();
    let options = app.terminate().await.unwrap();

    let (good, said) = restore(&options, &file, &["--replace"]).await;
    assert!(good && said.contains(&format!("{channel} was logged out since")), "{said}");
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    acceptance::desktop::until("a channel that is not paired", || async {
        let view = rest.get(&format!("/v1/channels/{channel}")).await?;
        acceptance::desktop::holds(view["paired"] == false, || view.to_string())
    })
    .await
    .unwrap();
    let mut events = app.events(None).await.unwrap();
    rest.act(&format!("/v1/channels/{channel}/start")).await.ok();
    world.scan(&rest, &mut events, &world.phone(0).unwrap(), &channel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_broke_off_is_told_at_the_next_start_and_can_be_repeated() {
    let world = World::with_phones(1).await.unwrap();
    let (app, file, _) = small(&world).await;
    let options = app.terminate().await.unwrap();
    // As a power cut leaves it: moved aside, and only some of the new moved in.
    let aside = options.data_dir.join("replaced-before");
    fs::create_dir(&aside).unwrap();
    fs::rename(options.data_dir.join("ledger.db"), aside.join("ledger.db")).unwrap();
    fs::write(options.data_dir.join("restore-under-way"), "").unwrap();

    let mut app = Whatisup::spawn(options.clone()).unwrap();
    assert!(!app.ends().await.unwrap().success());
    app.prints("A restore broke off").await.unwrap();
    app.prints("--replace").await.unwrap();
    let (good, said) = restore(&options, &file, &["--replace"]).await;
    assert!(good, "{said}");
    assert!(aside.join("ledger.db").exists());
    let app = Whatisup::start(options).await.unwrap();
    app.events(Some(0)).await.unwrap().times("channel.connected", 2).await.unwrap();
}
