//! `whatisupd backup`: a copy of everything that a data directory holds but its keys, in one file, while the program runs.
//!
//! The order is what keeps a copy from losing anything. Auth-state first, the ledger after it: what comes in between the two
//! was acknowledged to WhatsApp and will not come again, so it has to be in the ledger's copy; that the copied ratchets
//! are a little older costs a re-send at most. The other way round, a message could be in neither.

mod archive;
#[cfg(test)]
mod fuzz;
mod manifest;
mod staging;

use crate::config::{Database, Sessions};
use crate::keys::{self, Face, OpenVault};
use crate::{Config, StartError, private};
use domain::{ChannelId, Timestamp};
use manifest::Manifest;
use staging::Staging;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vault::Key32;

pub(crate) mod restore;

/// The files of a data directory that a backup has beside the auth-states.
pub(crate) const LEDGER: &str = "ledger.db";
const KEY_CHECK: &str = "ledger.key-check";
const INSTALLATION: &str = "installation-id";
const CHOICES: &str = "choices.toml";
/// Tells the time of the last backup, for `doctor`.
pub(crate) const LAST: &str = "last-backup";
/// A channel that was linked while the others were copied is copied too, and the ledger once more. Nobody links channels
/// as fast as that for long.
const ROUNDS: usize = 5;

/// What was made.
#[derive(Clone, Debug)]
pub struct Backup {
    pub path: PathBuf,
    pub bytes: u64,
    pub channels: usize,
    /// Auth-states whose key is not in the vault: a copy of them would be noise.
    pub without_key: Vec<ChannelId>,
}

/// Why there is no backup. Nothing is left where it should have been.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(
        "the {0} of this installation are not in its data directory, and a backup of that alone would be none. Back up the servers \
         that keep them, Postgres and Redis, with their own means, and the master key apart from both"
    )]
    Elsewhere(&'static str),
    #[error("{} holds nothing to back up yet", .0.display())]
    Nothing(PathBuf),
    #[error("{} is there already; choose another name, or a directory", .0.display())]
    Exists(PathBuf),
    #[error("another backup of this data directory is being made")]
    UnderWay,
    #[error(transparent)]
    Keys(#[from] StartError),
    #[error("the database could not be copied: {0}")]
    Ledger(#[from] ledger::LedgerError),
    #[error("the auth-state of {channel} could not be copied: {error}")]
    AuthState { channel: ChannelId, error: whatsapp::StoreError },
    #[error("the channels change too fast to be copied together; try again in a moment")]
    Restless,
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
}

pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError + '_ {
    move |source| BackupError::Io { path: path.to_owned(), source }
}

/// Writes a backup of the data directory to `to`: a file that is not there yet, or a directory, where it gets a name with the
/// time. The program may run meanwhile; it need not.
///
/// # Errors
/// See [`BackupError`].
pub async fn back_up(config: &Config, to: &Path, now: Timestamp) -> Result<Backup, BackupError> {
    let data_dir = &config.data_dir;
    on_this_machine(config).map_err(BackupError::Elsewhere)?;
    if !keys::has_ledger(data_dir) {
        return Err(BackupError::Nothing(data_dir.clone()));
    }
    let path = target(to, now)?;
    let open = keys::open(config, Face::Headless, None).await?;
    let ledger_key = keys::existing_ledger_key(&open, config).await?;
    let staging = Staging::make(data_dir).map_err(io(data_dir))?.ok_or(BackupError::UnderWay)?;
    let copied = copy_all(data_dir, &open, &ledger_key, &staging).await?;

    let manifest = Manifest::of(staging.path(), now).map_err(io(staging.path()))?;
    let (packed, from) = (path.clone(), staging.path().to_owned());
    let written = tokio::task::spawn_blocking(move || archive::write(&packed, &from, &manifest)).await;
    let bytes = written.map_err(|_| std::io::Error::other("the work broke off")).and_then(|done| done).map_err(io(&path))?;
    let note = format!("{now}\n{}\n", path.display());
    if let Err(error) = private::write(&data_dir.join(LAST), note.as_bytes()) {
        tracing::warn!(%error, "doctor will not know of this backup");
    }
    Ok(Backup { path, bytes, channels: copied.states.len(), without_key: copied.without_key })
}

/// A backup is of what is in the data directory; what is not, as an error.
pub(crate) fn on_this_machine(config: &Config) -> Result<(), &'static str> {
    match (&config.database, &config.sessions) {
        (Database::Sqlite, Sessions::Disk) => Ok(()),
        (Database::Postgres(_), _) => Err("channels and messages"),
        (Database::Sqlite, Sessions::Redis(_)) => Err("sessions"),
    }
}

fn target(to: &Path, now: Timestamp) -> Result<PathBuf, BackupError> {
    let to = std::path::absolute(to).map_err(io(to))?;
    let path = if to.is_dir() {
        let stamp: String = now.to_string().chars().take(19).filter(|c| c.is_ascii_alphanumeric()).collect();
        to.join(format!("{}-{stamp}.tar", crate::config::APP_NAME))
    } else {
        to
    };
    if path.exists() { Err(BackupError::Exists(path)) } else { Ok(path) }
}

struct Copied {
    /// With the key that each was copied under.
    states: BTreeMap<ChannelId, Key32>,
    without_key: Vec<ChannelId>,
}

async fn copy_all(data_dir: &Path, open: &OpenVault, ledger_key: &Key32, staging: &Staging) -> Result<Copied, BackupError> {
    let mut copied = Copied { states: BTreeMap::new(), without_key: Vec::new() };
    for _ in 0..ROUNDS {
        if !copy_new_states(data_dir, open, staging, &mut copied).await? {
            for name in [INSTALLATION, CHOICES, KEY_CHECK] {
                staging.take(data_dir, name).map_err(io(&data_dir.join(name)))?;
            }
            return Ok(copied);
        }
        let into = staging.fresh(LEDGER).map_err(io(staging.path()))?;
        ledger::copy(data_dir, ledger_key.as_bytes(), &into).await?;
    }
    Err(BackupError::Restless)
}

/// Copies each auth-state that is there and not copied yet, or that has another key since. Whether there was any, or the
/// ledger has to be copied for the first time.
async fn copy_new_states(
    data_dir: &Path,
    open: &OpenVault,
    staging: &Staging,
    copied: &mut Copied,
) -> Result<bool, BackupError> {
    let mut news = !staging.path().join(LEDGER).exists();
    let there = whatsapp::kept_auth_states(data_dir)
        .map_err(|e| BackupError::Io { path: data_dir.join("sessions"), source: std::io::Error::other(e) })?;
    copied.without_key.clear();
    for channel in there {
        let Some(key) = open.vault.channel_key(channel).await.map_err(StartError::from)? else {
            copied.without_key.push(channel);
            continue;
        };
        if copied.states.get(&channel) == Some(&key) {
            continue;
        }
        let into = staging.fresh(&archive::auth_state(channel)).map_err(io(staging.path()))?;
        match whatsapp::copy_auth_state(data_dir, channel, &key, &into).await {
            Ok(()) => {
                copied.states.insert(channel, key);
                news = true;
            }
            // It was shredded, or linked anew, under our hands: the next round sees what has become of it.
            Err(_) if open.vault.channel_key(channel).await.map_err(StartError::from)?.as_ref() != Some(&key) => news = true,
            Err(error) => return Err(BackupError::AuthState { channel, error }),
        }
    }
    Ok(news)
}
