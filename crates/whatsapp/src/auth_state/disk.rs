//! Auth-state on disk: `sessions/<channel-id>/auth.db`, a SQLCipher file under the vault's key.
//!
//! Upstream's store keeps the schema; this keeps the seal.
//!
//! - A key is made only for a new file. A file without its key is [`OpenError::WrongKey`], as is a key that does not fit.
//! - Before the pool of upstream's store sees the file, one connection of ours tries the key: the pool would repeat a
//!   wrong one for thirty seconds.

use super::OpenError;
use super::files::Files;
use super::seal::Seal;
use domain::ChannelId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use vault::Vault;
use whatsapp_rust_sqlite_storage::SqliteStore;

#[derive(Clone, Debug)]
pub(crate) struct Disk {
    pub(super) sessions: PathBuf,
    pub(super) vault: Vault,
}

impl Disk {
    pub fn new(data_dir: &Path, vault: Vault) -> Self {
        Disk { sessions: data_dir.join("sessions"), vault }
    }

    pub fn files(&self, id: ChannelId) -> Files {
        Files::new(&self.sessions, id)
    }

    /// The file, opened; made when there is none.
    pub async fn unsealed(&self, id: ChannelId) -> Result<SqliteStore, OpenError> {
        let files = self.files(id);
        self.finish_shredding(id, &files).await?;
        let seal = if files.hold_something()? {
            self.seal(id).await?
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

    /// Whether the auth-state in the file belongs to an account.
    pub async fn is_paired(&self, id: ChannelId) -> Result<bool, OpenError> {
        let files = self.files(id);
        self.finish_shredding(id, &files).await?;
        if !files.hold_something()? {
            return Ok(false);
        }
        self.seal(id).await?.paired(files.database()).await
    }

    /// Brings what was written so far safely to the disk. SQLite by itself does so at its checkpoints only.
    pub async fn sync(&self, id: ChannelId) {
        let files = self.files(id);
        let synced = tokio::task::spawn_blocking(move || files.sync()).await;
        if let Ok(Err(error)) = synced {
            tracing::warn!(channel.id = %id, %error, "the auth-state could not be synced");
        }
    }

    /// First the key, without which the files are noise, then the files.
    pub async fn shred(&self, id: ChannelId) -> Result<(), OpenError> {
        let files = self.files(id);
        files.mark_for_shredding()?;
        self.vault.delete_channel_key(id).await?;
        files.remove().await
    }

    /// A shredding that the end of the process interrupted is brought to its end; it had been decided.
    pub async fn finish_shredding(&self, id: ChannelId, files: &Files) -> Result<(), OpenError> {
        if files.marked_for_shredding() {
            self.vault.delete_channel_key(id).await?;
            files.remove().await?;
        }
        Ok(())
    }

    pub fn kept(&self) -> Result<Vec<ChannelId>, OpenError> {
        Self::kept_in(&self.sessions)
    }

    /// In the order of their ids. What is about to be shredded does not count.
    pub fn kept_in(sessions: &Path) -> Result<Vec<ChannelId>, OpenError> {
        let entries = match fs::read_dir(sessions) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e.into()),
        };
        let mut kept = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse::<ChannelId>().ok()) else { continue };
            let files = Files::new(sessions, id);
            if !files.marked_for_shredding() && files.hold_something()? {
                kept.push(id);
            }
        }
        kept.sort();
        Ok(kept)
    }
}
