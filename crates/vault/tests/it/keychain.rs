//! A real gnome-keyring: unlocked, locked, never set up, gone, missing.

use crate::bus::{Body, Bus, is_body, say};
use crate::conformance::{self, channel, scope};
use std::future::Future;
use std::time::{Duration, Instant};
use vault::{Access, Namespace, Vault, VaultError};

fn vault() -> Vault {
    Vault::keychain(scope(Namespace::Sandbox, "one"))
}

/// Answers at once, which here means: without waiting for a person.
async fn at_once<T>(what: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = what.await;
    assert!(began.elapsed() < Duration::from_secs(2), "this took {:?}", began.elapsed());
    done
}

#[test]
fn an_unlocked_keychain_does_what_every_store_does() {
    Bus::with_keyring().run("keychain::body_conformance").finish();
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_conformance() {
    if is_body() {
        conformance::check(Vault::keychain).await;
        assert_eq!(vault().probe().await.unwrap().store, "Secret Service");
        say("done");
    }
}

#[test]
fn a_locked_keychain_is_told_at_once_and_its_unlocking_noticed() {
    let bus = Bus::with_keyring();
    let mut body = bus.run("keychain::body_locked");
    body.wait_for("stored");
    bus.lock_keyring();
    // The body looks until it sees the lock.
    body.wait_for("locked");
    bus.unlock_keyring();
    body.finish();
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_locked() {
    if !is_body() {
        return;
    }
    // Nobody sits here: as the headless binary does.
    let vault = vault().without_prompt();
    let key = vault.create_channel_key(channel(1)).await.unwrap();
    say("stored");
    while vault.access().await.unwrap() == Access::Open {
        tokio::task::yield_now().await;
    }
    assert_eq!(at_once(vault.channel_key(channel(1))).await, Err(VaultError::Locked));
    assert_eq!(at_once(vault.create_channel_key(channel(2))).await, Err(VaultError::Locked));
    assert_eq!(at_once(vault.delete_channel_key(channel(1))).await, Err(VaultError::Locked));
    assert_eq!(at_once(vault.probe()).await, Err(VaultError::Locked));
    let waiting = tokio::spawn({
        let vault = vault.clone();
        async move { vault.wait_unlocked().await }
    });
    say("locked");
    waiting.await.unwrap();
    assert_eq!(vault.channel_key(channel(1)).await.unwrap(), Some(key), "nothing was lost meanwhile");
    say("done");
}

#[test]
fn a_keychain_that_was_never_set_up_counts_as_locked() {
    Bus::with_fresh_keyring().run("keychain::body_fresh").finish();
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_fresh() {
    if is_body() {
        let vault = vault().without_prompt();
        assert_eq!(at_once(vault.create_ledger_key()).await, Err(VaultError::Locked));
        say("done");
    }
}

#[test]
fn a_bus_without_a_keychain_is_told_at_once_and_its_coming_noticed() {
    let mut bus = Bus::start();
    let mut body = bus.run("keychain::body_missing");
    body.wait_for("missing");
    bus.start_keyring(true);
    body.finish();
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_missing() {
    if !is_body() {
        return;
    }
    let vault = vault();
    assert_eq!(at_once(vault.ledger_key()).await, Err(VaultError::Missing));
    assert_eq!(at_once(vault.create_ledger_key()).await, Err(VaultError::Missing));
    assert_eq!(at_once(vault.probe()).await, Err(VaultError::Missing));
    let waiting = tokio::spawn({
        let vault = vault.clone();
        async move { vault.wait_unlocked().await }
    });
    say("missing");
    waiting.await.unwrap();
    vault.create_ledger_key().await.unwrap();
    say("done");
}

#[test]
fn no_bus_at_all_is_told_at_once() {
    let (body, _home) = Body::without_bus("keychain::body_no_bus");
    body.finish();
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_no_bus() {
    if is_body() {
        assert_eq!(at_once(vault().ledger_key()).await, Err(VaultError::Missing));
        assert!(VaultError::Missing.sentence().contains("--key-file"));
        say("done");
    }
}

#[test]
fn a_keychain_that_was_started_anew_is_used_again() {
    let mut bus = Bus::with_keyring();
    let mut body = bus.run("keychain::body_restarted");
    body.wait_for("stored");
    bus.kill_keyring();
    body.wait_for("gone");
    bus.start_keyring(true);
    body.finish();
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_restarted() {
    if !is_body() {
        return;
    }
    let vault = vault();
    let key = vault.create_ledger_key().await.unwrap();
    say("stored");
    while vault.ledger_key().await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(vault.ledger_key().await, Err(VaultError::Missing));
    say("gone");
    vault.wait_unlocked().await;
    assert_eq!(vault.ledger_key().await.unwrap(), Some(key), "over a connection that died with the old one");
    say("done");
}
