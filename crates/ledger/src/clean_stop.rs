use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A note left by a ledger that was closed in good order: length and time of its file. Whoever changes the file
/// afterwards gives himself away, so that a large one need not be read through at every start.
#[derive(Debug)]
pub(crate) struct CleanStop {
    note: PathBuf,
    file: PathBuf,
}

impl CleanStop {
    pub fn of(dir: &Path) -> Self {
        CleanStop { note: dir.join("ledger.closed"), file: dir.join(crate::open::FILE) }
    }

    /// Whether the note is there and true.
    pub fn holds(&self) -> bool {
        let Ok(noted) = fs::read_to_string(&self.note) else { return false };
        self.look().is_ok_and(|now| now == noted)
    }

    pub fn leave(&self) {
        if let Err(e) = self.look().and_then(|now| self.write(&now)) {
            tracing::debug!(error = %e, "no note of the clean stop; the next start checks the ledger thoroughly");
        }
    }

    fn write(&self, now: &str) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.note)?.write_all(now.as_bytes())
    }

    pub fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.note) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn look(&self) -> io::Result<String> {
        let about = fs::metadata(&self.file)?;
        let changed = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(format!("{} {}\n", about.len(), changed.as_nanos()))
    }
}
