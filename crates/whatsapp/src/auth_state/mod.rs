//! A channel's credentials on disk: `sessions/<channel-id>/auth.db`, a SQLCipher file under the vault's key.
//!
//! Upstream's store keeps the schema; this keeps the seal. Nothing here wipes anything but [`AuthStates::shred`].
//!
//! - A key is made only for a new file. A file without its key is [`OpenError::WrongKey`], as is a key that does not fit.
//! - Before the pool of upstream's store sees the file, one connection of ours tries the key: the pool would repeat a
//!   wrong one for thirty seconds.
//! - An open store is kept between the sockets of a channel, so that a reconnect costs no key and no opening. Each
//!   socket gets it behind a [`FailStop`] of its own; after a write that failed it is opened anew.

mod copy;
mod error;
mod fail_stop;
mod files;
mod seal;
pub mod snapshot;
mod stranded;

pub use copy::{copy_auth_state, kept_auth_states, try_auth_state};
pub(crate) use error::OpenError;
pub(crate) use fail_stop::FailStop;

use crate::transport::chain;
use domain::ChannelId;
use files::Files;
use seal::Seal;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stranded::Stranded;
use tokio::sync::OwnedMutexGuard;
use vault::Vault;
use whatsapp_rust_sqlite_storage::SqliteStore;

/// How long `shred` waits for the channel's socket to let go.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct AuthStates {
    sessions: PathBuf,
    vault: Vault,
    channels: Mutex<HashMap<ChannelId, Arc<Channel>>>,
}

/// What is kept per channel while the process runs.
#[derive(Default)]
struct Channel {
    /// Held by the one socket of the channel, and while the auth-state is destroyed.
    turn: Arc<tokio::sync::Mutex<()>>,
    store: Mutex<Option<Arc<SqliteStore>>>,
    stranded: Arc<Stranded>,
}

/// The right to use a channel's auth-state, one holder at a time.
pub(crate) struct Turn {
    channel: Arc<Channel>,
    _held: OwnedMutexGuard<()>,
}

impl Turn {
    /// Closes the file when its last user is gone; without it the open store waits for the next socket.
    pub fn close(&self) {
        self.channel.keep(None);
    }
}

impl Channel {
    fn kept(&self) -> Option<Arc<SqliteStore>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, store: Option<Arc<SqliteStore>>) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store;
    }
}

impl AuthStates {
    pub fn new(sessions: PathBuf, vault: Vault) -> Self {
        AuthStates { sessions, vault, channels: Mutex::default() }
    }

    /// Waits until no other socket of this channel uses the auth-state.
    pub async fn turn(&self, id: ChannelId) -> Turn {
        let channel = self.channel(id);
        let held = Arc::clone(&channel.turn).lock_owned().await;
        Turn { channel, _held: held }
    }

    /// The auth-state, opened; made when there is none. `on_failure` is called when a write to it has failed, the first
    /// time: nothing more is written then, and the socket must end.
    pub async fn open(
        &self,
        id: ChannelId,
        turn: &Turn,
        on_failure: impl Fn() + Send + Sync + 'static,
    ) -> Result<Arc<FailStop<SqliteStore>>, OpenError> {
        let files = self.files(id);
        match self.opened(id, turn, &files).await {
            Ok(store) => Ok(Arc::new(FailStop::new(store, Arc::clone(&turn.channel.stranded), on_failure))),
            Err(error) => {
                turn.close();
                if let OpenError::Io(what) = &error
                    && !files.have_room()
                {
                    return Err(OpenError::Unwritable(what.clone()));
                }
                Err(error)
            }
        }
    }

    async fn opened(&self, id: ChannelId, turn: &Turn, files: &Files) -> Result<Arc<SqliteStore>, OpenError> {
        let store = match turn.channel.kept() {
            Some(store) => store,
            None => Arc::new(self.unsealed(id, files).await?),
        };
        turn.channel.stranded.land(&*store).await.map_err(|e| OpenError::Unwritable(chain(&e)))?;
        turn.channel.keep(Some(Arc::clone(&store)));
        Ok(store)
    }

    async fn unsealed(&self, id: ChannelId, files: &Files) -> Result<SqliteStore, OpenError> {
        self.finish_shredding(id, files).await?;
        let seal = if files.hold_something()? {
            let key = self.vault.channel_key(id).await?.ok_or(OpenError::WrongKey)?;
            let seal = Seal::new(&key);
            seal.tried_on(files.database()).await?;
            seal
        } else {
            let key = match self.vault.channel_key(id).await? {
                Some(key) => key,
                None => self.vault.create_channel_key(id).await?,
            };
            files.make()?;
            Seal::new(&key)
        };
        let store = seal.store(&files.database()).await?;
        files.restrict()?;
        Ok(store)
    }

    /// Whether the auth-state belongs to an account.
    pub async fn is_paired(&self, id: ChannelId) -> Result<bool, OpenError> {
        let files = self.files(id);
        if let Some(store) = self.channel(id).kept() {
            let device = store.load_device_data_for_device(store.device_id()).await?;
            return Ok(device.is_some_and(|d| d.pn.is_some()));
        }
        self.finish_shredding(id, &files).await?;
        if !files.hold_something()? {
            return Ok(false);
        }
        let key = self.vault.channel_key(id).await?.ok_or(OpenError::WrongKey)?;
        Seal::new(&key).paired(files.database()).await
    }

    /// Brings what was written so far safely to the disk. SQLite by itself does so at its checkpoints only.
    pub async fn sync(&self, id: ChannelId) {
        let files = self.files(id);
        let synced = tokio::task::spawn_blocking(move || files.sync()).await;
        if let Ok(Err(error)) = synced {
            tracing::warn!(channel.id = %id, %error, "the auth-state could not be synced");
        }
    }

    /// Destroys the auth-state for good: first the key, without which the files are noise, then the files.
    pub async fn shred(&self, id: ChannelId) -> Result<(), OpenError> {
        let turn = tokio::time::timeout(PATIENCE, self.turn(id))
            .await
            .map_err(|_| OpenError::Io("a socket of the channel is still open".into()))?;
        turn.close();
        let files = self.files(id);
        files.mark_for_shredding()?;
        self.vault.delete_channel_key(id).await?;
        files.remove().await?;
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        Ok(())
    }

    /// A shredding that the end of the process interrupted is brought to its end; it had been decided.
    async fn finish_shredding(&self, id: ChannelId, files: &Files) -> Result<(), OpenError> {
        if files.marked_for_shredding() {
            self.vault.delete_channel_key(id).await?;
            files.remove().await?;
        }
        Ok(())
    }

    fn channel(&self, id: ChannelId) -> Arc<Channel> {
        Arc::clone(self.channels.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default())
    }

    fn files(&self, id: ChannelId) -> Files {
        Files::new(&self.sessions, id)
    }
}

#[cfg(test)]
mod tests;
