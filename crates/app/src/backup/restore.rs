//! `whatisupd restore`: a backup becomes the data directory again. Everything is unpacked, checked and opened with its keys
//! before anything that is there moves; and nothing that is there is deleted.

use super::archive::{self, ArchiveError};
use super::{LAST, staging};
use crate::config::{VaultConfig, VaultStore};
use crate::keys::{self, Face, OpenVault};
use crate::{Config, StartError, log_file};
use domain::{ChannelId, ChannelView, Desired, Event, Reason, State, Timestamp};
use ledger::{Check, Ledger, OpenError, OpenOptions, TransitionRecord};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where a backup is unpacked, within the data directory: the same disk, and as private.
const UNPACKED: &str = ".restoring";
/// There while files are being moved. A start that finds it refuses: what is there may be half of the one and half of the other.
const UNDER_WAY: &str = "restore-under-way";
/// What was there before goes into a directory of this name and the time.
const REPLACED: &str = "replaced";

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// When the backup was made, RFC 3339.
    pub made_at: String,
    /// The version that made it.
    pub version: String,
    pub channels: usize,
    /// Channels whose key was destroyed since, by a logout or an unlink: they have to be linked anew.
    pub without_key: Vec<ChannelId>,
    /// Where that lies which was there before.
    pub replaced: Option<PathBuf>,
}

/// Why nothing was restored. What was in the data directory is as it was, but for [`RestoreError::HalfWay`].
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the {0} of this installation are kept on a server; a backup can be restored where both are on this machine")]
    Elsewhere(&'static str),
    #[error(
        "{} is not empty. Choose another directory with --data-dir, or move what is there aside with --replace",
        .0.display()
    )]
    NotEmpty(PathBuf),
    #[error(
        "the keys of this backup are not in {place}. A backup is sealed with keys that never leave the key store: it can only \
         be restored where that store is, which is this user on the machine that it was made on{hint}. \
         Moving to another machine is not possible with a backup yet. Nothing was changed"
    )]
    KeysElsewhere { place: String, hint: String },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the database of the backup cannot be used. {0}")]
    Ledger(String),
    #[error("the auth-state of {channel} in the backup cannot be used: {error}")]
    AuthState { channel: ChannelId, error: whatsapp::StoreError },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "the restore broke off while files were moved ({source}). Nothing was deleted; make room or mend what is wrong, and \
         restore again with --replace"
    )]
    HalfWay { source: io::Error },
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> RestoreError + '_ {
    move |source| RestoreError::Io { path: path.to_owned(), source }
}

/// Makes the data directory what the backup `from` holds. `replace` allows that something is there, which is moved aside.
///
/// # Errors
/// See [`RestoreError`].
pub async fn restore(config: &Config, from: &Path, replace: bool, now: Timestamp) -> Result<Restored, RestoreError> {
    let data_dir = &config.data_dir;
    super::on_this_machine(config).map_err(RestoreError::Elsewhere)?;
    // Nothing is made, not even the directory, for a file that is not there.
    drop(File::open(from).map_err(io(from))?);
    let _lock = crate::build::lock(config)?;
    let place = Place::of(config);
    if !replace && !place.occupants().map_err(io(data_dir))?.is_empty() {
        return Err(RestoreError::NotEmpty(data_dir.clone()));
    }
    let unpacked = Unpacked::make(data_dir).map_err(io(data_dir))?;
    let (path, into) = (from.to_owned(), unpacked.0.clone());
    let manifest = tokio::task::spawn_blocking(move || archive::read(&path, &into))
        .await
        .map_err(|_| ArchiveError::Io(io::Error::other("the work broke off")))??;
    let keys = Keys::of(config, &unpacked.0).await?;
    let (channels, without_key) = keys.open_all(&unpacked.0, now).await?;
    let replaced = place.swap(&unpacked.0, now)?;
    Ok(Restored { made_at: manifest.made_at, version: manifest.version, channels, without_key, replaced })
}

