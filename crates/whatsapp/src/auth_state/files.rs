use super::OpenError;
use domain::ChannelId;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// SQLCipher's page, the least that a database of ours can be.
const PAGE: u64 = 4096;
/// What has to fit on the disk for it not to be full: some pages, and what SQLite puts beside its file.
const ROOM: usize = 64 * 1024;
/// A file that a closing pool still holds cannot be removed on some systems; it lets go soon.
const REMOVAL_TRIES: u32 = 20;
const REMOVAL_PAUSE: Duration = Duration::from_millis(100);

/// The directory of one channel's auth-state: 0700, its files 0600.
pub(super) struct Files {
    directory: PathBuf,
}

impl Files {
    pub fn new(sessions: &Path, channel: ChannelId) -> Self {
        Files { directory: sessions.join(channel.to_string()) }
    }

    pub fn database(&self) -> PathBuf {
        self.directory.join("auth.db")
    }

    /// Where one that comes from elsewhere is built.
    pub fn incoming(&self) -> PathBuf {
        self.directory.join("incoming.db")
    }

    /// What was built, in one file that nobody has open.
    pub fn arrived(&self) -> PathBuf {
        self.directory.join("arrived.db")
    }

    /// Where a copy is sealed with another key.
    pub fn rekeyed(&self) -> PathBuf {
        self.directory.join("rekeyed.db")
    }

    /// An empty [`Files::rekeyed`], whatever was left there.
    pub fn make_rekeyed(&self) -> Result<(), OpenError> {
        for ending in ["", "-wal", "-shm", "-journal"] {
            match fs::remove_file(self.directory.join(format!("rekeyed.db{ending}"))) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
                Ok(()) | Err(_) => {}
            }
        }
        create_private(&self.rekeyed()).map_err(OpenError::from).and_then(|()| self.restrict())
    }

    /// Puts the copy in the place of what it was made of, at once and for good.
    pub fn settle_rekeyed(&self) -> Result<(), OpenError> {
        fs::OpenOptions::new().append(true).open(self.rekeyed())?.sync_all()?;
        fs::rename(self.rekeyed(), self.database())?;
        sync_directory(&self.directory);
        Ok(())
    }

    fn marker(&self) -> PathBuf {
        self.directory.join("shredding")
    }

    /// Whether there is a database with something sealed in it. A process that ended while it made one leaves it empty.
    pub fn hold_something(&self) -> Result<bool, OpenError> {
        match fs::metadata(self.database()) {
            Ok(data) if !data.is_file() => Err(OpenError::Damaged("auth.db is not a file".into())),
            Ok(data) if data.len() == 0 => Ok(false),
            Ok(data) if data.len() < PAGE => Err(OpenError::Damaged("auth.db is cut short".into())),
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// The directory and an empty database; what SQLite puts beside it takes its mode.
    pub fn make(&self) -> Result<(), OpenError> {
        self.make_directory()?;
        create_private(&self.database())?;
        self.restrict()
    }

    fn make_directory(&self) -> Result<(), OpenError> {
        let mut directory = fs::DirBuilder::new();
        directory.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut directory, 0o700);
        Ok(directory.create(&self.directory)?)
    }

    /// The directory with an empty [`Files::incoming`].
    pub fn make_incoming(&self) -> Result<(), OpenError> {
        self.make_directory()?;
        create_private(&self.incoming())?;
        self.restrict()
    }

    /// Puts what has arrived in its place, at once and for good. What it was made from is swept.
    pub fn settle(&self) -> Result<(), OpenError> {
        self.restrict()?;
        fs::OpenOptions::new().append(true).open(self.arrived())?.sync_all()?;
        fs::rename(self.arrived(), self.database())?;
        sync_directory(&self.directory);
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("incoming.db") {
                // Unreadable without the key, and gone with the directory at the latest.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Takes from others what they may have been given, by an earlier umask or a restored backup.
    pub fn restrict(&self) -> Result<(), OpenError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&self.directory, fs::Permissions::from_mode(0o700))?;
            for entry in fs::read_dir(&self.directory)? {
                fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o600))?;
            }
        }
        Ok(())
    }

    /// Waits until the write-ahead log is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        match fs::OpenOptions::new().append(true).open(self.directory.join("auth.db-wal")) {
            Ok(log) => log.sync_all(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// Whether the disk takes more. SQLite's own words for a full disk are those for many a fault.
    pub fn have_room(&self) -> bool {
        let probe = self.directory.join("room");
        let written = fs::write(&probe, vec![0; ROOM]);
        // Swept with the directory if it stays.
        let _ = fs::remove_file(&probe);
        !written.is_err_and(|e| matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }

    /// Says on disk that this auth-state is to be destroyed, before anything of it is.
    pub fn mark_for_shredding(&self) -> Result<(), OpenError> {
        if !self.directory.exists() {
            return Ok(());
        }
        create_private(&self.marker())?;
        sync_directory(&self.directory);
        Ok(())
    }

    pub fn marked_for_shredding(&self) -> bool {
        self.marker().exists()
    }

    /// As [`Files::remove`]; first the database, written over as far as the disk lets that be.
    pub async fn overwrite_and_remove(&self) -> Result<(), OpenError> {
        match fs::metadata(self.database()) {
            Ok(about) => {
                let nothing = vec![0; usize::try_from(about.len()).unwrap_or(0)];
                // Not truncated: the same blocks are to be written.
                let mut file = fs::OpenOptions::new().write(true).open(self.database())?;
                io::Write::write_all(&mut file, &nothing)?;
                file.sync_all()?;
                fs::remove_file(self.database())?;
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e.into()),
        }
        self.remove().await
    }

    /// Everything of this auth-state, the marker last. Succeeds when there is nothing.
    pub async fn remove(&self) -> Result<(), OpenError> {
        for attempt in 1.. {
            match self.remove_once() {
                Ok(()) => break,
                Err(_) if attempt < REMOVAL_TRIES => tokio::time::sleep(REMOVAL_PAUSE).await,
                Err(e) => return Err(e.into()),
            }
        }
        if let Some(sessions) = self.directory.parent() {
            sync_directory(sessions);
        }
        Ok(())
    }

    fn remove_once(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let marker = self.marker();
        for entry in entries {
            let path = entry?.path();
            if path != marker {
                fs::remove_file(path)?;
            }
        }
        match fs::remove_file(&marker) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            Ok(()) | Err(_) => {}
        }
        fs::remove_dir(&self.directory)
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()
}

/// So that a made or removed name survives a power cut, where the system can promise it.
fn sync_directory(directory: &Path) {
    #[cfg(unix)]
    if let Err(e) = fs::File::open(directory).and_then(|d| d.sync_all()) {
        tracing::debug!(error = %e, "a directory could not be synced");
    }
    #[cfg(not(unix))]
    let _ = directory;
}
