use crate::entry::{Entry, Secret};
use crate::key_file::KeyFile;
use crate::keychain::Keychain;
use crate::master::Master;
use crate::queue::{Queue, locked};
use crate::store::{Store, VaultReport, Wrapping};
use crate::{Access, AdminKey, Key32, KeyOf, MasterKeys, Scope, SealedEntries, VaultError};
use domain::ChannelId;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// The keys of one installation.
///
/// Cheap to clone; all clones share one thread, on which the calls are made one after the other. A call answers
/// whatever the keychain does: `Locked` at once while it is locked or while a prompt waits for a person, `TimedOut` when one call
/// hangs for a deadline (five seconds). Unless [`without_prompt`](Vault::without_prompt), the first call that finds
/// it locked makes it ask the person, once; [`unlock`](Vault::unlock) asks again; [`wait_unlocked`](Vault::wait_unlocked)
/// notices the answer, or that it was unlocked in another way.
#[derive(Clone, Debug)]
pub struct Vault {
    inner: Arc<Inner>,
    prompt: bool,
    deadline: Duration,
}

#[derive(Debug)]
struct Inner {
    scope: Scope,
    queue: Result<Queue, VaultError>,
    asking: Mutex<Asking>,
    /// Rises with every answer to a prompt.
    answers: watch::Sender<u64>,
}

/// What is going on with the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    NotYet,
    Now,
    Dismissed,
}

const DEADLINE: Duration = Duration::from_secs(5);
/// How often a locked or missing keychain is looked at while somebody waits for it.
const GLANCE: Duration = Duration::from_secs(1);

impl Vault {
    /// The keychain of the operating system. Nothing is asked of it yet.
    pub fn keychain(scope: Scope) -> Self {
        Vault::over(Box::new(Keychain::new()), scope)
    }

    /// A key file at `path` (made 0600 when the first key is written). Nothing is read yet.
    pub fn key_file(path: impl Into<PathBuf>, scope: Scope) -> Self {
        Vault::over(Box::new(KeyFile::new(path.into())), scope)
    }

    /// Keys wrapped by a master key, and kept as `entries`. Nothing is read yet: [`wrapping`](Vault::wrapping) tells whether
    /// the key is the right one, and so does every other call (`WrongMasterKey`).
    pub fn master(keys: impl Into<MasterKeys>, entries: Box<dyn SealedEntries>, scope: Scope) -> Self {
        Vault::over(Box::new(Master::new(keys.into(), entries)), scope)
    }

    pub(crate) fn over(store: Box<dyn Store>, scope: Scope) -> Self {
        let inner =
            Inner { scope, queue: Queue::start(store), asking: Mutex::new(Asking::NotYet), answers: watch::Sender::new(0) };
        Vault { inner: Arc::new(inner), prompt: true, deadline: DEADLINE }
    }

    /// Never asks the person by itself: for a process that nobody sits at. [`unlock`](Vault::unlock) still does.
    #[must_use]
    pub fn without_prompt(mut self) -> Self {
        self.prompt = false;
        self
    }

