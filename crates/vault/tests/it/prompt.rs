//! A real gnome-keyring that asks the person, who is played by the test: absent, slow, or dismissing.

use crate::bus::{Bus, is_body, say};
use crate::conformance::{channel, scope};
use std::time::{Duration, Instant};
use vault::{Access, Namespace, Vault, VaultError};
use zbus::zvariant::ObjectPath;

/// Stands where the password window would be: it is asked to open, and never does anything more.
struct SilentPrompter {
    asked: tokio::sync::watch::Sender<u32>,
}

#[zbus::interface(name = "org.gnome.keyring.internal.Prompter")]
impl SilentPrompter {
    fn begin_prompting(&self, _callback: ObjectPath<'_>) {
        self.asked.send_modify(|n| *n += 1);
    }

    fn stop_prompting(&self, _callback: ObjectPath<'_>) {}
}

#[tokio::test]
async fn a_prompt_that_nobody_answers_blocks_nobody_and_a_late_unlock_is_noticed() {
    let bus = Bus::with_keyring();
    let (asked, mut times) = tokio::sync::watch::channel(0);
    let _prompter = zbus::connection::Builder::address(bus.address())
        .unwrap()
        .name("org.gnome.keyring.SystemPrompter")
        .unwrap()
        .serve_at("/org/gnome/keyring/Prompter", SilentPrompter { asked })
        .unwrap()
        .build()
        .await
        .unwrap();
    let mut body = bus.run("prompt::body_silent");
    let bus = tokio::task::spawn_blocking(move || {
        body.wait_for("stored");
        bus.lock_keyring();
        body.wait_for("asked");
        (bus, body)
    });
    times.wait_for(|n| *n == 1).await.unwrap();
    let (bus, mut body) = bus.await.unwrap();
    tokio::task::spawn_blocking(move || {
        body.wait_for("not blocked");
        bus.unlock_keyring();
        body.finish();
    })
    .await
    .unwrap();
    assert_eq!(*times.borrow(), 1, "the person is asked once, not once for every channel");
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_silent() {
    if !is_body() {
        return;
    }
    let vault = Vault::keychain(scope(Namespace::Sandbox, "one"));
    let key = vault.create_channel_key(channel(1)).await.unwrap();
    say("stored");
    while vault.access().await.unwrap() == Access::Open {
        tokio::task::yield_now().await;
    }
    assert_eq!(vault.channel_key(channel(1)).await, Err(VaultError::Locked));
    say("asked");
    // The prompt is up now: everybody is answered at once all the same.
    let began = Instant::now();
    for n in 0..20 {
        assert_eq!(vault.channel_key(channel(n)).await, Err(VaultError::Locked));
    }
    assert_eq!(vault.access().await, Ok(Access::Locked));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(vault.unlock(Duration::from_millis(200)).await, Err(VaultError::TimedOut));
    let waiting = tokio::spawn({
        let vault = vault.clone();
        async move { vault.wait_unlocked().await }
    });
    say("not blocked");
    waiting.await.unwrap();
    assert_eq!(vault.channel_key(channel(1)).await.unwrap(), Some(key));
    say("done");
}

/// Without a window to ask in, gnome-keyring counts its prompt as dismissed.
#[test]
fn a_dismissed_prompt_is_told_and_not_repeated_unasked() {
    let bus = Bus::with_keyring();
    let mut body = bus.run("prompt::body_dismissed");
    body.wait_for("stored");
    bus.lock_keyring();
    body.finish();
}

#[tokio::test]
#[ignore = "the body of a test"]
async fn body_dismissed() {
    if !is_body() {
        return;
    }
    let vault = Vault::keychain(scope(Namespace::Sandbox, "one"));
    vault.create_channel_key(channel(1)).await.unwrap();
    say("stored");
    while vault.access().await.unwrap() == Access::Open {
        tokio::task::yield_now().await;
    }
    let told = vault.unlock(Duration::from_secs(20)).await;
    assert!(matches!(told, Err(VaultError::Refused(_))), "{told:?}");
    assert_eq!(vault.channel_key(channel(1)).await, Err(VaultError::Locked));
    say("done");
}
