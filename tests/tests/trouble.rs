//! What the machine can do to the application: damage, a full disk, a taken port, a second start, a locked keychain.
#![allow(clippy::unwrap_used)]

use acceptance::events::Event;
use acceptance::namespace;
use acceptance::tmpfs::Tmpfs;
use acceptance::{Options, Whatisup, World};
use reqwest::Method;
use serde_json::json;
use std::fs;
use std::io::{Seek, SeekFrom, Write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_the_same_data_is_told_who_holds_it() {
    let world = World::with_phones(0).await.unwrap();
    let first = Whatisup::start(world.options("app")).await.unwrap();
    let mut second = Whatisup::spawn(Options { port: acceptance::process::free_port(), ..first.options.clone() }).unwrap();
    assert!(!second.ends().await.unwrap().success());
    let pid = first.pid().unwrap().to_string();
    second.prints(&pid).await.unwrap();
    assert!(second.printed().contains("whatisupd"), "{}", second.printed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_told_with_its_holder() {
    let world = World::with_phones(0).await.unwrap();
    let options = world.options("app");
    let _taken = std::net::TcpListener::bind(("127.0.0.1", options.port)).unwrap();
    let mut app = Whatisup::spawn(options.clone()).unwrap();
    assert!(!app.ends().await.unwrap().success());
    app.prints(&options.port.to_string()).await.unwrap();
    app.prints(&std::process::id().to_string()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_ledger_is_kept_aside_and_said_so() {
    let world = World::with_phones(1).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    for n in 0..40 {
        rest.post("/v1/channels", json!({ "name": format!("channel {n}"), "start": false })).await.unwrap();
    }
    let options = app.terminate().await.unwrap();

    let ledger = options.data_dir.join("ledger.db");
    let size = fs::metadata(&ledger).unwrap().len();
    let mut file = fs::OpenOptions::new().write(true).open(&ledger).unwrap();
    for at in (8192..size).step_by(4096) {
        file.seek(SeekFrom::Start(at + 100)).unwrap();
        file.write_all(&[0xA5; 64]).unwrap();
    }
    drop(file);
    let damaged = fs::read(&ledger).unwrap();

    let mut app = Whatisup::spawn(options.clone()).unwrap();
    assert!(!app.ends().await.unwrap().success());
    app.prints("damaged").await.unwrap();
    let copies: Vec<_> = fs::read_dir(&options.data_dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| {
            let name = p.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("ledger.db.damaged") && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .collect();
    assert!(!copies.is_empty(), "no copy was kept");
    assert!(copies.iter().any(|c| fs::read(c).unwrap() == damaged), "the copy is not what was there");
    assert!(app.printed().contains(&copies[0].file_name().unwrap().to_string_lossy().into_owned()), "{}", app.printed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_answered_without_loss_or_panic() {
    if !namespace::root_or_again("a_full_disk_is_answered_without_loss_or_panic").unwrap() {
        return;
    }
    let world = World::with_phones(2).await.unwrap();
    let disk = Tmpfs::mount(24).unwrap();
    let options = Options::new(&disk.path().join("app"), &world.url());
    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();

    let body = json!({ "to": format!("+{}", grace.number()), "content": { "type": "text", "text": "too much" } });
    let (mut accepted, mut sent) = (0, Vec::new());
    // Room comes once the session has noticed that there is none, or at once, at whatever moment that is for it.
    for noticed in [true, false, false, false] {
        disk.fill().unwrap();
        // Nothing is accepted that cannot be kept.
        let (status, problem) = loop {
            let (status, problem) =
                rest.call(Method::POST, &format!("/v1/channels/{channel}/messages"), Some(body.clone())).await.unwrap();
            if !status.is_success() {
                break (status, problem);
            }
            accepted += 1;
            assert!(accepted < 5000, "the disk was full, yet everything was accepted");
        };
        assert_eq!((status.as_u16(), problem["code"].as_str()), (503, Some("disk_full")), "{problem}");

        // What comes in meanwhile stays with WhatsApp, however often the session tries (docs/decisions/003).
        for _ in 0..5 {
            sent.push(grace.send_text(ada.number(), "while the disk was full").await.unwrap());
        }
        if noticed {
            rest.until("the channel says what is wrong", &channel, |state| state["cause"] == "storage_failed").await.unwrap();
        }
        disk.relieve().unwrap();
        let last = grace.send_text(ada.number(), "after the disk was full").await.unwrap();
        events.wait("the last message", |e| received(e) == Some(last.as_str())).await.unwrap();
        sent.push(last);
        rest.until("the channel is back", &channel, |state| state["status"] == "connected").await.unwrap();
    }

    // These come after all the others, in either direction; so would a second copy have.
    rest.send_text(&channel, grace.number(), "there is room again").await.unwrap();
    world.arrives(&grace, "there is room again").await.unwrap();
    sent.push(grace.send_text(ada.number(), "the last word").await.unwrap());
    events.wait("the last word", |e| received(e) == sent.last().map(String::as_str)).await.unwrap();
    assert_eq!(events.seen.iter().filter_map(received).collect::<Vec<_>>(), sent);
    let arrived = grace.messages().await.iter().filter(|m| m.content.text() == Some("too much")).count();
    assert_eq!(arrived, accepted, "what was accepted goes out, once");
    assert!(!app.printed().contains("panicked"), "{}", app.printed());
    app.terminate().await.unwrap();
}

/// The WhatsApp id of a message that came in.
fn received(event: &Event) -> Option<&str> {
    (event.name == "message.received").then(|| event.data["data"]["message"]["whatsapp_id"].as_str()).flatten()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_is_told_at_once_and_costs_nothing() {
    if !namespace::root_or_again("a_read_only_disk_is_told_at_once_and_costs_nothing").unwrap() {
        return;
    }
    let world = World::with_phones(1).await.unwrap();
    let disk = Tmpfs::mount(24).unwrap();
    let app = Whatisup::start(Options::new(&disk.path().join("app"), &world.url())).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let options = app.terminate().await.unwrap();

    disk.read_only(true).unwrap();
    let mut app = Whatisup::spawn(options.clone()).unwrap();
    assert!(!app.ends().await.unwrap().success());
    app.prints("Read-only file system").await.unwrap();
    app.prints(&disk.path().display().to_string()).await.unwrap();
    assert!(!app.printed().contains("panicked"), "{}", app.printed());

    disk.read_only(false).unwrap();
    is_back(options).await;
}

/// An application with a linked channel, ended in good order; and what then lies in its data directory, without its key.
async fn linked(world: &World) -> (Options, Vec<(std::path::PathBuf, Vec<u8>)>) {
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let options = app.terminate().await.unwrap();
    let kept = contents(&options);
    assert!(kept.iter().any(|(path, _)| path.ends_with("auth.db")), "the channel has credentials");
    (options, kept)
}

/// All that is worth keeping. The notes that a start leaves for others are not.
fn contents(options: &Options) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let key_file = options.key_file.clone().unwrap();
    let note = |path: &std::path::Path| {
        let inside = path.strip_prefix(&options.data_dir).unwrap();
        path == key_file || inside.starts_with("logs") || inside.to_string_lossy().contains("lock")
    };
    let mut all: Vec<_> = files(&options.data_dir).into_iter().filter(|path| !note(path)).collect();
    all.sort();
    all.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The start ends at once with these words, and nothing on disk is another than it was.
async fn refuses(options: &Options, before: &[(std::path::PathBuf, Vec<u8>)], words: &str) {
    let mut app = Whatisup::spawn(options.clone()).unwrap();
    assert!(!app.ends().await.unwrap().success());
    app.prints(words).await.unwrap();
    let names = |all: &[(std::path::PathBuf, Vec<u8>)]| all.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let after = contents(options);
    assert_eq!(names(&after), names(before));
    for ((path, then), (_, now)) in before.iter().zip(&after) {
        assert!(then == now, "{} was changed", path.display());
    }
}

/// The channel logs in again by itself.
async fn is_back(options: Options) {
    let app = Whatisup::start(options).await.unwrap();
    let mut events = app.events(Some(0)).await.unwrap();
    events.times("channel.connected", 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_key_is_told_at_once_and_wipes_nothing() {
    let world = World::with_phones(1).await.unwrap();
    let (options, before) = linked(&world).await;
    let key_file = options.key_file.clone().unwrap();
    let away = world.path("the key, elsewhere");
    fs::rename(&key_file, &away).unwrap();
    refuses(&options, &before, "The key of the database is not in the key file").await;
    assert!(!key_file.exists(), "a new key was made");

    fs::rename(away, key_file).unwrap();
    is_back(options).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_is_told_at_once_and_wipes_nothing() {
    let world = World::with_phones(1).await.unwrap();
    let (options, before) = linked(&world).await;
    let other = Whatisup::start(world.options("other")).await.unwrap().terminate().await.unwrap();
    let key_file = options.key_file.clone().unwrap();
    let right = fs::read(&key_file).unwrap();
    let mut keys: serde_json::Value = serde_json::from_slice(&right).unwrap();
    let others: serde_json::Value = serde_json::from_slice(&fs::read(other.key_file.unwrap()).unwrap()).unwrap();
    let ledger = |(name, _): &(&String, &serde_json::Value)| name.ends_with("/ledger");
    let foreign = others["secrets"].as_object().unwrap().iter().find(ledger).unwrap().1.clone();
    let name = keys["secrets"].as_object().unwrap().iter().find(ledger).unwrap().0.clone();
    assert_ne!(keys["secrets"][&name], foreign);
    keys["secrets"][&name] = foreign;
    let wrong = serde_json::to_vec(&keys).unwrap();
    fs::write(&key_file, &wrong).unwrap();

    refuses(&options, &before, "does not open the database").await;
    assert_eq!(fs::read(&key_file).unwrap(), wrong, "the key file was changed");

    fs::write(&key_file, right).unwrap();
    is_back(options).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_build_refuses_any_address_that_is_not_loopback() {
    let world = World::with_phones(0).await.unwrap();
    for url in ["wss://web.whatsapp.com/ws/chat", "ws://192.0.2.1/ws/chat", "ws://[2001:db8::1]:80/", "http://127.0.0.1/"] {
        let mut app = Whatisup::spawn(Options { whatsapp_url: Some(url.to_owned()), ..world.options("app") }).unwrap();
        assert!(!app.ends().await.unwrap().success(), "{url} was accepted");
        app.prints("whatsapp.url").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_private_is_in_the_clear_on_disk() {
    let world = World::with_phones(2).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let channel = world.pair(&rest, &mut events, &ada, "Front desk").await.unwrap();
    rest.send_text(&channel, grace.number(), "a very private sentence").await.unwrap();
    world.arrives(&grace, "a very private sentence").await.unwrap();
    let key = rest.key().to_owned();
    let printed = app.printed();
    let options = app.kill().await.unwrap();

    let key_file = options.key_file.clone().unwrap();
    let needles = ["a very private sentence", ada.number(), grace.number(), key.as_str()];
    for needle in needles {
        assert_eq!(printed.lines().find(|l| l.contains(needle)), None, "the log has {needle:?}");
    }
    for path in files(&options.data_dir) {
        if path == key_file {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for needle in needles {
            let found = bytes.windows(needle.len()).any(|w| w == needle.as_bytes());
            assert!(!found, "{} has {needle:?} in the clear", path.display());
        }
        assert!(!bytes.starts_with(b"SQLite format 3"), "{} is not encrypted", path.display());
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_directories_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_phones(1).await.unwrap();
    let app = Whatisup::start(world.options("app")).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let root = app.options.data_dir.clone();
    assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o077, 0, "{}", root.display());
    for path in files(&root).into_iter().chain([root.join("api.sock")]) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

fn files(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    acceptance::files(directory).unwrap()
}
