//! Another store for what is there: sessions from disk to Redis, the ledger from SQLCipher to Postgres, and back.
//!
//! The order is what makes it safe to be interrupted anywhere and begun again: keys, sessions, ledger, each compared before
//! the next; then the settings; then, and only when asked, the end of the old ones. Until the settings change the old ones
//! are in force and untouched. What was verified is noted beside them, so that the old ones can also be destroyed later.

mod note;
mod old;

use crate::config::{Origin, Sources, choose};
use crate::keys::{self, Face, OpenVault, VaultKind};
use crate::servers::Servers;
use crate::{Config, ConfigError, StartError, opened};
use domain::ChannelId;
use keyspace::Holdings;
use ledger::{Ledger, TransferError, TransferProgress, TransferredTable};
use note::Note;
use vault::{KeyOf, VaultError};
use whatsapp::snapshot::InstallError;
use whatsapp::{AuthStore, StoreError, step_reached};

/// Where things are to be from now on, as the settings of the same names say it; `None`: where they are.
#[derive(Clone, Default)]
pub struct Targets {
    pub sessions: Option<String>,
    pub database: Option<String>,
    /// What is there from another time makes room.
    pub replace: bool,
}

/// What is told while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum MigrationStep<'a> {
    /// This many of all sessions were copied and compared.
    Session { done: usize, of: usize },
    Ledger(TransferProgress),
    Old(&'a str),
}

/// What was moved and proven to be the same on both sides.
#[derive(Clone, Debug, Default)]
pub struct Migrated {
    pub sessions: Vec<MovedSession>,
    pub tables: Vec<TransferredTable>,
    /// Settings that were written; they are in force at the next start.
    pub switched: Vec<String>,
    /// Settings that others give: who, and what they have to say from now on.
    pub to_set: Vec<(Origin, String)>,
    /// Whether the old ones are gone.
    pub shredded: bool,
}

#[derive(Clone, Debug)]
pub struct MovedSession {
    pub channel: ChannelId,
    pub records: u64,
    pub digest: [u8; 32],
}

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("there is nothing to do: sessions are in {sessions} and the database is {database} already")]
    NothingToDo { sessions: String, database: String },
    #[error("there is nothing here yet to be moved; set sessions and database instead, and start")]
    NothingThere,
    #[error("{setting}: an address with a password on the command line can be read by others; write it into a file and give @FILE")]
    PasswordInTheOpen { setting: &'static str },
    #[error("cannot read {0}: {1}")]
    Unreadable(String, std::io::Error),
    #[error("{channel} is held by a running worker; stop all of them first")]
    Held { channel: ChannelId },
    #[error("the session of {channel}: {error}")]
    Session { channel: ChannelId, error: StoreError },
    #[error("{channel} has another session where it is to go: a newer one, perhaps. Look which one is the right one; nothing was changed. --replace destroys what is there")]
    Occupied { channel: ChannelId },
    #[error("what was written of {channel} does not read back as it was")]
    Differs { channel: ChannelId },
    #[error("where the keys are to go there is another one for {0}; nothing was changed")]
    OtherKey(String),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error("the settings cannot be written: {0}")]
    Settings(std::io::Error),
    #[error("the old stores cannot be removed: {0}; repeat it with --shred")]
    Old(String),
}

impl From<VaultError> for MigrateError {
    fn from(error: VaultError) -> Self {
        StartError::from(error).into()
    }
}

/// Everything that one side stands on.
struct Side {
    config: Config,
    open: OpenVault,
    servers: Servers,
}

impl Side {
    async fn reach(config: Config) -> Result<Self, StartError> {
        let servers = Servers::reach(&config).await?;
        let open = keys::open(&config, Face::Headless, servers.postgres.as_ref()).await?;
        Ok(Side { config, open, servers })
    }

    fn sessions(&self) -> AuthStore {
        match &self.servers.keyspace {
            Some(keyspace) => AuthStore::redis(keyspace.clone(), Holdings::new(), self.open.vault.clone()),
            None => AuthStore::disk(&self.config.data_dir, self.open.vault.clone()),
        }
    }

    async fn ledger(&self) -> Result<Ledger, StartError> {
        opened::ledger(&self.config, &self.open, self.servers.postgres.clone()).await
    }

    async fn has_ledger(&self) -> Result<bool, StartError> {
        match &self.servers.postgres {
            Some(postgres) => Ok(postgres.is_sealed().await?),
            None => Ok(keys::has_ledger(&self.config.data_dir)),
        }
    }

    /// What tells one place of keys from another.
    fn keys(&self) -> (VaultKind, String) {
        let place = if self.open.kind == VaultKind::SealedTable { self.config.database.described() } else { String::new() };
        (self.open.kind, place)
    }
}

