//! A new key for an auth-state that is there.
//!
//! The vault keeps the next key beside the present one; a copy is sealed with the next one, read back and compared, and put in
//! the place of what was there in one step; then the next key becomes the present one. A process that ends in between leaves
//! either what was there, which the present key opens, or the copy, which the next one does: whoever opens it sees which, and
//! makes the next key the present one where it has to be.

mod disk;
mod redis;
mod step;

use super::store::Place;
use super::{AuthStore, OpenError};
use domain::ChannelId;
use socket::StoreError;
pub use step::reached;

/// What became of one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rekeyed {
    Done,
    /// There is no auth-state.
    Nothing,
}

impl AuthStore {
    /// Seals the channel's auth-state with a new key, which the vault keeps in the place of the one before. No socket may use it
    /// meanwhile; in Redis nobody may hold the channel. Interrupted, it may be repeated.
    ///
    /// # Errors
    /// As they say; the auth-state is as it was, or sealed with a key that the vault has.
    pub async fn rekey(&self, channel: ChannelId) -> Result<Rekeyed, StoreError> {
        let done: Result<_, OpenError> = match &self.place {
            Place::Disk(disk) => disk.rekey(channel).await,
            Place::Redis(remote) => remote.rekey(channel).await,
        };
        Ok(done?)
    }
}
