//! The end of the old stores, once everything in them lives elsewhere.

use super::note::Note;
use super::{MigrateError, Migrated, MigrationStep, Moves, Side, places};
use crate::StartError;
use crate::config::{Config, Sources};
use whatsapp::step_reached;

/// For one who asks for it afterwards: the settings are switched already.
pub(super) async fn later(
    sources: &Sources,
    now: &Config,
    tell: &mut (impl FnMut(MigrationStep<'_>) + Send),
    shred: impl FnOnce(&Migrated) -> bool + Send,
) -> Result<Migrated, MigrateError> {
    let (sessions, database) = places(now);
    let nothing = || MigrateError::NothingToDo { sessions: sessions.clone(), database: database.clone() };
    let note = Note::read(&now.data_dir)?.filter(|note| note.now == places(now)).ok_or_else(nothing)?;
    let mut done = Migrated::default();
    if !shred(&done) {
        return Ok(done);
    }
    let before = Config::load(&sources.with("sessions", &note.sessions).with("database", &note.database))?;
    let (from, to) = (Side::reach(before).await?, Side::reach(now.clone()).await?);
    let moves = Moves { sessions: note.moved_sessions, database: note.moved_database };
    destroy(&from, &to, moves, tell).await?;
    Note::forget(&now.data_dir)?;
    done.shredded = true;
    Ok(done)
}

/// The database of one side.
pub(super) async fn scrap(side: &Side) -> Result<(), MigrateError> {
    let old = |error: &dyn std::fmt::Display| MigrateError::Old(error.to_string());
    match &side.servers.postgres {
        Some(postgres) => postgres.clone().scrap().await.map_err(|e| old(&e)),
        None => ledger::scrap(&side.config.data_dir).map_err(|e| old(&e)),
    }
}

pub(super) async fn destroy(
    from: &Side,
    to: &Side,
    moves: Moves,
    tell: &mut (impl FnMut(MigrationStep<'_>) + Send),
) -> Result<(), MigrateError> {
    let old = |error: &dyn std::fmt::Display| MigrateError::Old(error.to_string());
    let channels = if moves.sessions { from.sessions().kept().await.map_err(StartError::AuthStates)? } else { Vec::new() };
    for channel in &channels {
        // Its key opens the new one as well, or goes below.
        from.sessions().clear(*channel).await.map_err(|e| old(&e))?;
        tell(MigrationStep::Old("session"));
        step_reached("migrate.cleared");
    }
    // Keys in a table go with it.
    if from.keys() != to.keys() && from.servers.postgres.is_none() {
        for channel in to.sessions().kept().await.map_err(StartError::AuthStates)? {
            from.open.vault.delete_channel_key(channel).await?;
        }
    }
    if moves.database {
        scrap(from).await?;
        tell(MigrationStep::Old("database"));
        step_reached("migrate.scrapped");
    }
    Ok(())
}
