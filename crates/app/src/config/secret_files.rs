//! Files of the person's own in which there are secrets.

use super::layers::{read_table, user_file};
use super::{Config, Database, Sessions, Sources};
use std::path::PathBuf;

/// The person's file of settings, when there is an address with a password in it.
pub(super) fn of_settings(sources: &Sources) -> Option<PathBuf> {
    let path = user_file(sources)?;
    let table = read_table(&path).ok()?;
    let text = |setting: &str| table.get(setting).and_then(toml::Value::as_str).unwrap_or_default();
    ["sessions", "database"].into_iter().any(|setting| text(setting).contains(['@', '?'])).then_some(path)
}

impl Config {
    /// All of them but the master key's, which the vault judges itself.
    pub(crate) fn secret_files(&self) -> Vec<PathBuf> {
        let redis = match &self.sessions {
            Sessions::Disk => None,
            Sessions::Redis(redis) => redis.password_file.clone(),
        };
        let postgres = match &self.database {
            Database::Sqlite => None,
            Database::Postgres(postgres) => postgres.password_file.clone(),
        };
        [self.secret_settings.clone(), redis, postgres].into_iter().flatten().collect()
    }
}
