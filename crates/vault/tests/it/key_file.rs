use crate::conformance::{self, channel, scope};
use std::fs;
use std::path::Path;
use vault::{Namespace, Vault, VaultError};

fn vault(path: &Path) -> Vault {
    Vault::key_file(path, scope(Namespace::Sandbox, "one"))
}

#[tokio::test]
async fn a_key_file_does_what_every_store_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    conformance::check(|scope| Vault::key_file(&path, scope)).await;
}

#[tokio::test]
async fn asking_makes_no_file_and_the_first_key_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    assert_eq!(vault(&path).ledger_key().await.unwrap(), None);
    vault(&path).delete_channel_key(channel(1)).await.unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    vault(&path).create_ledger_key().await.unwrap();
    assert!(path.exists());
    assert!(!dir.path().join("keys.json.new").exists(), "no draft is left behind");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_only_and_mended_when_it_is_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let key = vault(&path).create_ledger_key().await.unwrap();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);

    for too_open in [0o644, 0o640, 0o606] {
        fs::set_permissions(&path, fs::Permissions::from_mode(too_open)).unwrap();
        assert_eq!(vault(&path).ledger_key().await.unwrap().as_ref(), Some(&key));
        assert_eq!(mode(), 0o600, "mended from {too_open:o}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn an_open_file_of_somebody_else_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    vault(&path).create_ledger_key().await.unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    // Only root may give a file away; elsewhere /etc/passwd is one of somebody else that all may read.
    let (path, theirs) = match std::os::unix::fs::chown(&path, Some(65534), None) {
        Ok(()) => (path, true),
        Err(_) => ("/etc/passwd".into(), true),
    };
    assert!(theirs);
    let told = vault(&path).ledger_key().await.unwrap_err();
    assert!(matches!(told, VaultError::Refused(_)), "{told:?}");
    assert!(told.sentence().contains("can be read by other users"), "{}", told.sentence());
}

#[tokio::test]
async fn a_damaged_file_is_told_in_words_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    vault(&path).create_ledger_key().await.unwrap();
    let sound = fs::read_to_string(&path).unwrap();
    for (what, broken) in [
        ("empty", String::new()),
        ("cut short", sound[..sound.len() / 2].to_owned()),
        ("no JSON", "my password".into()),
        ("another program's", "{\"keys\": []}".into()),
        ("of a later version", sound.replace("\"version\": 1", "\"version\": 2")),
    ] {
        fs::write(&path, &broken).unwrap();
        let told = vault(&path).ledger_key().await.unwrap_err();
        assert!(matches!(&told, VaultError::Damaged(why) if why.contains("keys.json")), "{what}: {told:?}");
        let told = vault(&path).create_channel_key(channel(1)).await.unwrap_err();
        assert!(matches!(told, VaultError::Damaged(_)), "{what}: {told:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), broken, "{what}: nothing was written over it");
    }
    let secret = sound.split('"').find(|part| part.len() == 44).unwrap();
    fs::write(&path, sound.replace(secret, &secret[..40])).unwrap();
    let told = vault(&path).ledger_key().await.unwrap_err();
    assert!(matches!(told, VaultError::Damaged(_)) && !format!("{told:?}{told}").contains(&secret[..20]), "{told:?}");
}

#[tokio::test]
async fn a_path_that_holds_no_file_is_told_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let told = vault(dir.path()).ledger_key().await.unwrap_err();
    assert!(matches!(told, VaultError::Damaged(_) | VaultError::Io(_)), "{told:?}");
    let told = vault(&dir.path().join("no/such/dir/keys.json")).create_ledger_key().await.unwrap_err();
    assert!(matches!(&told, VaultError::Io(why) if why.contains("no/such/dir")), "{told:?}");
}

#[tokio::test]
async fn writers_of_several_processes_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    // Vaults that do not know each other, as in several processes: only the file's lock is between them.
    let keys = futures::future::join_all((0..24u128).map(|n| {
        let vault = vault(&path);
        async move { vault.create_channel_key(channel(n)).await.unwrap() }
    }))
    .await;
    for (n, key) in (0..).zip(keys) {
        assert_eq!(vault(&path).channel_key(channel(n)).await.unwrap(), Some(key), "channel {n}");
    }
}

#[tokio::test]
async fn nothing_secret_shows_in_what_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let vault = vault(&path);
    let key = vault.create_ledger_key().await.unwrap();
    let file = fs::read_to_string(&path).unwrap();
    let secret = file.split('"').find(|part| part.len() == 44).unwrap();
    let printed = format!("{vault:?} {key:?} {:?}", vault.probe().await);
    assert!(!printed.contains(secret) && !printed.contains(key.as_hex().as_str()), "{printed}");
}