/// Moves what has to move. Nothing may run on this data directory, and no worker on its servers. `shred` is asked when all was
/// compared and the settings are switched: whether the old ones are to be destroyed.
///
/// # Errors
/// See [`MigrateError`]; the old stores are in force and as they were. It may be repeated, and goes on where it was.
pub async fn migrate_store(
    sources: &Sources,
    targets: &Targets,
    mut tell: impl FnMut(MigrationStep<'_>) + Send,
    shred: impl FnOnce(&Migrated) -> bool + Send,
) -> Result<Migrated, MigrateError> {
    let targets = targets.read()?;
    let before = Config::load(sources)?;
    let _lock = crate::build::lock(&before)?;
    let mut target = sources.clone();
    for (setting, value) in targets.given() {
        target = target.with(setting, value);
    }
    let after = Config::load(&target)?;
    let moves = Moves::between(&before, &after);
    if !moves.any() {
        return old::later(sources, &after, &mut tell, shred).await;
    }
    let (from, mut to) = (Side::reach(before).await?, Side::reach(after).await?);
    if !from.has_ledger().await? {
        return Err(MigrateError::NothingThere);
    }
    let mut moved = Migrated::default();
    let channels = from.sessions().kept().await.map_err(StartError::AuthStates)?;
    nobody_holds(&from, &channels).await?;
    if targets.replace && moves.database && to.has_ledger().await? {
        old::scrap(&to).await?;
        to = Side::reach(to.config).await?;
    }
    if from.keys() != to.keys() {
        carry_keys(&from, &to, &channels).await?;
        step_reached("migrate.keys");
    }
    if moves.sessions {
        for (n, channel) in channels.iter().enumerate() {
            moved.sessions.push(carry_session(&from.sessions(), &to.sessions(), *channel, targets.replace).await?);
            tell(MigrationStep::Session { done: n + 1, of: channels.len() });
            step_reached("migrate.session");
        }
    }
    if moves.database {
        moved.tables = carry_ledger(&from, &to, &mut tell).await?;
        step_reached("migrate.ledger");
    }
    // Noted before the switch: afterwards nothing else says where the old ones are.
    Note::of(sources, &to, moves)?.write(&from.config.data_dir)?;
    step_reached("migrate.noted");
    switch(sources, &targets, moves, &from.config, &mut moved)?;
    step_reached("migrate.switched");
    if moved.to_set.is_empty() && shred(&moved) {
        old::destroy(&from, &to, moves, &mut tell).await?;
        Note::forget(&from.config.data_dir)?;
        moved.shredded = true;
    }
    Ok(moved)
}

/// What is to be carried over.
#[derive(Clone, Copy, Debug)]
struct Moves {
    sessions: bool,
    database: bool,
}

impl Moves {
    fn between(before: &Config, after: &Config) -> Self {
        Moves {
            sessions: before.sessions.described() != after.sessions.described(),
            database: before.database.described() != after.database.described(),
        }
    }

    fn any(self) -> bool {
        self.sessions || self.database
    }
}

impl Targets {
    /// Takes addresses out of files where `@FILE` is given.
    fn read(&self) -> Result<Targets, MigrateError> {
        let read = |setting: &'static str, given: &Option<String>| match given.as_deref() {
            None => Ok(None),
            Some(text) => match text.strip_prefix('@') {
                Some(path) => {
                    let text = std::fs::read_to_string(path).map_err(|e| MigrateError::Unreadable(path.to_owned(), e))?;
                    Ok(Some(text.trim().to_owned()))
                }
                None if has_password(text) => Err(MigrateError::PasswordInTheOpen { setting }),
                None => Ok(Some(text.to_owned())),
            },
        };
        Ok(Targets { sessions: read("--sessions", &self.sessions)?, database: read("--database", &self.database)?, replace: self.replace })
    }

    fn given(&self) -> Vec<(&'static str, &str)> {
        let all = [("sessions", &self.sessions), ("database", &self.database)];
        all.into_iter().filter_map(|(setting, value)| Some((setting, value.as_deref()?))).collect()
    }
}

fn has_password(url: &str) -> bool {
    let credentials = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(credentials, _)| credentials);
    credentials.is_some_and(|user| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}

/// A worker that still runs would go on writing into what is copied.
async fn nobody_holds(from: &Side, channels: &[ChannelId]) -> Result<(), MigrateError> {
    let Some(keyspace) = &from.servers.keyspace else { return Ok(()) };
    for channel in channels {
        let mut command = keyspace::redis::cmd("EXISTS");
        command.arg(keyspace.key(*channel, keyspace::LEASE));
        if keyspace.ask::<i64>(&command).await.map_err(StartError::from)? > 0 {
            return Err(MigrateError::Held { channel: *channel });
        }
    }
    Ok(())
}

