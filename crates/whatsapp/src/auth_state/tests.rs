#![allow(clippy::unwrap_used)]
use super::files::Files;
use super::*;
use domain::Timestamp;
use socket::VaultTrouble;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;
use vault::{Installation, Namespace, Scope, Vault};
use wacore::store::traits::SignalStore as _;

const CHANNEL: u128 = 7;

pub(super) struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        Home { dir: tempfile::tempdir().unwrap() }
    }

    pub fn vault(&self, name: &str) -> Vault {
        let scope = Scope { namespace: Namespace::Sandbox, installation: Installation::named("test") };
        Vault::key_file(self.dir.path().join(name), scope)
    }

    pub fn states(&self) -> AuthStates {
        AuthStates::new(AuthStore::disk(self.dir.path(), self.vault("keys")))
    }

    pub fn database(&self) -> PathBuf {
        self.dir.path().join("sessions").join(channel().to_string()).join("auth.db")
    }
}

pub(super) fn channel() -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), CHANNEL)
}

async fn open(states: &AuthStates) -> Result<Arc<FailStop<dyn Backend>>, OpenError> {
    let turn = states.turn(channel()).await;
    states.open(channel(), &turn, |_| {}).await
}

/// Makes an auth-state with something in it and closes it.
async fn made(home: &Home) {
    let states = home.states();
    let store = open(&states).await.unwrap();
    store.put_identity("15550100123.0", [7; 32]).await.unwrap();
    drop(store);
    states.turn(channel()).await.close();
}

#[tokio::test]
async fn what_was_stored_is_there_again_and_nobody_else_can_read_it() {
    let home = Home::new();
    made(&home).await;
    let store = open(&home.states()).await.unwrap();
    assert_eq!(store.load_identity("15550100123.0").await.unwrap(), Some([7; 32]));
    let bytes = fs::read(home.database()).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3") && !bytes.windows(11).any(|w| w == b"15550100123"));
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_touch_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let _store = open(&home.states()).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = home.database().parent().unwrap().to_owned();
    assert_eq!(mode(&directory), 0o700);
    let mut files = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files += 1;
    }
    assert!(files >= 2, "the database and its log");
}

#[tokio::test]
async fn a_wrong_key_is_answered_at_once_and_nothing_is_touched() {
    let home = Home::new();
    made(&home).await;
    let before = fs::read(home.database()).unwrap();
    let other = home.vault("other-keys");
    other.create_channel_key(channel()).await.unwrap();
    let states = AuthStates::new(AuthStore::disk(home.dir.path(), other));
    let started = Instant::now();
    assert!(matches!(open(&states).await, Err(OpenError::WrongKey)));
    assert!(matches!(states.is_paired(channel()).await, Err(OpenError::WrongKey)));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(fs::read(home.database()).unwrap(), before);
}

#[tokio::test]
async fn a_missing_key_is_never_replaced_by_a_new_one() {
    let home = Home::new();
    made(&home).await;
    let before = fs::read(home.database()).unwrap();
    let empty = home.vault("empty-keys");
    let states = AuthStates::new(AuthStore::disk(home.dir.path(), empty.clone()));
    assert!(matches!(open(&states).await, Err(OpenError::WrongKey)));
    assert!(matches!(states.is_paired(channel()).await, Err(OpenError::WrongKey)));
    assert_eq!(empty.channel_key(channel()).await.unwrap(), None);
    assert_eq!(fs::read(home.database()).unwrap(), before);
    // With the right key everything is as it was.
    assert!(open(&home.states()).await.is_ok());
}

#[tokio::test]
async fn a_locked_vault_is_no_wrong_key() {
    assert!(matches!(OpenError::from(vault::VaultError::Locked).close(), socket::Close::Vault(VaultTrouble::Locked)));
    assert!(matches!(OpenError::from(vault::VaultError::TimedOut).close(), socket::Close::Vault(VaultTrouble::Locked)));
}

#[tokio::test]
async fn a_file_cut_short_is_damage_and_stays() {
    let home = Home::new();
    made(&home).await;
    fs::write(home.database(), b"not much").unwrap();
    assert!(matches!(open(&home.states()).await, Err(OpenError::Damaged(_))));
    assert_eq!(fs::read(home.database()).unwrap(), b"not much");
}

#[tokio::test]
async fn a_start_that_was_interrupted_before_anything_was_sealed_begins_anew() {
    let home = Home::new();
    fs::create_dir_all(home.database().parent().unwrap()).unwrap();
    fs::write(home.database(), b"").unwrap();
    let states = home.states();
    assert!(!states.is_paired(channel()).await.unwrap());
    assert!(open(&states).await.is_ok());
    assert!(!states.is_paired(channel()).await.unwrap());
}

#[tokio::test]
async fn shredding_takes_the_key_and_the_files_and_may_be_repeated() {
    let home = Home::new();
    made(&home).await;
    let states = home.states();
    states.shred(channel()).await.unwrap();
    assert_eq!(home.vault("keys").channel_key(channel()).await.unwrap(), None);
    assert!(!home.database().parent().unwrap().exists());
    states.shred(channel()).await.unwrap();
    // A new pairing starts from nothing.
    let store = open(&states).await.unwrap();
    assert_eq!(store.load_identity("15550100123.0").await.unwrap(), None);
}

#[tokio::test]
async fn the_key_goes_first_and_a_vault_that_keeps_it_keeps_the_files() {
    let home = Home::new();
    made(&home).await;
    // Where the key file should be lies a directory: no key can be deleted from it, whoever asks.
    fs::create_dir(home.dir.path().join("no-keys")).unwrap();
    let blocked = home.vault("no-keys");
    assert!(blocked.delete_channel_key(channel()).await.is_err(), "this vault was to refuse");
    let before = fs::read(home.database()).unwrap();
    let states = AuthStates::new(AuthStore::disk(home.dir.path(), blocked));
    assert!(states.shred(channel()).await.is_err());
    assert_eq!(fs::read(home.database()).unwrap(), before, "the files went before the key");
    // With a vault that obeys it is finished.
    let states = home.states();
    states.shred(channel()).await.unwrap();
    assert_eq!(home.vault("keys").channel_key(channel()).await.unwrap(), None);
    assert!(!home.database().exists());
}

#[tokio::test]
async fn a_shredding_cut_off_by_the_end_of_the_process_is_finished() {
    let home = Home::new();
    made(&home).await;
    let files = Files::new(&home.dir.path().join("sessions"), channel());
    files.mark_for_shredding().unwrap();
    home.vault("keys").delete_channel_key(channel()).await.unwrap();
    // The next process finds a file without its key, and knows that this was meant.
    let states = home.states();
    assert!(!states.is_paired(channel()).await.unwrap());
    assert!(!home.database().exists());
}

#[tokio::test]
async fn one_socket_at_a_time_holds_the_auth_state() {
    let home = Home::new();
    let states = home.states();
    let turn = states.turn(channel()).await;
    let waiting = tokio::time::timeout(Duration::from_millis(50), states.turn(channel())).await;
    assert!(waiting.is_err());
    drop(turn);
    assert!(tokio::time::timeout(Duration::from_secs(1), states.turn(channel())).await.is_ok());
}
