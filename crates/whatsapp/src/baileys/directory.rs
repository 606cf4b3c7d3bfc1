//! The disk: a directory is read whole or refused, and written whole or not at all.

use super::Files;
use super::error::{BaileysError, Fault};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Of one file. Records of sessions have some ten KiB, collections of settings up to some MiB.
const FILE_LIMIT: u64 = 16 << 20;
/// Of all files. Accounts of many years have some ten thousand.
const LIMIT: usize = 500_000;
/// Of all files together.
const TOTAL_LIMIT: u64 = 1 << 30;

/// Reads every file of the directory itself; what lies deeper, and hidden files, are left alone.
///
/// # Errors
/// Names what is not there, no plain file, or larger than any file of Baileys. Links are not followed.
pub fn read_directory(path: &Path) -> Result<Files, BaileysError> {
    let whole = |fault| BaileysError::new(path.display().to_string(), fault);
    let found = fs::metadata(path).map_err(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        whole(if missing { Fault::Missing } else { unread(&error) })
    })?;
    if !found.is_dir() {
        return Err(whole(Fault::NotDirectory));
    }
    let mut files = Files::new();
    let mut total = 0;
    for entry in fs::read_dir(path).map_err(|error| whole(unread(&error)))? {
        let entry = entry.map_err(|error| whole(unread(&error)))?;
        // A name that is no text is none of Baileys'.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || !name.ends_with(".json") {
            continue;
        }
        let bytes = read_file(&name, &entry.path())?;
        total += bytes.len() as u64;
        files.insert(name, bytes);
        if files.len() > LIMIT {
            return Err(whole(Fault::TooMany(LIMIT)));
        }
        if total > TOTAL_LIMIT {
            return Err(whole(Fault::TooLarge(TOTAL_LIMIT >> 10)));
        }
    }
    Ok(files)
}

fn read_file(name: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, BaileysError> {
    let wrong = |fault| BaileysError::new(name, fault);
    let found = fs::symlink_metadata(path).map_err(|error| wrong(unread(&error)))?;
    if !found.is_file() {
        return Err(wrong(Fault::NotPlain));
    }
    if found.len() > FILE_LIMIT {
        return Err(wrong(Fault::TooLarge(FILE_LIMIT >> 10)));
    }
    let file = open_plain(path).map_err(|error| wrong(unread(&error)))?;
    let room = usize::try_from(found.len()).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    // It may have grown since.
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| wrong(unread(&error)))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(wrong(Fault::TooLarge(FILE_LIMIT >> 10)));
    }
    Ok(bytes)
}

/// Writes a new directory (0700, its files 0600). It appears whole under its name, or not at all.
///
/// # Errors
/// When something is there already, or the disk refuses; nothing is left then.
pub fn write_directory(path: &Path, files: &Files) -> Result<(), BaileysError> {
    let whole = |fault| BaileysError::new(path.display().to_string(), fault);
    let unwritten = |error: &io::Error| whole(Fault::Io(format!("cannot be written: {error}")));
    if fs::symlink_metadata(path).is_ok() {
        return Err(whole(Fault::Exists));
    }
    let (parent, name) = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if parent.as_os_str().is_empty() => (Path::new("."), name),
        (Some(parent), Some(name)) => (parent, name),
        (None, _) | (_, None) => return Err(whole(Fault::NotDirectory)),
    };
    let mut begun = Begun::beside(parent, name).map_err(|error| unwritten(&error))?;
    begun.fill(files).map_err(|error| unwritten(&error))?;
    // Onto a directory that came meanwhile a rename would go if that is empty, so nothing of anybody is lost.
    fs::rename(&begun.path, path).map_err(|error| unwritten(&error))?;
    begun.complete = true;
    sync(parent).map_err(|error| unwritten(&error))
}

/// A directory that goes away again unless it is completed.
struct Begun {
    path: PathBuf,
    complete: bool,
}

impl Begun {
    fn beside(parent: &Path, name: &std::ffi::OsStr) -> io::Result<Self> {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{:08x}", rand::random::<u32>()));
        let path = parent.join(hidden);
        private_directory().create(&path)?;
        Ok(Begun { path, complete: false })
    }

    fn fill(&self, files: &Files) -> io::Result<()> {
        for (name, bytes) in files {
            // Names come from us; one that led elsewhere would be a defect.
            if name.contains(['/', '\\']) || name.starts_with('.') {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "a file name that leads elsewhere"));
            }
            let mut file = new_private_file(&self.path.join(name))?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        sync(&self.path)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.complete
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, "what was begun of a directory for Baileys could not be removed");
        }
    }
}

fn unread(error: &io::Error) -> Fault {
    Fault::Io(format!("cannot be read: {error}"))
}

#[cfg(unix)]
fn open_plain(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}

#[cfg(not(unix))]
fn open_plain(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(unix)]
fn private_directory() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_directory() -> DirBuilder {
    DirBuilder::new()
}

fn new_private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_directory: &Path) -> io::Result<()> {
    Ok(())
}
