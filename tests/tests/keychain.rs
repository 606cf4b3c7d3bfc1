//! The keychain from the first start to the locked one, with a real gnome-keyring on a bus of its own.
#![allow(clippy::unwrap_used)]

use acceptance::keychain::Keychain;
use acceptance::{Options, Whatisup, World};

fn options(world: &World, keychain: &Keychain) -> Options {
    Options { key_file: None, env: keychain.env(), ..world.options("app") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_live_in_the_keychain_and_open_everything_again() {
    let world = World::with_phones(1).await.unwrap();
    let keychain = Keychain::unlocked().unwrap();
    let app = Whatisup::start(options(&world, &keychain)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    assert!(!app.options.data_dir.join("vault.key").exists(), "a key file was made although there is a keychain");
    let options = app.kill().await.unwrap();

    let app = Whatisup::start(options).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(Some(0)).await.unwrap();
    events.times("channel.connected", 2).await.unwrap();
    assert_eq!(rest.state(&channel).await.unwrap()["status"], "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keychain_locked_at_start_is_waited_for_and_nothing_is_wiped() {
    let world = World::with_phones(1).await.unwrap();
    let mut keychain = Keychain::unlocked().unwrap();
    let app = Whatisup::start(options(&world, &keychain)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let key = rest.key().to_owned();
    let options = app.terminate().await.unwrap();

    keychain.lock().unwrap();
    let mut app = Whatisup::spawn(options).unwrap();
    app.prints("keychain is locked").await.unwrap();
    // It says so to programs too, instead of refusing their connections.
    let answer = reqwest::get(format!("{}/readyz", app.base())).await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    assert!(answer.text().await.unwrap().contains("vault_locked"));
    assert!(reqwest::get(format!("{}/livez", app.base())).await.unwrap().status().is_success());

    keychain.unlock().unwrap();
    app.ready().await.unwrap();
    assert_eq!(app.key().await.unwrap(), key);
    let mut events = app.events(Some(0)).await.unwrap();
    events.times("channel.connected", 2).await.unwrap();
    assert_eq!(world.network().counters().max_simultaneous_logins, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_headless_takes_a_key_file_with_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_phones(0).await.unwrap();
    let mut keychain = Keychain::missing().unwrap();
    let app = Whatisup::start(options(&world, &keychain)).await.unwrap();
    assert!(app.printed().contains("there is no keychain"), "{}", app.printed());
    let file = app.options.data_dir.join("vault.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = app.key().await.unwrap();
    let options = app.terminate().await.unwrap();

    // A keychain that turns up later does not make the keys look lost.
    keychain.start_daemon().unwrap();
    let app = Whatisup::start(options).await.unwrap();
    assert_eq!(app.key().await.unwrap(), key);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keychain_that_is_demanded_and_missing_is_an_error_in_words() {
    let world = World::with_phones(0).await.unwrap();
    let keychain = Keychain::missing().unwrap();
    let mut demanding = options(&world, &keychain);
    demanding.env.push(("WHATISUP_VAULT_STORE".into(), "keychain".into()));
    let mut app = Whatisup::spawn(demanding).unwrap();
    assert!(!app.ends().await.unwrap().success());
    app.prints("There is no keychain on this system").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keychain_locked_in_the_midst_is_told_and_its_opening_is_enough() {
    use std::os::unix::fs::MetadataExt;
    let world = World::with_phones(1).await.unwrap();
    let mut keychain = Keychain::unlocked().unwrap();
    let app = Whatisup::start(options(&world, &keychain)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    let channel = world.pair(&rest, &mut events, &world.phone(0).unwrap(), "Front desk").await.unwrap();
    let auth = app.options.data_dir.join("sessions").join(&channel).join("auth.db");
    let inode = std::fs::metadata(&auth).unwrap().ino();

    // A connection that stands needs no key; the next start does.
    keychain.lock().unwrap();
    assert_eq!(rest.state(&channel).await.unwrap()["status"], "connected");
    rest.act(&format!("/v1/channels/{channel}/stop")).await.unwrap();
    events.of("channel.disconnected", &channel).await.unwrap();
    rest.act(&format!("/v1/channels/{channel}/start")).await.unwrap();
    let told = events
        .wait("locked", |e| e.name == "channel.disconnected" && e.data["data"]["channel"]["state"]["reason"] == "vault_locked")
        .await
        .unwrap();
    let view = &told.data["data"]["channel"];
    assert_eq!((&view["paired"], &view["desired"]), (&true.into(), &"running".into()), "{view}");
    assert!(view["state"]["summary"].as_str().unwrap().starts_with("The keychain is locked"), "{view}");
    let vault = vault_once(&rest, "locked").await;
    assert!(vault["summary"].as_str().unwrap().contains("locked"), "{vault}");

    // Nobody starts the channel.
    let before = events.seen.len();
    keychain.unlock().unwrap();
    events.of("channel.connected", &channel).await.unwrap();
    vault_once(&rest, "ok").await;
    assert!(events.seen[before..].iter().all(|e| e.name != "channel.pairing"), "a QR was asked for");
    assert_eq!(std::fs::metadata(&auth).unwrap().ino(), inode, "the credentials were made anew");
    assert_eq!(world.phone(0).unwrap().linked_devices().len(), 1);
    app.terminate().await.unwrap();
}

/// What `/v1/info` says of the vault, as soon as it has this status. No event tells it.
async fn vault_once(rest: &acceptance::Rest, status: &str) -> serde_json::Value {
    let deadline = tokio::time::Instant::now() + acceptance::PATIENCE;
    loop {
        let vault = rest.get("/v1/info").await.unwrap()["vault"].clone();
        if vault["status"] == status {
            return vault;
        }
        assert!(tokio::time::Instant::now() < deadline, "the vault never became {status}: {vault}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
