//! `whatisupd vault`: how the keys stand, another master key, and new keys for everything that is sealed.

use crate::config::{Database, Sessions};
use crate::keys::{self, Face, OpenVault, VaultKind};
use crate::servers::Servers;
use crate::{Config, StartError};
use domain::ChannelId;
use keyspace::Holdings;
use std::path::Path;
use std::time::Duration;
use vault::{KeyOf, MasterKey, MasterKeys, VaultError, Wrapping};
use whatsapp::{AuthStore, Rekeyed, StoreError};

/// How the keys of an installation stand.
#[derive(Clone, Debug)]
pub struct VaultStatus {
    pub kind: VaultKind,
    /// Where they are, for a person.
    pub place: String,
    /// `None` where no master key wraps them.
    pub wrapping: Option<Wrapping>,
    pub ledger_key: bool,
    /// Channels and the database, as far as a change of their keys was interrupted.
    pub changing: Vec<KeyOf>,
}

/// What new keys were given.
#[derive(Debug, Default)]
pub struct NewKeys {
    pub channels: usize,
    /// Those that could not be done now, and why; they have the key that they had.
    pub left: Vec<(ChannelId, StoreError)>,
    pub ledger: bool,
}

const GONE_SOON: u32 = 10;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

async fn opened(config: &Config) -> Result<(Servers, OpenVault), StartError> {
    let servers = Servers::of_keys(config).await?;
    let open = keys::open(config, Face::Headless, servers.postgres.as_ref()).await?;
    Ok((servers, open))
}

/// Looks, and changes nothing.
///
/// # Errors
/// What a start would tell: a wrong master key, a keychain that is locked, a server that does not answer.
pub async fn vault_status(config: &Config) -> Result<VaultStatus, StartError> {
    let (_, open) = opened(config).await?;
    let mut changing = Vec::new();
    let known = auth_store(config, &open, &Servers::default()).map(|store| async move { store.kept().await });
    let channels = match known {
        Some(kept) => kept.await.unwrap_or_default(),
        None => Vec::new(),
    };
    for of in channels.into_iter().map(KeyOf::Channel).chain([KeyOf::Ledger]) {
        if open.vault.next_key(of).await?.is_some() {
            changing.push(of);
        }
    }
    Ok(VaultStatus {
        kind: open.kind,
        place: open.kind.place(config),
        wrapping: open.vault.wrapping().await?,
        ledger_key: open.vault.ledger_key().await?.is_some(),
        changing,
    })
}

/// Wraps all keys by another master key: the one in `to`, or the configured one where `to` is `None` and the one before it is
/// configured too. In one step; the program may run meanwhile if it knows both. How many keys there are.
///
/// # Errors
/// See [`StartError`]; nothing was changed.
pub async fn rotate_master(config: &Config, to: Option<&Path>) -> Result<usize, StartError> {
    let Some(to) = to else {
        let (_, open) = opened(config).await?;
        return Ok(open.vault.rewrap().await?);
    };
    let source = config.vault.master.as_ref().ok_or(StartError::MasterKeyMissing)?;
    let servers = Servers::of_keys(config).await?;
    let keys = MasterKeys::new(MasterKey::from_file(to)?, Some(source.keys()?.current));
    let open = keys::wrapped(config, keys, servers.postgres.as_ref())?;
    open.vault.wrapping().await?;
    Ok(open.vault.rewrap().await?)
}

/// Gives every channel and the database a new key, and seals what they have with it. Nothing may run on this data directory, and
/// no worker may hold a channel. Interrupted anywhere, the next start works, and so does doing it again.
///
/// # Errors
/// See [`StartError`].
pub async fn rotate_keys(config: &Config, mut tell: impl FnMut(&str)) -> Result<NewKeys, StartError> {
    let _lock = crate::build::lock(config)?;
    let servers = Servers::reach(config).await?;
    if let Some(postgres) = &servers.postgres {
        let mut workers = ledger::users(postgres).await?;
        // One that has just ended may still be seen there.
        for _ in 0..GONE_SOON {
            if workers == 0 {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            workers = ledger::users(postgres).await?;
        }
        if workers > 0 {
            return Err(StartError::WorkersRun(workers));
        }
    }
    let open = keys::open(config, Face::Headless, servers.postgres.as_ref()).await?;
    let mut done = NewKeys::default();
    if let Some(store) = auth_store(config, &open, &servers) {
        let kept = store.kept().await.map_err(StartError::AuthStates)?;
        for channel in kept {
            match store.rekey(channel).await {
                Ok(Rekeyed::Done) => {
                    done.channels += 1;
                    tell(&format!("{channel} has a new key"));
                }
                Ok(Rekeyed::Nothing) => {}
                Err(error) => done.left.push((channel, error)),
            }
        }
    }
    done.ledger = ledger(config, &open, &servers).await?;
    if done.ledger {
        tell("the database has a new key");
    }
    Ok(done)
}

fn auth_store(config: &Config, open: &OpenVault, servers: &Servers) -> Option<AuthStore> {
    match (&config.sessions, &servers.keyspace) {
        (Sessions::Disk, _) => Some(AuthStore::disk(&config.data_dir, open.vault.clone())),
        (Sessions::Redis(_), Some(keyspace)) => Some(AuthStore::redis(keyspace.clone(), Holdings::new(), open.vault.clone())),
        (Sessions::Redis(_), None) => None,
    }
}

/// Whether there is one.
async fn ledger(config: &Config, open: &OpenVault, servers: &Servers) -> Result<bool, StartError> {
    // What an interrupted change left is settled by opening.
    let there = match (&config.database, &servers.postgres) {
        (Database::Sqlite, _) => keys::has_ledger(&config.data_dir),
        (Database::Postgres(_), Some(postgres)) => postgres.is_sealed().await?,
        (Database::Postgres(_), None) => false,
    };
    if !there {
        return Ok(false);
    }
    crate::opened::ledger(config, open, servers.postgres.clone()).await?.close().await;
    let present = keys::existing_ledger_key(open, config).await?;
    let next = open.vault.begin_change(KeyOf::Ledger).await?;
    whatsapp::step_reached("ledger.begun");
    match &servers.postgres {
        None => ledger::rekey(&config.data_dir, present.as_bytes(), next.as_bytes(), whatsapp::step_reached).await?,
        Some(postgres) => ledger::reseal(postgres, present.as_bytes(), next.as_bytes()).await?,
    }
    whatsapp::step_reached("ledger.swapped");
    open.vault.finish_change(KeyOf::Ledger).await?;
    whatsapp::step_reached("ledger.finished");
    Ok(true)
}

/// A new master key in a new file, or as the text to print.
///
/// # Errors
/// When there is no randomness, or the file exists.
pub fn new_master_key(file: Option<&Path>) -> anyhow::Result<NewMasterKey> {
    let key = MasterKey::generate().map_err(|e: VaultError| anyhow::anyhow!(e.sentence()))?;
    let mark = key.mark();
    match file {
        None => Ok(NewMasterKey { mark, text: Some(key.to_text()) }),
        Some(path) => {
            key.write_new(path).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
            Ok(NewMasterKey { mark, text: None })
        }
    }
}

/// What was made.
pub struct NewMasterKey {
    /// Tells it from another; no secret.
    pub mark: String,
    /// The key itself, unless it was written into a file.
    pub text: Option<zeroize::Zeroizing<String>>,
}

impl std::fmt::Debug for NewMasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMasterKey").field("mark", &self.mark).finish_non_exhaustive()
    }
}
