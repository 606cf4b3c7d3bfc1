//! One process per data directory.

use domain::Timestamp;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Held as long as this value lives; the system lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
    holder: PathBuf,
}

/// Who has the data directory, as far as they told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct HeldBy {
    pub pid: Option<u32>,
    pub program: Option<String>,
    pub since: Option<Timestamp>,
}

/// Why the data directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(transparent)]
    Held(#[from] HeldBy),
    #[error("the data directory cannot be locked: {0}")]
    Io(#[from] io::Error),
}

impl HeldBy {
    /// For a person.
    pub fn sentence(&self) -> String {
        let program = self.program.as_deref().unwrap_or("another program");
        let pid = self.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
        let since = self.since.map(|since| format!(", running since {since}")).unwrap_or_default();
        format!(
            "This data directory is in use by {program}{pid}{since}. Stop it first, or choose another directory with --data-dir."
        )
    }

    // Beside the lock, because a locked file cannot be read by others on Windows.
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::trim).filter(|v| !v.is_empty())
        };
        HeldBy {
            pid: field("pid").and_then(|v| v.parse().ok()),
            program: field("program").map(str::to_owned),
            since: field("since").and_then(Timestamp::parse),
        }
    }
}

impl DataDirLock {
    /// Takes `dir` (made when missing) for this process, which calls itself `program` and started at `since`.
    pub fn acquire(dir: &Path, program: &str, since: Timestamp) -> Result<Self, LockError> {
        make_private(dir)?;
        let file = private().read(true).open(dir.join("lock"))?;
        let holder = dir.join("lock.holder");
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HeldBy::read(&holder).into()),
            Err(TryLockError::Error(e)) => return Err(e.into()),
        }
        let program = program.replace(['\n', '\r'], " ");
        let note = format!("pid={}\nprogram={program}\nsince={since}\n", std::process::id());
        // Only for the words of the refusal: a full disk must not keep anybody from starting.
        if let Err(error) = private().truncate(true).open(&holder).and_then(|mut file| file.write_all(note.as_bytes())) {
            tracing::warn!(%error, "cannot note who holds the data directory");
        }
        Ok(DataDirLock { _file: file, holder })
    }
}

impl Drop for DataDirLock {
    fn drop(&mut self) {
        // The lock itself goes with the file; a note left behind is overwritten by the next holder.
        let _ = fs::remove_file(&self.holder);
    }
}

/// A file to write, for its owner only.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SINCE: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn a_second_one_is_told_who_holds_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let _first = DataDirLock::acquire(dir.path(), "whatisupd", SINCE).unwrap();
        let Err(LockError::Held(by)) = DataDirLock::acquire(dir.path(), "WhatIsUp", SINCE) else { panic!("locked twice") };
        assert_eq!(by, HeldBy { pid: Some(std::process::id()), program: Some("whatisupd".into()), since: Some(SINCE) });
        assert!(by.sentence().contains(&format!("whatisupd (process {})", std::process::id())));
    }

    #[test]
    fn the_directory_is_free_again_when_its_holder_has_gone() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("not/yet/there");
        drop(DataDirLock::acquire(&inner, "whatisupd", SINCE).unwrap());
        DataDirLock::acquire(&inner, "whatisupd", SINCE).unwrap();
    }

    #[test]
    fn a_note_that_cannot_be_read_still_gives_a_sentence() {
        let held = HeldBy::read(Path::new("/nonexistent"));
        assert_eq!(
            held.sentence(),
            "This data directory is in use by another program. Stop it first, or choose another directory with --data-dir."
        );
    }
}
