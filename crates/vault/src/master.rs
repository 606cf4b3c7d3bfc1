//! A vault without a desktop: every key is wrapped by one master key that somebody hands to the process, and the wrapped
//! entries are kept where they may be seen.
//!
//! One more entry, the check, tells which master key is in force: its mark in plain text, and something sealed with it. It is
//! made with the first entry. A process may know two master keys; it reads entries wrapped by either, and writes with the one
//! in force, so that a change of the master key is one step ([`Store::rewrap`]) for all processes that know both.

mod entries;
mod file;
mod key;
mod source;

pub use entries::{SealedEntries, SealedEntry};
pub use file::SealedFile;
pub use key::{MasterKey, NotAMasterKey};
pub use source::{CREDENTIAL, MasterKeyError};

use crate::VaultError;
use crate::entry::Entry;
use crate::store::{Access, Store, Unlock, Wrapping};
use seal::Sealer;
use std::fmt;
use zeroize::Zeroizing;

/// The master keys that a process knows.
pub struct MasterKeys {
    pub current: MasterKey,
    /// The one before it, while a change is under way.
    pub previous: Option<MasterKey>,
    again: Option<Again>,
}

/// Looks for the keys once more where they came from.
type Again = Box<dyn FnMut() -> Option<(MasterKey, Option<MasterKey>)> + Send>;

impl MasterKeys {
    pub fn new(current: MasterKey, previous: Option<MasterKey>) -> Self {
        // One that was left configured after the change means nothing more.
        let previous = previous.filter(|previous| *previous != current);
        MasterKeys { current, previous, again: None }
    }

    /// When none of the keys fits, `again` is asked for the keys as they are now: a mounted secret may have been replaced
    /// under a running process.
    #[must_use]
    pub fn looked_up_by(mut self, again: impl FnMut() -> Option<(MasterKey, Option<MasterKey>)> + Send + 'static) -> Self {
        self.again = Some(Box::new(again));
        self
    }

