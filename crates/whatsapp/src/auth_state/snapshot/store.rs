use super::{InstallError, Snapshot};
use crate::auth_state::store::Place;
use crate::auth_state::{AuthStates, AuthStore, OpenError};
use domain::ChannelId;
use socket::StoreError;

impl AuthStore {
    /// All of the channel's auth-state; `None` when there is none. No socket may use it meanwhile; where one may,
    /// [`WhatsApp::snapshot`](crate::WhatsApp::snapshot) waits for its end.
    ///
    /// # Errors
    /// `WrongKey` when the vault's key does not open it; others when it cannot be read.
    pub async fn snapshot(&self, channel: ChannelId) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.read(channel).await?)
    }

    /// Makes `snapshot` the channel's auth-state, once it was read back as it was written. What a pairing that came to
    /// nothing has left makes room. With an error there is none, also after the end of the process in the middle.
    ///
    /// # Errors
    /// `Occupied` when the channel has a session; it stays as it is.
    pub async fn install(&self, channel: ChannelId, snapshot: &Snapshot) -> Result<(), InstallError> {
        let snapshot = snapshot.canonical()?;
        match &self.place {
            Place::Disk(disk) => disk.install(channel, &snapshot).await,
            Place::Redis(remote) => remote.install(channel, &snapshot).await,
        }
    }

    /// Takes the channel's auth-state away and leaves its key: for one that lives elsewhere by now, under the same key.
    ///
    /// # Errors
    /// When it cannot be removed; it may be repeated.
    pub async fn clear(&self, channel: ChannelId) -> Result<(), StoreError> {
        let cleared: Result<(), OpenError> = match &self.place {
            Place::Disk(disk) => disk.files(channel).overwrite_and_remove().await,
            Place::Redis(remote) => remote.cleared(channel).await,
        };
        Ok(cleared?)
    }

    async fn read(&self, channel: ChannelId) -> Result<Option<Snapshot>, OpenError> {
        match &self.place {
            Place::Disk(disk) => disk.snapshot(channel).await,
            Place::Redis(remote) => remote.snapshot(channel).await,
        }
    }
}

impl AuthStates {
    /// As [`AuthStore::snapshot`], after the channel's socket.
    pub async fn snapshot(&self, id: ChannelId) -> Result<Option<Snapshot>, OpenError> {
        let turn = self.turn_soon(id).await?;
        if !turn.channel.stranded.is_empty() {
            // Opening is what puts them where they belong.
            drop(self.open(id, &turn, |_| {}).await?);
        }
        // Whoever comes next opens it for itself: an export is not followed by a socket.
        turn.close();
        self.store.read(id).await
    }

    /// As [`AuthStore::install`], while no socket of the channel can begin.
    pub async fn install(&self, id: ChannelId, snapshot: &Snapshot) -> Result<(), InstallError> {
        let turn = self.turn_soon(id).await?;
        turn.close();
        self.store.install(id, snapshot).await
    }
}