/// What opens the sessions and the ledger, and the API's key.
async fn carry_keys(from: &Side, to: &Side, channels: &[ChannelId]) -> Result<(), MigrateError> {
    for of in channels.iter().copied().map(KeyOf::Channel).chain([KeyOf::Ledger]) {
        let Some(key) = from.open.vault.key(of).await? else { continue };
        match to.open.vault.keep_key(of, &key).await {
            Err(VaultError::AlreadyThere) => return Err(MigrateError::OtherKey(described(of))),
            kept => kept?,
        }
    }
    if let Some(key) = from.open.vault.admin_key().await? {
        to.open.vault.admin_key_or(&key).await?;
    }
    Ok(())
}

fn described(of: KeyOf) -> String {
    match of {
        KeyOf::Ledger => "the database".to_owned(),
        KeyOf::Channel(channel) => channel.to_string(),
    }
}

/// Copies one session and compares it; does nothing when it is there already.
async fn carry_session(from: &AuthStore, to: &AuthStore, channel: ChannelId, replace: bool) -> Result<MovedSession, MigrateError> {
    let at = |error| MigrateError::Session { channel, error };
    // One of a pairing that came to nothing is worth nothing, and is made anew when it is needed.
    let Some(snapshot) = from.snapshot(channel).await.map_err(at)?.filter(whatsapp::Snapshot::is_paired) else {
        return Ok(MovedSession { channel, records: 0, digest: [0; 32] });
    };
    let digest = snapshot.digest();
    let moved = MovedSession { channel, records: snapshot.counts().total(), digest };
    match to.snapshot(channel).await.map_err(at)? {
        Some(there) if there.digest() == digest => return Ok(moved),
        Some(there) if there.is_paired() && replace => to.clear(channel).await.map_err(at)?,
        Some(there) if there.is_paired() => return Err(MigrateError::Occupied { channel }),
        Some(_) | None => {}
    }
    to.install(channel, &snapshot).await.map_err(|error| match error {
        InstallError::Occupied => MigrateError::Occupied { channel },
        InstallError::Differs => MigrateError::Differs { channel },
        InstallError::Malformed(error) => at(StoreError::Damaged(error.to_string())),
        InstallError::Store(error) => at(error),
    })?;
    match to.snapshot(channel).await.map_err(at)? {
        Some(there) if there.digest() == digest => Ok(moved),
        Some(_) | None => Err(MigrateError::Differs { channel }),
    }
}

async fn carry_ledger(
    from: &Side,
    to: &Side,
    tell: &mut (impl FnMut(MigrationStep<'_>) + Send),
) -> Result<Vec<TransferredTable>, MigrateError> {
    let source = from.ledger().await?;
    let target = match to.ledger().await {
        Ok(target) => target,
        Err(error) => {
            source.close().await;
            return Err(error.into());
        }
    };
    let carried = ledger::transfer(&source, &target, |progress| {
        tell(MigrationStep::Ledger(progress));
        step_reached("migrate.rows");
    })
    .await;
    source.close().await;
    target.close().await;
    Ok(carried?.tables)
}

/// Writes the settings that are ours to write, and tells those that are not.
fn switch(sources: &Sources, targets: &Targets, moves: Moves, before: &Config, moved: &mut Migrated) -> Result<(), MigrateError> {
    let moving = |setting: &str| if setting == "sessions" { moves.sessions } else { moves.database };
    let mut ours = Vec::new();
    for (setting, value) in targets.given().into_iter().filter(|(setting, _)| moving(setting)) {
        match sources.origin(setting) {
            Origin::Ours => ours.push((setting, value.to_owned())),
            origin => moved.to_set.push((origin, format!("{setting} = {value:?}"))),
        }
    }
    // All or none: an installation with one foot here and one there was never compared.
    if moved.to_set.is_empty() {
        choose(&before.data_dir, &ours).map_err(MigrateError::Settings)?;
        moved.switched = ours.into_iter().map(|(setting, _)| setting.to_owned()).collect();
    } else {
        let rest = ours.into_iter().map(|(setting, value)| (Origin::Ours, format!("{setting} = {value:?}")));
        moved.to_set.extend(rest);
    }
    Ok(())
}

impl std::fmt::Debug for Targets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Addresses may hold passwords.
        f.debug_struct("Targets").field("sessions", &self.sessions.is_some()).field("database", &self.database.is_some()).finish()
    }
}

/// For the note: whether the two are what they were then.
fn places(config: &Config) -> (String, String) {
    (config.sessions.described(), config.database.described())
}