/// Whether a restore broke off half-way here.
pub(crate) fn is_under_way(data_dir: &Path) -> bool {
    data_dir.join(UNDER_WAY).exists()
}

/// The unpacked backup; swept when dropped, whatever was not moved out of it.
struct Unpacked(PathBuf);

impl Unpacked {
    fn make(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(UNPACKED);
        staging::sweep(&path)?;
        staging::directory(&path)?;
        Ok(Unpacked(path))
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = staging::sweep(&self.0);
    }
}

/// The keys of the unpacked backup, from the store that this installation uses.
struct Keys {
    open: OpenVault,
    ledger: vault::Key32,
}

impl Keys {
    async fn of(config: &Config, unpacked: &Path) -> Result<Self, RestoreError> {
        if !unpacked.join(super::INSTALLATION).exists() || !unpacked.join(super::LEDGER).exists() {
            return Err(ArchiveError::CutShort("the database or the installation's id".into()).into());
        }
        let mut there = Config { data_dir: unpacked.to_owned(), ..config.clone() };
        if there.vault.store == VaultStore::Auto
            && let Some(chosen) = crate::config::chosen_store(unpacked)
        {
            there.vault.store = chosen;
        }
        let open = keys::open(&there, Face::Headless, None).await?;
        match open.vault.ledger_key().await.map_err(StartError::from)? {
            Some(ledger) => Ok(Keys { open, ledger }),
            None => Err(elsewhere(&open, config)),
        }
    }

    /// Opens everything that there is, and takes away what no key opens any more: those channels are unpaired, as they were when
    /// their key was destroyed.
    async fn open_all(&self, unpacked: &Path, now: Timestamp) -> Result<(usize, Vec<ChannelId>), RestoreError> {
        let ledger = Ledger::open(unpacked, self.ledger.as_bytes(), OpenOptions { check: Check::Thorough }).await;
        let ledger = ledger.map_err(|error| RestoreError::Ledger(why(&error)))?;
        let done = self.try_states(unpacked, &ledger, now).await;
        ledger.close().await;
        done
    }

    async fn try_states(
        &self,
        unpacked: &Path,
        ledger: &Ledger,
        now: Timestamp,
    ) -> Result<(usize, Vec<ChannelId>), RestoreError> {
        let mut usable = Vec::new();
        let all = whatsapp::kept_auth_states(unpacked)
            .map_err(|e| RestoreError::Io { path: unpacked.to_owned(), source: io::Error::other(e) })?;
        for channel in all {
            let opened = match self.open.vault.channel_key(channel).await.map_err(StartError::from)? {
                Some(key) => whatsapp::try_auth_state(unpacked, channel, &key).await,
                None => Err(whatsapp::StoreError::WrongKey),
            };
            match opened {
                Ok(()) => usable.push(channel),
                Err(whatsapp::StoreError::WrongKey) => {
                    let gone = unpacked.join("sessions").join(channel.to_string());
                    fs::remove_dir_all(&gone).map_err(io(&gone))?;
                }
                Err(error) => return Err(RestoreError::AuthState { channel, error }),
            }
        }
        let mut without_key = Vec::new();
        let unreadable = |error: ledger::LedgerError| RestoreError::Ledger(error.to_string());
        for channel in ledger.channels().await.map_err(unreadable)? {
            if channel.paired && !usable.contains(&channel.id) {
                without_key.push(channel.id);
                ledger.transition(logged_out(channel, now)).await.map_err(unreadable)?;
            }
        }
        Ok((usable.len(), without_key))
    }
}

/// What the ledger says of a channel whose credentials are gone.
fn logged_out(mut channel: ChannelView, now: Timestamp) -> TransitionRecord {
    let reason = Reason::LoggedOut;
    channel.state = State::Disconnected { since: now, reason };
    (channel.paired, channel.desired, channel.stuck_since, channel.flapping_since) = (false, Desired::Stopped, None, None);
    TransitionRecord {
        channel: channel.id,
        state: channel.state.clone(),
        stuck_since: None,
        desired: channel.desired,
        paired: false,
        identity: None,
        events: vec![Event::ChannelDisconnected { channel, reason }],
        at: now,
        fence: None,
    }
}

