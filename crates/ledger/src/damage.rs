//! A damaged ledger is kept as it was found, and never replaced unless a person says so.

use crate::{OpenError, key_check, open};
use domain::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

const SET_ASIDE: &str = "set-aside";

/// The error for a damaged ledger, after a copy of it was kept.
pub(crate) fn found(dir: &Path, detail: String) -> OpenError {
    let kept_copy = match keep(dir, "damaged", |from, to| fs::copy(from, to).map(drop)) {
        Ok(copy) => copy,
        Err(e) => {
            tracing::warn!(error = %e, "no copy of the damaged ledger could be kept; the file itself was left as it is");
            None
        }
    };
    OpenError::Damaged { kept_copy, detail }
}

/// Moves the ledger's files aside, so that the next [`Ledger::open`](crate::Ledger::open) begins with an empty one. Only for a
/// person who asked for that. Answers with the name that the old file has now, if there was one.
pub fn start_fresh(dir: &Path) -> io::Result<Option<PathBuf>> {
    let moved = keep(dir, SET_ASIDE, |from, to| fs::rename(from, to))?;
    key_check::forget(dir)?;
    Ok(moved)
}

/// The name carries the time at which the file last changed, so that ten starts with the same damage keep one copy.
fn keep(dir: &Path, word: &str, act: impl Fn(&Path, &Path) -> io::Result<()>) -> io::Result<Option<PathBuf>> {
    let [file, wal, shm] = open::files(dir);
    let about = match fs::metadata(&file) {
        Ok(about) if about.len() > 0 => about,
        Ok(_) => return Ok(None),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let changed = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let stamp: String = Timestamp::from_millis(i64::try_from(changed).unwrap_or(0))
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let name = format!("{}.{word}-{stamp}", open::FILE);
    let kept = dir.join(&name);
    if kept.exists() && word == SET_ASIDE {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", kept.display())));
    }
    if !kept.exists() {
        let done = act(&file, &kept);
        if done.is_err() {
            // Half a copy is no copy.
            let _ = fs::remove_file(&kept);
        }
        done?;
        for (companion, end) in [(wal, "-wal"), (shm, "-shm")] {
            if companion.exists() {
                act(&companion, &dir.join(format!("{name}{end}")))?;
            }
        }
    }
    Ok(Some(kept))
}
