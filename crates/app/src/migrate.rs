//! Another store for what is there: sessions from disk to Redis, the ledger from SQLCipher to Postgres, and back.
//!
//! The order is what makes it safe to be interrupted anywhere and begun again: keys, sessions, ledger, each compared before
//! the next; then the settings; then, and only when asked, the end of the old ones. Until the settings change the old ones
//! are in force and untouched. What was verified is noted beside them, so that the old ones can also be destroyed later.

mod carry;
mod note;
mod old;
mod side;
mod switch;
mod targets;

pub use targets::Targets;

use crate::config::{Origin, Sources};
use crate::{Config, ConfigError, StartError};
use domain::ChannelId;
use ledger::{TransferError, TransferProgress, TransferredTable};
use note::Note;
use side::{Side, places};
use vault::VaultError;
use whatsapp::{StoreError, step_reached};

/// What is told while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum MigrationStep<'a> {
    /// This many of all sessions were copied and compared.
    Session {
        done: usize,
        of: usize,
    },
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
    #[error(
        "{setting}: an address with a password on the command line can be read by others; write it into a file and give @FILE"
    )]
    PasswordInTheOpen { setting: &'static str },
    #[error("cannot read {0}: {1}")]
    Unreadable(String, std::io::Error),
    #[error("{channel} is held by a running worker; stop all of them first")]
    Held { channel: ChannelId },
    #[error("the session of {channel}: {error}")]
    Session { channel: ChannelId, error: StoreError },
    #[error(
        "{channel} has another session where it is to go: a newer one, perhaps. Look which one is the right one; nothing was changed. --replace destroys what is there"
    )]
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
    carry::nobody_holds(&from, &channels).await?;
    if targets.replace && moves.database && to.has_ledger().await? {
        old::scrap(&to).await?;
        to = Side::reach(to.config).await?;
    }
    if from.keys() != to.keys() {
        carry::keys(&from, &to, &channels).await?;
        step_reached("migrate.keys");
    }
    if moves.sessions {
        for (n, channel) in channels.iter().enumerate() {
            moved.sessions.push(carry::session(&from.sessions(), &to.sessions(), *channel, targets.replace).await?);
            tell(MigrationStep::Session { done: n + 1, of: channels.len() });
            step_reached("migrate.session");
        }
    }
    if moves.database {
        moved.tables = carry::ledger(&from, &to, &mut tell).await?;
        step_reached("migrate.ledger");
    }
    // Noted before the switch: afterwards nothing else says where the old ones are.
    Note::of(sources, &to, moves)?.write(&from.config.data_dir)?;
    step_reached("migrate.noted");
    switch::switch(sources, &targets, moves, (&from.config, &to.config), &mut moved)?;
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
