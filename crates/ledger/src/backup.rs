use crate::{Ledger, LedgerError, dialect};
use std::fs;
use std::io;
use std::path::Path;

impl Ledger {
    /// Writes a copy of the ledger as it is at one moment into the new file `path` (0600, under the same key), while everything
    /// goes on. What is there already is not touched: `Io`. The copy is on the disk when this returns; after an error nothing
    /// is left of it.
    pub async fn backup_into(&self, path: &Path) -> Result<(), LedgerError> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map_err(|e| disk(&e, path))?;
        let copied = self.copy_into(path).await;
        if copied.is_err() {
            // An incomplete copy must not be taken for one.
            if let Err(e) = fs::remove_file(path) {
                tracing::warn!(error = %e, "an incomplete backup was left behind");
            }
        }
        copied
    }

    async fn copy_into(&self, path: &Path) -> Result<(), LedgerError> {
        let name = path.to_str().ok_or_else(|| LedgerError::Io("the name of the backup is not Unicode".into()))?.to_owned();
        let dir = path.parent().unwrap_or_else(|| Path::new(".")).to_owned();
        if self.inner.readers.is_closed() {
            return Err(LedgerError::Closed);
        }
        dialect::copy(&self.inner.readers, &name).await.map_err(|e| dialect::explain(&e, &dir))?;
        // SQLite does not sync what VACUUM INTO writes.
        fs::File::open(path).and_then(|file| file.sync_all()).map_err(|e| disk(&e, path))?;
        #[cfg(unix)]
        fs::File::open(&dir).and_then(|dir| dir.sync_all()).map_err(|e| disk(&e, path))?;
        Ok(())
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
fn disk(error: &io::Error, path: &Path) -> LedgerError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LedgerError::Full,
        _ => LedgerError::Io(format!("{}: {error}", path.display())),
    }
}
