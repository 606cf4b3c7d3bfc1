//! Phones and their network in a file, so that a client which was linked before a restart is still linked after it.
//!
//! Kept: accounts, devices, keys, Signal sessions, app state, what waits for devices. Not kept: the chats.
//!
//! A process that is killed leaves a file that is up to [`BREATH`] older than what its clients know. What a phone would
//! write on the sessions in it could use keys a second time, and clients drop that as duplicates (libsignal's lease of 64
//! counters ahead covers a few messages, not a burst). So the file says whether it is the last word; if it is not, phones
//! open new sessions before they write.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use wacore_binary::Jid;

use super::app_state::AppState;
use super::companion::DeviceRoster;
use super::keys::{PhoneKeys, SavedKeys};
use super::memory::Memory;
use super::sessions::{SavedSession, Sessions};
use super::{Phone, PhoneError, Phones};
use crate::network::{Network, NetworkEvent, RestoreError};

/// Format of the file.
const FORMAT: u32 = 1;
/// Changes come in bursts; a burst is written once, so long after its first.
const BREATH: Duration = Duration::from_millis(200);

/// Why phones could not be kept or brought back.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error("cannot read or write {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("the kept phones do not read")]
    Unreadable(#[from] serde_json::Error),
    #[error("the kept phones have format {0}, this sandbox reads {FORMAT}")]
    Format(u32),
    #[error(transparent)]
    Network(#[from] RestoreError),
    #[error(transparent)]
    Phone(#[from] PhoneError),
}

#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    /// Written by a process that ended in good order, after everything else.
    #[serde(default)]
    last_word: bool,
    network: Box<RawValue>,
    phones: Vec<SavedPhone>,
}

#[derive(Serialize, Deserialize)]
struct SavedPhone {
    number: String,
    push_name: String,
    auto_reply: bool,
    keys: SavedKeys,
    sessions: Vec<SavedSession>,
    roster: DeviceRoster,
    app_state_key: [u8; 32],
    welcomed: Vec<String>,
}

impl Phones {
    /// The phones that the file remembers, in a network without accounts; if there is no such file, so many new ones.
    pub async fn kept_in(network: Network, path: &Path, count: usize) -> Result<Self, KeepError> {
        match tokio::fs::read(path).await {
            Ok(saved) => Self::restore(network, &saved).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::with_people(network, count).await?),
            Err(source) => Err(KeepError::File { path: path.to_owned(), source }),
        }
    }

    /// Writes the file after every burst of changes, and at once when a companion was linked or unlinked, until stopped;
    /// and then once more. Runs until then.
    pub async fn keep_in(self, path: &Path, stop: CancellationToken) -> Result<(), KeepError> {
        let (mut network, mut phones) = (self.network().events(), self.events());
        let mut links = self.network().milestones();
        self.write(path, false).await?;
        while !stop.is_cancelled() {
            let changed = tokio::select! {
                () = stop.cancelled() => break,
                // Whoever lags has missed changes, and that is a change.
                event = network.recv() => !matches!(event, Err(RecvError::Closed)),
                event = phones.recv() => !matches!(event, Err(RecvError::Closed)),
            };
            if !changed {
                break;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(BREATH) => {}
                () = linked_or_unlinked(&mut links) => {}
            }
            (network, phones) = (network.resubscribe(), phones.resubscribe());
            self.write(path, false).await?;
        }
        self.write(path, true).await
    }

    /// What [`Self::restore`] takes.
    pub async fn save(&self) -> Result<Vec<u8>, KeepError> {
        self.save_as(false).await
    }

    async fn save_as(&self, last_word: bool) -> Result<Vec<u8>, KeepError> {
        let mut phones = Vec::new();
        for phone in self.all() {
            phones.push(phone.save().await?);
        }
        let network = serde_json::from_slice(&self.network().save())?;
        Ok(serde_json::to_vec(&Saved { format: FORMAT, last_word, network, phones })?)
    }

    /// Brings the phones back online, in a network without accounts.
    pub async fn restore(network: Network, saved: &[u8]) -> Result<Self, KeepError> {
        let saved: Saved = serde_json::from_slice(saved)?;
        if saved.format != FORMAT {
            return Err(KeepError::Format(saved.format));
        }
        network.restore(saved.network.get().as_bytes())?;
        let phones = Self::new(network);
        for phone in saved.phones {
            let number = phone.number.clone();
            let account = phones.network().account(&Jid::pn(number.as_str()));
            let account = account.ok_or(PhoneError::NoSuchAccount(number))?;
            let mut memory = phone.into_memory()?;
            if !saved.last_word {
                memory.sessions.distrust_all();
            }
            phones.take_up(account, memory).await?;
        }
        Ok(phones)
    }

    /// Into a new file beside the old one, then over it: a crash leaves one of both whole.
    async fn write(&self, path: &Path, last_word: bool) -> Result<(), KeepError> {
        let failed = |source| KeepError::File { path: path.to_owned(), source };
        let beside = path.with_extension("new");
        let saved = self.save_as(last_word).await?;
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // Private keys, if only simulated ones.
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&beside).await.map_err(failed)?;
        file.write_all(&saved).await.map_err(failed)?;
        file.sync_all().await.map_err(failed)?;
        tokio::fs::rename(&beside, path).await.map_err(failed)
    }
}

/// Until it happens. Without anybody to tell, never.
async fn linked_or_unlinked(milestones: &mut broadcast::Receiver<NetworkEvent>) {
    loop {
        match milestones.recv().await {
            Ok(NetworkEvent::DevicePaired { .. } | NetworkEvent::DeviceUnlinked { .. }) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

impl Phone {
    async fn save(&self) -> Result<SavedPhone, PhoneError> {
        let memory = self.memory().await;
        Ok(SavedPhone {
            number: self.number().to_owned(),
            push_name: memory.push_name.clone(),
            auto_reply: memory.auto_reply,
            keys: memory.keys.save()?,
            sessions: memory.sessions.save()?,
            roster: memory.roster.clone(),
            app_state_key: memory.app_state.key(),
            welcomed: memory.welcomed.iter().map(ToString::to_string).collect(),
        })
    }
}

impl SavedPhone {
    fn into_memory(self) -> Result<Memory, PhoneError> {
        let keys = PhoneKeys::restore(self.keys)?;
        let welcomed: HashSet<Jid> = self.welcomed.iter().filter_map(|jid| jid.parse().ok()).collect();
        Ok(Memory {
            sessions: Sessions::restore(&keys, self.sessions)?,
            keys,
            roster: self.roster,
            app_state: AppState::with_key(self.app_state_key),
            welcomed,
            auto_reply: self.auto_reply,
            keys_published: true,
            name_published: true,
            ..Memory::new(&self.push_name)?
        })
    }
}
