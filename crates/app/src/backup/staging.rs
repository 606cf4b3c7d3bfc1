//! Where a backup is put together: a directory within the data directory, as private as that. Removed when dropped.

use crate::backup::LEDGER;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const DIRECTORY: &str = ".backup";
const LOCK: &str = ".backup.lock";

#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Staging {
    /// `None` while another backup of this data directory is made. What one that was killed has left is swept.
    pub fn make(data_dir: &Path) -> io::Result<Option<Self>> {
        let lock = data_dir.join(LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let held = options.open(&lock)?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(e),
        }
        let path = data_dir.join(DIRECTORY);
        sweep(&path)?;
        directory(&path)?;
        Ok(Some(Staging { path, lock, _held: held }))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path for a new file of this name, where nothing is.
    pub fn fresh(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        if let Some(above) = path.parent() {
            directory(above)?;
        }
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => Ok(path),
        }
    }

    /// Copies a small file of the data directory, if it is there.
    pub fn take(&self, data_dir: &Path, name: &str) -> io::Result<()> {
        debug_assert_ne!(name, LEDGER, "a database is not copied as a file");
        match fs::read(data_dir.join(name)) {
            Ok(bytes) => crate::private::write(&self.fresh(name)?, &bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What stays is swept by the next one.
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_file(&self.lock);
    }
}

pub(super) fn directory(path: &Path) -> io::Result<()> {
    let mut maker = DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(path)
}

pub(super) fn sweep(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        Ok(()) | Err(_) => Ok(()),
    }
}
