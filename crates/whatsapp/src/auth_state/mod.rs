//! A channel's credentials, wherever they are kept: on disk ([`disk`]) or in Redis ([`redis`]).
//!
//! Nothing here wipes anything but [`AuthStates::shred`]. An open store is kept between the sockets of a channel, so that a
//! reconnect costs no key and no opening. Each socket gets it behind a [`FailStop`] of its own; after a write that failed it
//! is opened anew.

mod copy;
mod disk;
mod error;
mod fail_stop;
mod files;
mod redis;
pub(crate) mod rekey;
mod seal;
pub mod snapshot;
mod store;
mod stranded;

pub use copy::{copy_auth_state, kept_auth_states, try_auth_state};
pub(crate) use error::OpenError;
pub(crate) use fail_stop::FailStop;
pub use rekey::Rekeyed;
pub use store::AuthStore;

use crate::transport::chain;
use domain::ChannelId;
use socket::Close;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::Place;
use stranded::Stranded;
use tokio::sync::OwnedMutexGuard;
use wacore::store::traits::{Backend, DeviceStore as _};
use whatsapp_rust_sqlite_storage::SqliteStore;

/// How long `shred` waits for the channel's socket to let go.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct AuthStates {
    store: AuthStore,
    channels: Mutex<HashMap<ChannelId, Arc<Channel>>>,
}

/// What is kept per channel while the process runs.
#[derive(Default)]
pub(crate) struct Channel {
    /// Held by the one socket of the channel, and while the auth-state is destroyed.
    turn: Arc<tokio::sync::Mutex<()>>,
    kept: Mutex<Option<Kept>>,
    stranded: Arc<Stranded>,
}

/// What stays open between two sockets.
#[derive(Clone)]
enum Kept {
    Disk(Arc<SqliteStore>),
    Redis(redis::Opened),
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
    fn kept(&self) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: Option<Kept>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

impl AuthStates {
    pub fn new(store: AuthStore) -> Self {
        AuthStates { store, channels: Mutex::default() }
    }

    /// Waits until no other socket of this channel uses the auth-state.
    pub async fn turn(&self, id: ChannelId) -> Turn {
        let channel = self.channel(id);
        let held = Arc::clone(&channel.turn).lock_owned().await;
        Turn { channel, _held: held }
    }

    /// As [`turn`](AuthStates::turn), for those who do not run a socket.
    pub async fn turn_soon(&self, id: ChannelId) -> Result<Turn, OpenError> {
        let turn = tokio::time::timeout(PATIENCE, self.turn(id)).await;
        turn.map_err(|_| OpenError::Io("a socket of the channel is still open".into()))
    }

    /// The auth-state, opened; made when there is none. `on_failure` is called when it cannot be relied on any more, the first
    /// time: nothing more is written then, and the socket must end, for the reason given.
    pub async fn open(
        &self,
        id: ChannelId,
        turn: &Turn,
        on_failure: impl Fn(Close) + Send + Sync + 'static,
    ) -> Result<Arc<FailStop<dyn Backend>>, OpenError> {
        let on_failure = Arc::new(on_failure);
        let opened = match &self.store.place {
            Place::Disk(disk) => self.on_disk(disk, id, turn).await,
            Place::Redis(remote) => {
                let told = Arc::clone(&on_failure);
                remote.open(id, turn, move |close| told(close)).await
            }
        };
        match opened {
            Ok(store) => Ok(Arc::new(FailStop::new(store, Arc::clone(&turn.channel.stranded), move |close| on_failure(close)))),
            Err(error) => {
                turn.close();
                Err(error)
            }
        }
    }

    async fn on_disk(&self, disk: &disk::Disk, id: ChannelId, turn: &Turn) -> Result<Arc<dyn Backend>, OpenError> {
        let store = async {
            let store = match turn.channel.kept() {
                Some(Kept::Disk(store)) => store,
                Some(Kept::Redis(_)) | None => Arc::new(disk.unsealed(id).await?),
            };
            turn.channel.stranded.land(&*store).await.map_err(|e| OpenError::Unwritable(chain(&e)))?;
            turn.channel.keep(Some(Kept::Disk(Arc::clone(&store))));
            Ok::<_, OpenError>(store)
        };
        match store.await {
            Ok(store) => Ok(store),
            Err(OpenError::Io(what)) if !disk.files(id).have_room() => Err(OpenError::Unwritable(what)),
            Err(error) => Err(error),
        }
    }

    /// Whether this process may still log in with the auth-state that it opened. On disk its lock says so.
    pub async fn still_ours(&self, id: ChannelId) -> Result<(), OpenError> {
        match &self.store.place {
            Place::Disk(_) => Ok(()),
            Place::Redis(remote) => remote.still_ours(id).await,
        }
    }

    /// Whether the auth-state belongs to an account.
    pub async fn is_paired(&self, id: ChannelId) -> Result<bool, OpenError> {
        match (&self.store.place, self.channel(id).kept()) {
            (Place::Disk(_), Some(Kept::Disk(store))) => Ok(store.load().await?.is_some_and(|device| device.pn.is_some())),
            (Place::Disk(disk), _) => disk.is_paired(id).await,
            (Place::Redis(remote), _) => remote.is_paired(id).await,
        }
    }

    /// Brings what was written so far to where it survives a power cut.
    pub async fn sync(&self, id: ChannelId) {
        match &self.store.place {
            Place::Disk(disk) => disk.sync(id).await,
            // That is Redis' own doing: see its `appendfsync`.
            Place::Redis(_) => {}
        }
    }

    /// Destroys the auth-state for good: first the key, without which the rest is noise, then the rest.
    pub async fn shred(&self, id: ChannelId) -> Result<(), OpenError> {
        let turn = self.turn_soon(id).await?;
        turn.close();
        match &self.store.place {
            Place::Disk(disk) => disk.shred(id).await?,
            Place::Redis(remote) => remote.shred(id).await?,
        }
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        Ok(())
    }

    fn channel(&self, id: ChannelId) -> Arc<Channel> {
        Arc::clone(self.channels.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default())
    }
}

#[cfg(test)]
mod tests;