fn why(error: &OpenError) -> String {
    match error {
        OpenError::WrongKey => "The key in the key store is not the one that it was sealed with.".to_owned(),
        // The general sentence speaks of copies and of starting afresh, which is not what happens here.
        OpenError::Damaged { detail, .. } => format!("It is damaged: {detail}."),
        OpenError::NewerVersion { .. }
        | OpenError::DiskFull
        | OpenError::Unreachable(_)
        | OpenError::Refused(_)
        | OpenError::Io(_) => error.sentence(),
    }
}

fn elsewhere(open: &OpenVault, config: &Config) -> RestoreError {
    match open.kind {
        keys::VaultKind::Keychain => RestoreError::KeysElsewhere { place: "the keychain".into(), hint: String::new() },
        keys::VaultKind::KeyFile => RestoreError::KeysElsewhere {
            place: format!("the key file {}", config.vault.key_file.display()),
            hint: ", or wherever a copy of its key file is (--key-file)".into(),
        },
        keys::VaultKind::SealedFile | keys::VaultKind::SealedTable => RestoreError::KeysElsewhere {
            place: open.kind.place(config),
            hint: ", or where a copy of vault.sealed and its master key are".into(),
        },
    }
}

/// The data directory as a place with things in it.
struct Place<'a> {
    data_dir: &'a Path,
    vault: &'a VaultConfig,
}

impl<'a> Place<'a> {
    fn of(config: &'a Config) -> Self {
        Place { data_dir: &config.data_dir, vault: &config.vault }
    }

    /// What would be in the way. Keys, logs, the window's cache, the lock that is held now and what was set aside before
    /// stay where they are.
    fn occupants(&self) -> io::Result<Vec<PathBuf>> {
        const STAYS: [&str; 7] = ["lock", "lock.holder", LAST, log_file::DIRECTORY, "webview", UNPACKED, UNDER_WAY];
        let mut found = Vec::new();
        for entry in fs::read_dir(self.data_dir)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let stays = STAYS.contains(&name.as_str()) || name.starts_with(&format!("{REPLACED}-")) || self.vault.keeps(&path);
            if !stays {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Moves what is there aside and the unpacked files in. Within one directory, so that each move is done or not done; the
    /// mark tells the next start when only some were.
    fn swap(&self, unpacked: &Path, now: Timestamp) -> Result<Option<PathBuf>, RestoreError> {
        let half_way = |source| RestoreError::HalfWay { source };
        let mark = self.data_dir.join(UNDER_WAY);
        crate::private::write(&mark, b"").and_then(|()| sync(self.data_dir)).map_err(io(&mark))?;
        let replaced = self.set_aside(now).map_err(half_way)?;
        let moved = || -> io::Result<()> {
            for entry in fs::read_dir(unpacked)? {
                let from = entry?.path();
                fs::rename(&from, self.data_dir.join(from.file_name().unwrap_or_default()))?;
            }
            sync(self.data_dir)?;
            fs::remove_file(&mark)?;
            sync(self.data_dir)
        };
        moved().map_err(half_way)?;
        Ok(replaced)
    }

    fn set_aside(&self, now: Timestamp) -> io::Result<Option<PathBuf>> {
        let occupants = self.occupants()?;
        if occupants.is_empty() {
            return Ok(None);
        }
        let stamp: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let aside = self.data_dir.join(format!("{REPLACED}-{stamp}"));
        staging::directory(&aside)?;
        for from in occupants {
            fs::rename(&from, aside.join(from.file_name().unwrap_or_default()))?;
        }
        Ok(Some(aside))
    }
}

/// So that names survive a power cut, where the system can promise it.
fn sync(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}
