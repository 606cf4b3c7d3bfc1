//! Files that are replaced as a whole: a reader sees the old or the new, never half of one.

use crate::scope::sync_dir;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The right to change a file, among processes. Held until dropped; the system lets go of it when a process dies.
pub(crate) struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits for another process that is writing, on the vault's thread, where waiting is what callers have deadlines for.
    pub fn take(path: &Path) -> io::Result<Self> {
        let lock = private(&beside(path, ".lock"), OpenOptions::new().create(true).truncate(false))?;
        lock.lock()?;
        Ok(Turn { _lock: lock })
    }
}

/// Puts `bytes` in the place of the file, for its owner only. Durable when it returns. The caller has the turn.
pub(crate) fn file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = beside(path, ".new");
    let written = private(&draft, OpenOptions::new().create(true).truncate(true))
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path));
    if let Err(e) = written {
        let _ = fs::remove_file(&draft);
        return Err(e);
    }
    sync_dir(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Opens for writing, made readable by its owner only.
fn private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}
