//! Keys wrapped by a master key.

use crate::conformance::{self, channel, scope};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use vault::{
    AdminKey, KeyOf, MasterKey, MasterKeys, Namespace, SealedEntries, SealedEntry, SealedFile, Vault, VaultError, Wrapping,
};

fn vault(path: &Path, keys: impl Into<MasterKeys>) -> Vault {
    Vault::master(keys, Box::new(SealedFile::new(path)), scope(Namespace::Sandbox, "one"))
}

fn both(new: &MasterKey, old: &MasterKey) -> MasterKeys {
    MasterKeys::new(new.clone(), Some(old.clone()))
}

#[tokio::test]
async fn wrapped_keys_do_what_every_store_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sealed");
    let key = MasterKey::generate().unwrap();
    conformance::check(|scope| Vault::master(key.clone(), Box::new(SealedFile::new(&path)), scope)).await;
}

#[tokio::test]
async fn asking_makes_no_file_and_what_is_in_it_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sealed");
    let vault = vault(&path, MasterKey::generate().unwrap());
    assert_eq!(vault.ledger_key().await.unwrap(), None);
    vault.delete_channel_key(channel(1)).await.unwrap();
    assert_eq!(vault.wrapping().await.unwrap().unwrap().in_force, None);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);

    let key = vault.create_ledger_key().await.unwrap();
    let admin = vault.admin_key_or(&AdminKey::generate().unwrap()).await.unwrap();
    let file = fs::read_to_string(&path).unwrap();
    assert!(!file.contains(key.as_hex().as_str()) && !file.contains(admin.expose()), "{file}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_wrong_master_key_is_told_at_once_by_every_call_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sealed");
    let (right, wrong) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let sound = vault(&path, right.clone());
    sound.create_ledger_key().await.unwrap();
    sound.create_channel_key(channel(1)).await.unwrap();
    let before = fs::read(&path).unwrap();

    let other = vault(&path, wrong.clone());
    let told = VaultError::WrongMasterKey { needed: right.mark(), given: wrong.mark() };
    assert_eq!(other.ledger_key().await, Err(told.clone()));
    // Also for what is not there: "not there" would make somebody make a new one.
    assert_eq!(other.channel_key(channel(2)).await, Err(told.clone()));
    assert_eq!(other.create_ledger_key().await.unwrap_err(), told);
    assert_eq!(other.create_channel_key(channel(2)).await.unwrap_err(), told);
    assert_eq!(other.delete_channel_key(channel(1)).await, Err(told.clone()));
    assert_eq!(other.admin_key_or(&AdminKey::generate().unwrap()).await.unwrap_err(), told);
    assert_eq!(other.begin_change(KeyOf::Ledger).await.unwrap_err(), told);
    assert_eq!(other.wrapping().await, Err(told.clone()));
    assert_eq!(other.rewrap().await, Err(told.clone()));
    assert_eq!(other.probe().await, Err(told.clone()));
    assert_eq!(fs::read(&path).unwrap(), before);
    let words = told.sentence();
    assert!(words.contains(&right.mark()) && words.contains(&wrong.mark()) && words.contains("master_key_file"), "{words}");
}

#[tokio::test]
async fn a_change_of_the_master_key_keeps_everything_and_running_processes_that_know_both() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sealed");
    let (old, new) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let before = vault(&path, old.clone());
    let ledger = before.create_ledger_key().await.unwrap();
    let one = before.create_channel_key(channel(1)).await.unwrap();

    // A worker that knows both, before the change: it reads, and writes with the key in force.
    let worker = vault(&path, both(&new, &old));
    assert_eq!(worker.ledger_key().await.unwrap().as_ref(), Some(&ledger));
    let two = worker.create_channel_key(channel(2)).await.unwrap();
    assert_eq!(before.channel_key(channel(2)).await.unwrap().as_ref(), Some(&two));
    let told = worker.wrapping().await.unwrap().unwrap();
    let all = Wrapping { current: new.mark(), previous: Some(old.mark()), in_force: Some(old.mark()), entries: 3 };
    assert_eq!(told, all);

    assert_eq!(vault(&path, both(&new, &old)).rewrap().await.unwrap(), 3);
    assert_eq!(vault(&path, both(&new, &old)).rewrap().await.unwrap(), 3, "once more does no harm");

    // The worker goes on, now with the new key.
    assert_eq!(worker.channel_key(channel(1)).await.unwrap().as_ref(), Some(&one));
    let three = worker.create_channel_key(channel(3)).await.unwrap();
    let after = vault(&path, new.clone());
    for (n, key) in [(1, &one), (2, &two), (3, &three)] {
        assert_eq!(after.channel_key(channel(n)).await.unwrap().as_ref(), Some(key));
    }
    assert_eq!(after.ledger_key().await.unwrap(), Some(ledger));
    // The old one alone opens nothing any more.
    assert!(matches!(before.ledger_key().await, Err(VaultError::WrongMasterKey { .. })));
}

