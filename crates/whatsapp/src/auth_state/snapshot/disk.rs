//! On disk a snapshot is built in a database of its own beside the place of the real one, read back, and then moved there
//! by one renaming. Before that nothing looks at it; what an interrupted attempt left is swept by the next one.

use super::install::write_into;
use super::{InstallError, Snapshot, rows};
use crate::auth_state::OpenError;
use crate::auth_state::disk::Disk;
use crate::auth_state::files::Files;
use crate::auth_state::seal::Seal;
use domain::ChannelId;

impl Disk {
    pub async fn snapshot(&self, id: ChannelId) -> Result<Option<Snapshot>, OpenError> {
        let files = self.files(id);
        self.finish_shredding(id, &files).await?;
        if !files.hold_something()? {
            return Ok(None);
        }
        let seal = self.seal(id).await?;
        let store = seal.store(&files.database()).await?;
        rows::read(&store, &seal, files.database()).await
    }

    /// `snapshot` is canonical.
    pub async fn install(&self, id: ChannelId, snapshot: &Snapshot) -> Result<(), InstallError> {
        if self.is_paired(id).await? {
            return Err(InstallError::Occupied);
        }
        let files = self.files(id);
        files.remove().await?;
        let key = match self.vault.channel_key(id).await.map_err(OpenError::from)? {
            Some(key) => key,
            None => self.vault.create_channel_key(id).await.map_err(OpenError::from)?,
        };
        let installed = built(&Seal::new(&key), snapshot, &files).await;
        if installed.is_err() {
            files.remove().await?;
        }
        installed
    }
}

async fn built(seal: &Seal, snapshot: &Snapshot, files: &Files) -> Result<(), InstallError> {
    files.make_incoming()?;
    let store = seal.store(&files.incoming()).await?;
    write_into(&store, snapshot).await?;
    match rows::read(&store, seal, files.incoming()).await? {
        Some(back) if back.digest() == snapshot.digest() => {}
        Some(_) | None => return Err(InstallError::Differs),
    }
    // The copy is one whole file, whatever upstream's pool still does with the other.
    seal.copied(files.incoming(), files.arrived()).await?;
    Ok(files.settle()?)
}
