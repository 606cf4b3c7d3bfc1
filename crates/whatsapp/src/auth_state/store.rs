use super::disk::Disk;
use super::redis::Remote;
use super::{AuthStates, OpenError};
use domain::ChannelId;
use keyspace::{Holdings, Keyspace};
use socket::{Close, StoreError};
use std::path::Path;
use std::sync::Arc;
use vault::Vault;
use wacore::store::traits::Backend;

/// Where auth-states are kept. The keys that open them are in the vault, wherever that is.
#[derive(Clone, Debug)]
pub struct AuthStore {
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    Disk(Disk),
    Redis(Remote),
}

impl AuthStore {
    /// In `sessions/<channel-id>/` below `data_dir`.
    pub fn disk(data_dir: impl AsRef<Path>, vault: Vault) -> Self {
        AuthStore { place: Place::Disk(Disk::new(data_dir.as_ref(), vault)) }
    }

    /// In Redis, sealed before it leaves the process. A channel's auth-state can be opened while `holdings` say that this
    /// process holds the channel, and is written for as long as Redis agrees.
    pub fn redis(keyspace: Keyspace, holdings: Holdings, vault: Vault) -> Self {
        AuthStore { place: Place::Redis(Remote::new(keyspace, holdings, vault)) }
    }

    /// The channels that have an auth-state, in the order of their ids. What is about to be shredded does not count. On Redis
    /// it looks through all keys.
    ///
    /// # Errors
    /// When the directory cannot be read, or Redis not be reached.
    pub async fn kept(&self) -> Result<Vec<ChannelId>, StoreError> {
        let kept: Result<_, OpenError> = match &self.place {
            Place::Disk(disk) => disk.kept(),
            Place::Redis(remote) => remote.kept().await,
        };
        Ok(kept?)
    }

    /// The auth-state as a socket uses it, made when there is none: for tests and tools that bring no socket. `on_end` hears how a
    /// socket would end that cannot rely on it any more. Nobody keeps another from opening it, too.
    ///
    /// # Errors
    /// How a socket would end.
    #[doc(hidden)]
    pub async fn open(
        &self,
        channel: ChannelId,
        on_end: impl Fn(Close) + Send + Sync + 'static,
    ) -> Result<Arc<dyn Backend>, Close> {
        let states = AuthStates::new(self.clone());
        let turn = states.turn(channel).await;
        let store = states.open(channel, &turn, on_end).await.map_err(|error| error.close())?;
        Ok(store)
    }
}