#[tokio::test]
async fn a_mounted_key_that_is_replaced_under_a_running_process_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mounted) = (dir.path().join("vault.sealed"), dir.path().join("master.key"));
    let (old, new) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    old.write_new(&mounted).unwrap();
    let again = mounted.clone();
    let keys = MasterKeys::from(old.clone()).looked_up_by(move || Some((MasterKey::from_file(&again).ok()?, None)));
    let running = vault(&path, keys);
    let ledger = running.create_ledger_key().await.unwrap();

    vault(&path, both(&new, &old)).rewrap().await.unwrap();
    assert!(matches!(running.ledger_key().await, Err(VaultError::WrongMasterKey { .. })), "its mount still is the old one");
    fs::remove_file(&mounted).unwrap();
    new.write_new(&mounted).unwrap();
    assert_eq!(running.ledger_key().await.unwrap(), Some(ledger));
}

#[tokio::test]
async fn of_several_that_begin_at_once_all_get_the_same_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sealed");
    let key = MasterKey::generate().unwrap();
    let begun = futures::future::join_all((0..8).map(|_| {
        let vault = vault(&path, key.clone());
        async move {
            let ledger = match vault.create_ledger_key().await {
                Err(VaultError::AlreadyThere) => vault.ledger_key().await.map(Option::unwrap),
                made => made,
            };
            let admin = vault.admin_key_or(&AdminKey::generate().unwrap()).await.unwrap();
            (ledger.unwrap(), admin.expose().to_owned())
        }
    }))
    .await;
    assert!(begun.iter().all(|(ledger, admin)| *ledger == begun[0].0 && *admin == begun[0].1));
}

#[tokio::test]
async fn damage_is_told_as_damage_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sealed");
    let key = MasterKey::generate().unwrap();
    vault(&path, key.clone()).create_ledger_key().await.unwrap();
    let sound = fs::read_to_string(&path).unwrap();
    let sealed = sound.lines().find(|line| line.contains("/ledger")).unwrap().split('"').nth(3).unwrap().to_owned();
    for (what, broken) in [
        ("no JSON", sound[..sound.len() / 2].to_owned()),
        ("an entry that was changed", sound.replace(&sealed, &format!("AAAA{}", &sealed[4..]))),
        ("no base64", sound.replace(&sealed, "!")),
        ("of a later version", sound.replace("\"version\": 1", "\"version\": 2")),
    ] {
        fs::write(&path, &broken).unwrap();
        let told = vault(&path, key.clone()).ledger_key().await;
        assert!(matches!(told, Err(VaultError::Damaged(_))), "{what}: {told:?}");
        assert!(matches!(vault(&path, key.clone()).rewrap().await, Err(VaultError::Damaged(_))), "{what}");
        assert_eq!(fs::read_to_string(&path).unwrap(), broken, "{what}: nothing was written over it");
    }
    // Without the check nobody knows which key to write with; what opens still opens.
    fs::write(&path, sound.replace("\"check\"", "\"chuck\"")).unwrap();
    vault(&path, key.clone()).ledger_key().await.unwrap().unwrap();
    assert!(matches!(vault(&path, key.clone()).create_channel_key(channel(1)).await, Err(VaultError::Damaged(_))));
    assert!(matches!(vault(&path, key).rewrap().await, Err(VaultError::Damaged(_))));
}

#[tokio::test]
async fn a_change_of_one_key_can_be_interrupted_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.sealed");
    let key = MasterKey::generate().unwrap();
    let again = || vault(&path, key.clone());
    for of in [KeyOf::Ledger, KeyOf::Channel(channel(1))] {
        let present = match of {
            KeyOf::Ledger => again().create_ledger_key().await.unwrap(),
            KeyOf::Channel(id) => again().create_channel_key(id).await.unwrap(),
        };
        assert_eq!(again().next_key(of).await.unwrap(), None);
        let next = again().begin_change(of).await.unwrap();
        assert_ne!(next, present);
        assert_eq!(again().begin_change(of).await.unwrap(), next, "begun again, it is the same");
        assert_eq!(again().key(of).await.unwrap(), Some(present));
        again().finish_change(of).await.unwrap();
        again().finish_change(of).await.unwrap();
        assert_eq!((again().key(of).await.unwrap(), again().next_key(of).await.unwrap()), (Some(next.clone()), None));
        again().begin_change(of).await.unwrap();
        again().abandon_change(of).await.unwrap();
        assert_eq!((again().key(of).await.unwrap(), again().next_key(of).await.unwrap()), (Some(next), None));
    }
    // A channel that is logged out takes both with it.
    again().begin_change(KeyOf::Channel(channel(1))).await.unwrap();
    again().delete_channel_key(channel(1)).await.unwrap();
    assert_eq!(again().next_key(KeyOf::Channel(channel(1))).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_that_came_from_elsewhere_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(&dir.path().join("vault.sealed"), MasterKey::generate().unwrap());
    let key = vault::Key32::from_bytes([7; 32]);
    let of = KeyOf::Channel(channel(1));
    vault.keep_key(of, &key).await.unwrap();
    vault.keep_key(of, &key).await.unwrap();
    assert_eq!(vault.keep_key(of, &vault::Key32::from_bytes([8; 32])).await, Err(VaultError::AlreadyThere));
    assert_eq!(vault.key(of).await.unwrap(), Some(key));
}

