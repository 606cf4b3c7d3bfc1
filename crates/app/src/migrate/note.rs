//! What was verified, and where the old ones are: needed until these are destroyed.

use super::{MigrateError, Moves, Side, places};
use crate::config::Sources;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// `migrated.json`, 0600: an address may hold a password.
#[derive(Serialize, Deserialize)]
pub(super) struct Note {
    /// What the settings said before.
    pub sessions: String,
    pub database: String,
    pub moved_sessions: bool,
    pub moved_database: bool,
    /// Where all of it is now, without passwords.
    pub now: (String, String),
}

impl Note {
    pub fn of(sources: &Sources, to: &Side, moves: Moves) -> Result<Self, MigrateError> {
        let value = |setting: &str| sources.value(setting).map_err(MigrateError::from);
        Ok(Note {
            sessions: value("sessions")?,
            database: value("database")?,
            moved_sessions: moves.sessions,
            moved_database: moves.database,
            now: places(&to.config),
        })
    }

    pub fn read(data_dir: &Path) -> Result<Option<Self>, MigrateError> {
        match std::fs::read(file(data_dir)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| MigrateError::Old(e.to_string())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(MigrateError::Old(e.to_string())),
        }
    }

    pub fn write(&self, data_dir: &Path) -> Result<(), MigrateError> {
        let bytes = serde_json::to_vec(self).map_err(|e| MigrateError::Settings(e.into()))?;
        let beside = data_dir.join("migrated.new");
        crate::private::write(&beside, &bytes)
            .and_then(|()| std::fs::rename(&beside, file(data_dir)))
            .map_err(MigrateError::Settings)
    }

    pub fn forget(data_dir: &Path) -> Result<(), MigrateError> {
        match std::fs::remove_file(file(data_dir)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(MigrateError::Old(e.to_string())),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("migrated.json")
}
