//! The file itself: a tar archive, so that a person can look into it with what every system has.

use super::manifest::{Manifest, ManifestError, measure};
use super::{CHOICES, INSTALLATION, KEY_CHECK, LEDGER, staging};
use domain::ChannelId;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "manifest.json";
/// A manifest has some hundred bytes per channel.
const LONGEST_MANIFEST: u64 = 16 << 20;

/// Why a backup cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    #[error("the backup is cut short: {0} is missing or not complete")]
    CutShort(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Where a channel's auth-state lies, within a data directory and within an archive.
pub(super) fn auth_state(channel: ChannelId) -> String {
    format!("sessions/{channel}/auth.db")
}

/// Whether a backup may have a file of this name.
pub(super) fn belongs(path: &str) -> bool {
    let channel = || path.strip_prefix("sessions/")?.strip_suffix("/auth.db")?.parse::<ChannelId>().ok();
    [LEDGER, KEY_CHECK, INSTALLATION, CHOICES].contains(&path) || channel().is_some_and(|id| auth_state(id) == path)
}

/// The files below `directory` that belong into a backup, sorted.
pub(super) fn files(directory: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut todo = vec![directory.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                todo.push(path);
            } else if let Ok(inner) = path.strip_prefix(directory) {
                let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy()).collect();
                found.push(parts.join("/"));
            }
        }
    }
    // A companion of a database, as SQLite leaves beside an open one, is no part of it.
    found.retain(|path| belongs(path));
    found.sort();
    Ok(found)
}

/// Writes the archive to `path` (0600) and answers with its length. It has that name only when it is complete and on the disk.
pub(super) fn write(path: &Path, from: &Path, manifest: &Manifest) -> io::Result<u64> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let written = write_draft(&draft, from, manifest).and_then(|bytes| {
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&draft, path)?;
        #[cfg(unix)]
        if let Some(above) = path.parent() {
            File::open(above)?.sync_all()?;
        }
        Ok(bytes)
    });
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_draft(draft: &Path, from: &Path, manifest: &Manifest) -> io::Result<u64> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut archive = tar::Builder::new(io::BufWriter::new(options.open(draft)?));
    let text = serde_json::to_vec_pretty(manifest)?;
    archive.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
    for kept in &manifest.files {
        archive.append_data(&mut header(kept.bytes), &kept.path, File::open(from.join(&kept.path))?)?;
    }
    let mut out = archive.into_inner()?;
    out.flush()?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

/// Unpacks the archive below `into`, and checks every byte of it against its manifest.
pub(super) fn read(path: &Path, into: &Path) -> Result<Manifest, ArchiveError> {
    let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
    let mut entries = archive.entries()?;
    let first = entries.next().ok_or_else(|| ManifestError::NoBackup("it is empty".into()))?;
    let mut first = first.map_err(|e| ManifestError::NoBackup(e.to_string()))?;
    if first.path_bytes().as_ref() != MANIFEST.as_bytes() || first.size() > LONGEST_MANIFEST {
        return Err(ManifestError::NoBackup("it does not begin with a manifest".into()).into());
    }
    let mut text = Vec::new();
    let expected = first.size();
    first.read_to_end(&mut text).map_err(|_| ArchiveError::CutShort(MANIFEST.into()))?;
    if text.len() as u64 != expected {
        return Err(ArchiveError::CutShort(MANIFEST.into()));
    }
    let manifest = Manifest::parse(&text)?;

    let mut wanted = manifest.files.iter();
    for entry in entries {
        // Past the manifest a broken header is either damage or the end of what was copied.
        let Ok(mut entry) = entry else { break };
        let Some(kept) = wanted.next() else { return Err(ArchiveError::Damaged("it has more than its manifest says".into())) };
        if entry.path_bytes().as_ref() != kept.path.as_bytes() || entry.size() != kept.bytes {
            return Err(ArchiveError::Damaged(format!("{} is not where its manifest says", kept.path)));
        }
        let to = into.join(&kept.path);
        if let Some(above) = to.parent() {
            staging::directory(above)?;
        }
        let mut file = private_file(&to)?;
        let copied = io::copy(&mut entry, &mut file).map_err(|e| {
            if e.kind() == io::ErrorKind::UnexpectedEof {
                ArchiveError::CutShort(kept.path.clone())
            } else {
                ArchiveError::Io(e)
            }
        })?;
        file.sync_all()?;
        drop(file);
        if copied != kept.bytes {
            return Err(ArchiveError::CutShort(kept.path.clone()));
        }
        if measure(&mut File::open(&to)?)?.1 != kept.sha256 {
            return Err(ArchiveError::Damaged(format!("{} is not what was written", kept.path)));
        }
    }
    match wanted.next() {
        Some(missing) => Err(ArchiveError::CutShort(missing.path.clone())),
        None => Ok(manifest),
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
#[path = "archive/tests.rs"]
mod tests;