/// Entries in memory, where somebody else does something at the worst moment.
#[derive(Clone, Default)]
struct Busy {
    entries: Arc<Mutex<Vec<SealedEntry>>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
    before_list: Arc<Mutex<Option<Meanwhile>>>,
}

type Meanwhile = Box<dyn FnOnce(&mut Vec<SealedEntry>) + Send>;

impl Busy {
    fn before_replace(&self, act: impl FnOnce(&mut Vec<SealedEntry>) + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(act));
    }
}

impl SealedEntries for Busy {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn place(&self) -> Option<String> {
        None
    }

    fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(self.entries.lock().unwrap().iter().find(|(there, _)| there == name).map(|(_, bytes)| bytes.clone()))
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<bool, VaultError> {
        if self.read(name)?.is_some() {
            return Ok(false);
        }
        self.write(name, bytes).map(|()| true)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultError> {
        self.delete(name)?;
        let mut entries = self.entries.lock().unwrap();
        entries.push((name.to_owned(), bytes.to_owned()));
        entries.sort();
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.entries.lock().unwrap().retain(|(there, _)| there != name);
        Ok(())
    }

    fn list(&mut self) -> Result<Vec<SealedEntry>, VaultError> {
        let mut entries = self.entries.lock().unwrap();
        if let Some(act) = self.before_list.lock().unwrap().take() {
            act(&mut entries);
        }
        Ok(entries.clone())
    }

    fn replace(&mut self, old: &[SealedEntry], new: &[SealedEntry]) -> Result<bool, VaultError> {
        let mut entries = self.entries.lock().unwrap();
        if let Some(act) = self.meanwhile.lock().unwrap().take() {
            act(&mut entries);
        }
        let same = *entries == old;
        if same {
            *entries = new.to_vec();
        }
        Ok(same)
    }
}

#[tokio::test]
async fn what_is_written_while_the_master_key_changes_is_not_lost() {
    let busy = Busy::default();
    let (old, new) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
    let of = |keys: MasterKeys, busy: Busy| Vault::master(keys, Box::new(busy), scope(Namespace::Sandbox, "one"));
    of(old.clone().into(), busy.clone()).create_ledger_key().await.unwrap();

    // Another worker makes a key while everything is being wrapped anew.
    let elsewhere = Busy::default();
    *elsewhere.entries.lock().unwrap() = busy.entries.lock().unwrap().clone();
    let made = of(old.clone().into(), elsewhere.clone()).create_channel_key(channel(1)).await.unwrap();
    let with_it = elsewhere.entries.lock().unwrap().clone();
    busy.before_replace(move |entries| *entries = with_it);
    assert_eq!(of(both(&new, &old), busy.clone()).rewrap().await.unwrap(), 2);
    assert_eq!(of(new.into(), busy).channel_key(channel(1)).await.unwrap(), Some(made));
}

#[tokio::test]
async fn of_two_that_begin_at_once_the_second_takes_the_first_ones_key_for_no_damage() {
    let key = MasterKey::generate().unwrap();
    let of = |busy: Busy| Vault::master(key.clone(), Box::new(busy), scope(Namespace::Sandbox, "one"));
    let first = Busy::default();
    let made = of(first.clone()).create_ledger_key().await.unwrap();

    // The first one begins between the second one's looks at the check and at everything.
    let second = Busy::default();
    *second.before_list.lock().unwrap() = Some(Box::new(move |entries| entries.clone_from(&first.entries.lock().unwrap())));
    let told = of(second.clone()).create_ledger_key().await;
    assert_eq!(told, Err(VaultError::AlreadyThere));
    assert_eq!(of(second.clone()).ledger_key().await.unwrap(), Some(made));

    // A check that is really missing is damage: without it nothing is "not there".
    second.entries.lock().unwrap().retain(|(name, _)| name != "check");
    assert!(matches!(of(second).channel_key(channel(1)).await, Err(VaultError::Damaged(_))));
}
