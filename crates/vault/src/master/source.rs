//! Where a master key comes from: a file, a credential of systemd, or a text that somebody else took from the environment.

use super::{MasterKey, NotAMasterKey};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The name of the credential: `LoadCredential=whatisup-master-key:/path` in a systemd unit.
pub const CREDENTIAL: &str = "whatisup-master-key";
/// No text form comes near this.
const LARGEST: u64 = 4096;

/// Why there is no master key where there should be one. Each has words for a person, none quotes the file.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("the master key file {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{origin} does not hold a master key: {why}")]
    NotOne { origin: String, why: NotAMasterKey },
    #[error(
        "the master key file {} can be read by other users (mode {mode:03o}). Make it its owner's alone: chmod 600 {}",
        path.display(), path.display()
    )]
    OpenToOthers { path: PathBuf, mode: u32 },
}

impl MasterKeyError {
    /// Whether somebody may still be about to put it there.
    pub fn is_missing(&self) -> bool {
        matches!(self, MasterKeyError::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl MasterKey {
    /// Reads the file at `path`, after a look at who else can.
    ///
    /// Refused is what others can read, but for places where nobody could have given it another mode, and which are closed in
    /// another way: a credential of systemd, a read-only mount, and a file of root's in a file system that lives in memory
    /// (how Kubernetes and Docker hand secrets to a container). A file of root's that its group may read is taken as well: so
    /// a service is given a key that it cannot change.
    ///
    /// # Errors
    /// See [`MasterKeyError`].
    pub fn from_file(path: &Path) -> Result<Self, MasterKeyError> {
        let unreadable = |source| MasterKeyError::Unreadable { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        let not_one = |why| MasterKeyError::NotOne { origin: format!("the file {}", path.display()), why };
        if about.is_dir() {
            return Err(unreadable(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        guard(path, &file, &about)?;
        // What is no plain file (a pipe from another program) tells no length; no more than this is taken of it.
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LARGEST).unwrap_or(0) + 1));
        file.by_ref().take(LARGEST + 1).read_to_string(&mut text).map_err(|e| {
            match e.kind() == io::ErrorKind::InvalidData {
                true => not_one(NotAMasterKey::SomethingElse),
                false => unreadable(e),
            }
        })?;
        if text.len() as u64 > LARGEST {
            return Err(not_one(NotAMasterKey::SomethingElse));
        }
        MasterKey::from_text(&text).map_err(not_one)
    }

    /// Takes a text; `origin` is for the words when it is none, as in `WHATISUP_VAULT_MASTER_KEY`.
    ///
    /// # Errors
    /// [`MasterKeyError::NotOne`].
    pub fn from_origin(origin: &str, text: &str) -> Result<Self, MasterKeyError> {
        MasterKey::from_text(text).map_err(|why| MasterKeyError::NotOne { origin: origin.to_owned(), why })
    }

    /// Writes it into a new file for its owner only.
    ///
    /// # Errors
    /// When there is a file already: what a key opens would be lost with it.
    pub fn write_new(&self, path: &Path) -> io::Result<()> {
        use std::io::Write as _;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut text = self.to_text();
        text.push('\n');
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        crate::scope::sync_dir(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

#[cfg(unix)]
fn guard(path: &Path, file: &File, about: &fs::Metadata) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = about.mode() & 0o777;
    let for_root_to_give = about.uid() == 0 && rustix::process::geteuid().as_raw() != 0;
    let by_group_only = mode & 0o027 == 0;
    if mode & 0o077 == 0 || (for_root_to_give && by_group_only) || !about.is_file() {
        return Ok(());
    }
    if in_credentials_directory(path) || mounted_for_reading(file) || (about.uid() == 0 && in_memory(file)) {
        tracing::debug!(file = %path.display(), mode = format!("{mode:03o}"), "the master key is in a mounted secret");
        return Ok(());
    }
    Err(MasterKeyError::OpenToOthers { path: path.to_owned(), mode })
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
fn guard(_: &Path, _: &File, _: &fs::Metadata) -> Result<(), MasterKeyError> {
    // Access lists of the directory decide.
    Ok(())
}

/// systemd closes that directory to all but the service.
#[cfg(unix)]
fn in_credentials_directory(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|dir| !dir.is_empty() && path.starts_with(dir))
}

#[cfg(unix)]
fn mounted_for_reading(file: &File) -> bool {
    rustix::fs::fstatvfs(file).is_ok_and(|about| about.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// tmpfs and ramfs.
#[cfg(target_os = "linux")]
fn in_memory(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|about| matches!(about.f_type, 0x0102_1994) || about.f_type as u32 == 0x8584_58f6)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn in_memory(_: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_gives_back_the_key_that_was_written_and_is_not_written_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let key = MasterKey::generate().unwrap();
        key.write_new(&path).unwrap();
        assert_eq!(MasterKey::from_file(&path).unwrap(), key);
        assert_eq!(MasterKey::generate().unwrap().write_new(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(MasterKey::from_file(&path).unwrap(), key);
    }

    #[test]
    fn a_file_that_holds_no_key_is_told_without_quoting_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        assert!(MasterKey::from_file(&path).unwrap_err().is_missing());
        for text in ["", "hunter2 hunter2", "wium_hunter2", &"hunter2".repeat(10_000)] {
            private(&path, text);
            let told = MasterKey::from_file(&path).unwrap_err();
            let words = format!("{told} {told:?}");
            assert!(matches!(told, MasterKeyError::NotOne { .. }) && words.contains("master.key"), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
        assert!(!MasterKey::from_file(dir.path()).unwrap_err().is_missing());
    }

    fn private(path: &Path, text: &str) {
        let _ = fs::remove_file(path);
        fs::write(path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        use std::os::unix::fs::PermissionsExt as _;
        // Not below /tmp, which may live in memory: a file of root's there counts as a mounted secret.
        let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = dir.path().join("master.key");
        MasterKey::generate().unwrap().write_new(&path).unwrap();
        for mode in [0o644, 0o640, 0o604, 0o660, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let told = MasterKey::from_file(&path).unwrap_err();
            let words = told.to_string();
            assert!(matches!(told, MasterKeyError::OpenToOthers { mode: told, .. } if told == mode), "{words}");
            assert!(words.contains("chmod 600") && words.contains("master.key"), "{words}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        MasterKey::from_file(&path).unwrap();
    }
}
