use crate::VaultError;
use rand::TryRngCore as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// Which build of WhatIsUp asks: each has its own entries, so that a test run never touches a real account's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Namespace {
    Release,
    Dev,
    Sandbox,
}

impl Namespace {
    /// The name under which a person finds the entries in the keychain's own window.
    pub fn as_str(self) -> &'static str {
        match self {
            Namespace::Release => "WhatIsUp",
            Namespace::Dev => "WhatIsUp (dev)",
            Namespace::Sandbox => "WhatIsUp (sandbox)",
        }
    }
}

/// One data directory: its entries are its own, so that two directories never share a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Installation(String);

const FILE: &str = "installation-id";

impl Installation {
    /// The id kept in `data_dir/installation-id`; made (with the directory) when there is none. It is no secret,
    /// but without it the keys are not found: it belongs into every backup of the directory.
    ///
    /// Errors: `Damaged` when the file holds something else, `Io`.
    pub fn of(data_dir: &Path) -> Result<Self, VaultError> {
        let path = data_dir.join(FILE);
        match read(&path)? {
            Some(id) => Ok(id),
            None => {
                make(data_dir, &path).map_err(|e| VaultError::Io(format!("{}: {e}", path.display())))?;
                // Read back: of two processes that made one at once, both go on with the one that is there.
                read(&path)?.ok_or_else(|| VaultError::Io(format!("{} vanished", path.display())))
            }
        }
    }

    /// For tests and tools that have no data directory.
    pub fn named(name: &str) -> Self {
        Installation(name.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whose entries these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub namespace: Namespace,
    pub installation: Installation,
}

fn read(path: &Path) -> Result<Option<Installation>, VaultError> {
    let mut text = String::new();
    let opened = File::open(path).and_then(|file| file.take(100).read_to_string(&mut text));
    match opened {
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::Io(format!("{}: {e}", path.display()))),
    }
    let id = text.trim();
    if id.len() == 26 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()) {
        Ok(Some(Installation(id.to_owned())))
    } else {
        Err(VaultError::Damaged(format!("{} does not hold an installation id", path.display())))
    }
}

fn make(dir: &Path, path: &Path) -> io::Result<()> {
    private_dir(dir)?;
    let mut random = [0; 26];
    rand::rngs::OsRng.try_fill_bytes(&mut random).map_err(io::Error::other)?;
    // 26 letters and digits of five random bits each.
    let id: String = random.iter().map(|b| char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[usize::from(b & 31)])).collect();
    // The id, random as it is, names the draft too: nobody else writes into it.
    let draft = dir.join(format!(".{FILE}.{id}"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(format!("{id}\n").as_bytes())?;
    file.sync_all()?;
    // A link, unlike a rename, does not replace what another process has just put there.
    let linked = fs::hard_link(&draft, path);
    let done = match linked {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) if !path.exists() => fs::rename(&draft, path),
        Err(e) => Err(e),
    };
    let _ = fs::remove_file(&draft);
    done?;
    sync_dir(dir)
}

fn private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Makes a rename in `dir` survive a power cut. Only Unix has a call for it.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_data_directory_keeps_its_id_and_another_has_another() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let id = Installation::of(&one.path().join("new/dir")).unwrap();
        assert_eq!(Installation::of(&one.path().join("new/dir")).unwrap(), id);
        assert_ne!(Installation::of(two.path()).unwrap(), id);
        assert_eq!(fs::read_dir(two.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_damaged_id_is_an_error_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "").unwrap();
        assert!(matches!(Installation::of(dir.path()), Err(VaultError::Damaged(_))));
        assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), b"");
    }

    #[test]
    fn several_starting_at_once_agree_on_the_id() {
        let dir = tempfile::tempdir().unwrap();
        let ids: Vec<_> = std::thread::scope(|s| {
            let threads: Vec<_> = (0..8).map(|_| s.spawn(|| Installation::of(dir.path()).unwrap())).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]));
    }
}