    fn all(&self) -> impl Iterator<Item = &MasterKey> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten()
    }

    /// Whether there are others now.
    fn look_again(&mut self) -> bool {
        let Some((current, previous)) = self.again.as_mut().and_then(|again| again()) else { return false };
        let news = current != self.current || previous != self.previous;
        if news {
            tracing::info!(key = current.mark(), "the master key was read again: it is another one now");
            (self.current, self.previous) = (current, previous);
        }
        news
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(key: MasterKey) -> Self {
        MasterKeys::new(key, None)
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// The names are a storage format.
const CHECK: &str = "check";
const CHECK_SAYS: &[u8] = b"whatisup vault 1";
/// Bytes of a mark within the check.
const MARK: usize = 8;
/// A writer that finds the key in force changed tries again; nobody changes it this often.
const TRIES: usize = 5;

/// The store over sealed entries.
pub(crate) struct Master {
    keys: MasterKeys,
    entries: Box<dyn SealedEntries>,
}

/// The master key in force, with the check entry that says so.
struct InForce {
    sealer: Sealer,
    check: Vec<u8>,
}

impl Master {
    pub fn new(keys: MasterKeys, entries: Box<dyn SealedEntries>) -> Self {
        Master { keys, entries }
    }

    /// Which key is in force; `None` when nothing was ever written.
    fn in_force(&mut self) -> Result<Option<InForce>, VaultError> {
        let check = match self.entries.read(CHECK)? {
            Some(check) => check,
            None => {
                // Another process may have begun between the two looks: the second one tells all of it.
                let all = self.entries.list()?;
                let begun = !all.is_empty();
                match all.into_iter().find(|(name, _)| name == CHECK) {
                    Some((_, check)) => check,
                    None if begun => return Err(VaultError::Damaged("the entry that tells the master key is missing".into())),
                    None => return Ok(None),
                }
            }
        };
        loop {
            if let Some(sealer) = self.keys.all().map(MasterKey::sealer).find(|sealer| opens(sealer, &check)) {
                return Ok(Some(InForce { sealer, check }));
            }
            if !self.keys.look_again() {
                return Err(self.wrong(&check));
            }
        }
    }

    /// As [`in_force`](Master::in_force); the first write makes the current key the one in force.
    fn in_force_for_writing(&mut self) -> Result<InForce, VaultError> {
        for _ in 0..TRIES {
            if let Some(in_force) = self.in_force()? {
                return Ok(in_force);
            }
            // Of two that begin at once, one is first, and the other sees whether its key is the same.
            self.entries.create(CHECK, &check_of(&self.keys.current))?;
        }
        Err(VaultError::Io("the master key in force cannot be told".into()))
    }

    fn wrong(&self, check: &[u8]) -> VaultError {
        let needed = check.get(..MARK).and_then(|mark| std::str::from_utf8(mark).ok());
        match needed.filter(|mark| mark.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(needed) => VaultError::WrongMasterKey { needed: needed.to_owned(), given: self.keys.current.mark() },
            None => VaultError::Damaged("the entry that tells the master key is not one of ours".into()),
        }
    }

    fn unwrap(&mut self, name: &str, sealed: &[u8]) -> Result<Zeroizing<String>, VaultError> {
        if let Some(text) = self.try_unwrap(name, sealed)? {
            return Ok(text);
        }
        // A key that is not in force explains it; keys that were looked up again may do better.
        self.in_force()?;
        match self.try_unwrap(name, sealed)? {
            Some(text) => Ok(text),
            None => Err(VaultError::Damaged(format!("the master key fits, but not the entry {name}"))),
        }
    }

    fn try_unwrap(&self, name: &str, sealed: &[u8]) -> Result<Option<Zeroizing<String>>, VaultError> {
        let Some(plain) = self.keys.all().find_map(|key| key.sealer().open(&context(name), sealed).ok()) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Damaged(format!("the entry {name} is no text")))?;
        Ok(Some(Zeroizing::new(text.to_owned())))
    }

    /// Does `write` with what the key in force makes of `secret`, and once more when another key came into force meanwhile:
    /// such an entry would be lost when the old key is.
    fn sealed<T>(
        &mut self,
        name: &str,
        secret: &str,
        mut write: impl FnMut(&mut dyn SealedEntries, &[u8], bool) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut in_force = self.in_force_for_writing()?;
        let mut done = write(self.entries.as_mut(), &in_force.sealer.seal(&context(name), secret.as_bytes()), false)?;
        for _ in 0..TRIES {
            let now = self.in_force_for_writing()?;
            if now.check == in_force.check {
                return Ok(done);
            }
            in_force = now;
            done = write(self.entries.as_mut(), &in_force.sealer.seal(&context(name), secret.as_bytes()), true)?;
        }
        Err(VaultError::Io("the master key changes all the time".into()))
    }
}

impl Store for Master {
    fn name(&self) -> &'static str {
        self.entries.kind()
    }

    fn place(&self) -> Option<String> {
        self.entries.place()
    }

    fn access(&mut self) -> Result<Access, VaultError> {
        Ok(Access::Open)
    }

    fn read(&mut self, entry: &Entry) -> Result<Option<Zeroizing<String>>, VaultError> {
        let name = entry.full_name();
        match self.entries.read(&name)? {
            Some(sealed) => self.unwrap(&name, &sealed).map(Some),
            None => {
                // With a wrong key nothing is "not there": whoever hears that makes a new one.
                self.in_force()?;
                Ok(None)
            }
        }
    }

    fn create(&mut self, entry: &Entry, secret: &str) -> Result<bool, VaultError> {
        let name = entry.full_name();
        let mut ours = false;
        self.sealed(&name, secret, |entries, sealed, again| {
            if again && ours {
                entries.write(&name, sealed)?;
            } else {
                ours = entries.create(&name, sealed)?;
            }
            Ok(ours)
        })
    }

    fn write(&mut self, entry: &Entry, secret: &str) -> Result<(), VaultError> {
        let name = entry.full_name();
        self.sealed(&name, secret, |entries, sealed, _| entries.write(&name, sealed))
    }

    fn delete(&mut self, entry: &Entry) -> Result<(), VaultError> {
        // Whoever has not the key has no business deleting.
        if self.in_force()?.is_none() {
            return Ok(());
        }
        self.entries.delete(&entry.full_name())
    }

    fn unlock(&self) -> Option<Unlock> {
        None
    }

    fn wrapping(&mut self) -> Result<Option<Wrapping>, VaultError> {
        let (current, previous) = (self.keys.current.mark(), self.keys.previous.as_ref().map(MasterKey::mark));
        let in_force = self.in_force()?.map(|in_force| mark_in(&in_force.check));
        let entries = self.entries.list()?.into_iter().filter(|(name, _)| name != CHECK).count();
        Ok(Some(Wrapping { current, previous, in_force, entries }))
    }

    fn rewrap(&mut self) -> Result<usize, VaultError> {
        for _ in 0..TRIES {
            let Some(in_force) = self.in_force()? else { return Ok(0) };
            let old = self.entries.list()?;
            let sealer = self.keys.current.sealer();
            let is_new = |(name, sealed): &SealedEntry| name == CHECK || sealer.open(&context(name), sealed).is_ok();
            if opens(&sealer, &in_force.check) && old.iter().all(is_new) {
                return Ok(old.len().saturating_sub(1));
            }
            let mut new = Vec::with_capacity(old.len());
            for (name, sealed) in &old {
                let wrapped = match name.as_str() {
                    CHECK => check_of(&self.keys.current),
                    name => {
                        let plain = self.unwrap(name, sealed)?;
                        sealer.seal(&context(name), plain.as_bytes())
                    }
                };
                new.push((name.clone(), wrapped));
            }
            // Not when somebody wrote meanwhile: then all of it once more. And after it too, to see what came in between.
            self.entries.replace(&old, &new)?;
        }
        Err(VaultError::Io("the entries change all the time".into()))
    }
}

fn check_of(key: &MasterKey) -> Vec<u8> {
    let mut check = key.mark().into_bytes();
    check.extend_from_slice(&key.sealer().seal(CHECK.as_bytes(), CHECK_SAYS));
    check
}

fn mark_in(check: &[u8]) -> String {
    check.get(..MARK).map(|mark| String::from_utf8_lossy(mark).into_owned()).unwrap_or_default()
}

fn opens(sealer: &Sealer, check: &[u8]) -> bool {
    let sealed = check.get(MARK..).unwrap_or_default();
    sealer.open(CHECK.as_bytes(), sealed).is_ok_and(|says| *says == CHECK_SAYS)
}

fn context(name: &str) -> Vec<u8> {
    [b"entry/", name.as_bytes()].concat()
}