    /// How long a call may take before it answers `TimedOut`.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub fn scope(&self) -> &Scope {
        &self.inner.scope
    }

    /// The key of a channel's auth-state, if it has one.
    pub async fn channel_key(&self, channel: ChannelId) -> Result<Option<Key32>, VaultError> {
        self.key(KeyOf::Channel(channel)).await
    }

    /// Makes and keeps a new key. `AlreadyThere` when the channel has one: it is never overwritten.
    pub async fn create_channel_key(&self, channel: ChannelId) -> Result<Key32, VaultError> {
        self.create_key(KeyOf::Channel(channel)).await
    }

    /// Deletes a channel's key: what it sealed can never be read again. Succeeds when there is none.
    pub async fn delete_channel_key(&self, channel: ChannelId) -> Result<(), VaultError> {
        let key = KeyOf::Channel(channel);
        let entries = [self.entry(Secret::Next(key)), self.entry(key.into())];
        self.call(move |store| entries.iter().try_for_each(|entry| store.delete(entry))).await
    }

    pub async fn ledger_key(&self) -> Result<Option<Key32>, VaultError> {
        self.key(KeyOf::Ledger).await
    }

    /// Makes and keeps the ledger's key. `AlreadyThere` when there is one: it is never overwritten.
    pub async fn create_ledger_key(&self) -> Result<Key32, VaultError> {
        self.create_key(KeyOf::Ledger).await
    }

    pub async fn admin_key(&self) -> Result<Option<AdminKey>, VaultError> {
        let entry = self.entry(Secret::Admin);
        let text = self.call(move |store| store.read(&entry)).await?;
        text.map(|text| AdminKey::from_text(&text)).transpose()
    }

    /// The admin key; `new` from now on if there is none. Of several processes that begin at once all get the same.
    pub async fn admin_key_or(&self, new: &AdminKey) -> Result<AdminKey, VaultError> {
        let entry = self.entry(Secret::Admin);
        let new = new.clone();
        let text = self
            .call(move |store| {
                store.create(&entry, new.expose())?;
                store.read(&entry)
            })
            .await?;
        AdminKey::from_text(&text.ok_or_else(|| VaultError::Refused("the admin key was not kept".into()))?)
    }

    /// Keeps `key` as the admin key in place of the one before it.
    pub async fn set_admin_key(&self, key: &AdminKey) -> Result<(), VaultError> {
        let entry = self.entry(Secret::Admin);
        let key = key.clone();
        self.call(move |store| write_checked(store, &entry, key.expose())).await
    }

    /// How it stands with the master key; `None` for a vault that has none. Tells `WrongMasterKey` before anything is done.
    pub async fn wrapping(&self) -> Result<Option<Wrapping>, VaultError> {
        self.call(|store| store.wrapping()).await
    }

    /// Wraps everything by the current master key, in one step: a process that ends meanwhile has changed nothing or all of it.
    /// How many entries there are. Does nothing when all is as it should be.
    pub async fn rewrap(&self) -> Result<usize, VaultError> {
        self.call(|store| store.rewrap()).await
    }

    /// Whether secrets can be written and read, tried with an entry that is deleted again. For a first run and `doctor`.
    pub async fn probe(&self) -> Result<VaultReport, VaultError> {
        let entry = self.entry(Secret::Probe);
        self.call(move |store| {
            let text = Key32::random()?.to_text();
            write_checked(store, &entry, &text)?;
            store.delete(&entry)?;
            Ok(VaultReport { store: store.name(), place: store.place(), writable: true })
        })
        .await
    }

    /// Whether it can be read now. Never asks the person.
    pub async fn access(&self) -> Result<Access, VaultError> {
        self.queue()?.run(self.deadline, |store| store.access()).await
    }

    /// Asks the person to unlock the keychain and waits for the answer for at most `patience`. `Refused` when they
    /// dismissed the prompt, `TimedOut` while it is still up (a later answer is noticed).
    pub async fn unlock(&self, patience: Duration) -> Result<(), VaultError> {
        let mut answers = self.inner.answers.subscribe();
        answers.mark_unchanged();
        if self.access().await? == Access::Open {
            return Ok(());
        }
        self.ask_person().await?;
        if *locked(&self.inner.asking) == Asking::Now {
            // Without an answer the state of things decides: it may have been unlocked in another way.
            let _ = tokio::time::timeout(patience, answers.changed()).await;
        }
        match self.access().await? {
            Access::Open | Access::Unknown => Ok(()),
            Access::Locked if *locked(&self.inner.asking) == Asking::Now => Err(VaultError::TimedOut),
            Access::Locked => Err(VaultError::Refused("the keychain's password window was dismissed".into())),
        }
    }

    /// Returns when the keychain can be read: at once, or when a person unlocks it, or when a missing one has started.
    pub async fn wait_unlocked(&self) {
        let mut answers = self.inner.answers.subscribe();
        loop {
            match self.access().await {
                Ok(Access::Open | Access::Unknown) => return,
                Ok(Access::Locked)
                | Err(
                    VaultError::Locked
                    | VaultError::Missing
                    | VaultError::Refused(_)
                    | VaultError::TimedOut
                    | VaultError::Damaged(_)
                    | VaultError::AlreadyThere
                    | VaultError::WrongMasterKey { .. }
                    | VaultError::Unreachable(_)
                    | VaultError::Io(_),
                ) => {}
            }
            // Whichever comes first; a missed answer is found at the next glance.
            let _ = tokio::time::timeout(GLANCE, answers.changed()).await;
        }
    }

    fn entry(&self, secret: Secret) -> Entry {
        Entry::new(&self.inner.scope, secret)
    }

    /// A key that is kept.
    pub async fn key(&self, of: KeyOf) -> Result<Option<Key32>, VaultError> {
        self.read_key(of.into()).await
    }

    /// Keeps a key that was made elsewhere. Succeeds when it is kept already; `AlreadyThere` when another one is.
    pub async fn keep_key(&self, of: KeyOf, key: &Key32) -> Result<(), VaultError> {
        let entry = self.entry(of.into());
        let text = key.to_text();
        self.call(move |store| match store.create(&entry, &text)? {
            true => read_back(store, &entry, &text),
            false => match store.read(&entry)? {
                Some(there) if *there == *text => Ok(()),
                Some(_) | None => Err(VaultError::AlreadyThere),
            },
        })
        .await
    }

    /// The key that is to take the place of the present one, while a change of keys is under way.
    pub async fn next_key(&self, of: KeyOf) -> Result<Option<Key32>, VaultError> {
        self.read_key(Secret::Next(of)).await
    }

    /// Makes and keeps the next key beside the present one; the same again when there is one already, from a change that
    /// was interrupted. What it is to open is sealed with it then, beside what the present one opens.
    pub async fn begin_change(&self, of: KeyOf) -> Result<Key32, VaultError> {
        let entry = self.entry(Secret::Next(of));
        self.call(move |store| {
            if let Some(text) = store.read(&entry)? {
                return Key32::from_text(&text);
            }
            let key = Key32::random()?;
            write_checked(store, &entry, &key.to_text())?;
            Ok(key)
        })
        .await
    }

    /// Makes the next key the present one. To be called when the present one opens nothing any more that is needed. Does nothing
    /// when there is no next one.
    pub async fn finish_change(&self, of: KeyOf) -> Result<(), VaultError> {
        let (entry, next) = (self.entry(of.into()), self.entry(Secret::Next(of)));
        self.call(move |store| {
            if let Some(text) = store.read(&next)? {
                write_checked(store, &entry, &text)?;
                store.delete(&next)?;
            }
            Ok(())
        })
        .await
    }

    /// Gives up a change: forgets the next key. To be called when nothing that is needed was sealed with it.
    pub async fn abandon_change(&self, of: KeyOf) -> Result<(), VaultError> {
        let next = self.entry(Secret::Next(of));
        self.call(move |store| store.delete(&next)).await
    }

    async fn read_key(&self, secret: Secret) -> Result<Option<Key32>, VaultError> {
        let entry = self.entry(secret);
        let text = self.call(move |store| store.read(&entry)).await?;
        text.map(|text| Key32::from_text(&text)).transpose()
    }

    async fn create_key(&self, of: KeyOf) -> Result<Key32, VaultError> {
        let entry = self.entry(of.into());
        self.call(move |store| {
            let key = Key32::random()?;
            let text = key.to_text();
            if !store.create(&entry, &text)? {
                return Err(VaultError::AlreadyThere);
            }
            read_back(store, &entry, &text)?;
            Ok(key)
        })
        .await
    }

    /// Does `act` if the store is not locked; if it is, has the person asked (once) and says so.
    async fn call<T, F>(&self, act: F) -> Result<T, VaultError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Store) -> Result<T, VaultError> + Send + 'static,
    {
        let done = self
            .queue()?
            .run(self.deadline, |store| match store.access()? {
                Access::Open | Access::Unknown => act(store),
                Access::Locked => Err(VaultError::Locked),
            })
            .await;
        if self.prompt && matches!(done, Err(VaultError::Locked)) && *locked(&self.inner.asking) == Asking::NotYet {
            self.ask_person().await?;
        }
        done
    }

    fn queue(&self) -> Result<&Queue, VaultError> {
        self.inner.queue.as_ref().map_err(Clone::clone)
    }

    /// Starts the prompt on a thread of its own, unless one is up.
    async fn ask_person(&self) -> Result<(), VaultError> {
        let unlock = self.queue()?.run(self.deadline, |store| Ok(store.unlock())).await?;
        let Some(unlock) = unlock else { return Ok(()) };
        {
            let mut asking = locked(&self.inner.asking);
            if *asking == Asking::Now {
                return Ok(());
            }
            *asking = Asking::Now;
        }
        let inner = Arc::downgrade(&self.inner);
        let started = std::thread::Builder::new().name("vault-unlock".into()).spawn(move || {
            let answer = unlock();
            if let Err(why) = &answer {
                tracing::warn!(reason = %why, "the keychain stays locked");
            }
            // Nobody needs the answer once the vault is gone.
            if let Some(inner) = inner.upgrade() {
                inner.asked(if answer.is_ok() { Asking::NotYet } else { Asking::Dismissed });
            }
        });
        if let Err(e) = started {
            self.inner.asked(Asking::NotYet);
            return Err(VaultError::Io(format!("cannot start a thread: {e}")));
        }
        Ok(())
    }
}

impl Inner {
    fn asked(&self, outcome: Asking) {
        *locked(&self.asking) = outcome;
        self.answers.send_modify(|n| *n += 1);
    }
}

/// A store that takes a secret and does not give it back must be found out before anything is sealed with it.
fn write_checked(store: &mut dyn Store, entry: &Entry, secret: &str) -> Result<(), VaultError> {
    store.write(entry, secret)?;
    read_back(store, entry, secret)
}

fn read_back(store: &mut dyn Store, entry: &Entry, secret: &str) -> Result<(), VaultError> {
    match store.read(entry)? {
        Some(back) if *back == secret => Ok(()),
        Some(_) | None => Err(VaultError::Refused(format!("the {} did not keep what was written to it", store.name()))),
    }
}
