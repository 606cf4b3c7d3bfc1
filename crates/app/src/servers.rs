//! The servers that an installation may stand on, Postgres and Redis: reached, or told why not.

use crate::config::{Database, PostgresConfig, RedisConfig, Sessions, VaultStore};
use crate::{Config, StartError};
use keyspace::{Keyspace, KeyspaceConfig, KeyspaceError, Script};
use ledger::Postgres;
use secrecy::SecretString;
use std::path::Path;

/// Those that the configuration names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Servers {
    pub postgres: Option<Postgres>,
    pub keyspace: Option<Keyspace>,
}

impl Servers {
    /// Connects to all of them. Of Postgres the schema is brought up to date; of Redis it is tried whether it can be written.
    pub async fn reach(config: &Config) -> Result<Self, StartError> {
        let postgres = match &config.database {
            Database::Sqlite => None,
            Database::Postgres(postgres) => Some(database(postgres).await?),
        };
        let keyspace = match &config.sessions {
            Sessions::Disk => None,
            Sessions::Redis(redis) => Some(writable(redis).await?),
        };
        Ok(Servers { postgres, keyspace })
    }

    /// Only what is needed to get at the keys, for a command beside the program. Makes no schema.
    pub async fn of_keys(config: &Config) -> Result<Self, StartError> {
        let wrapped = config.vault.master.is_some() && matches!(config.vault.store, VaultStore::Auto | VaultStore::Master);
        let postgres = match &config.database {
            Database::Postgres(postgres) if wrapped => {
                Some(Postgres::attach(ledger_config(postgres)).await?.ok_or(StartError::NotStarted)?)
            }
            Database::Postgres(_) | Database::Sqlite => None,
        };
        Ok(Servers { postgres, keyspace: None })
    }
}

/// The database, with its schema as this version wants it.
pub(crate) async fn database(config: &PostgresConfig) -> Result<Postgres, StartError> {
    Ok(Postgres::connect(ledger_config(config)).await?)
}

pub(crate) fn ledger_config(config: &PostgresConfig) -> ledger::PostgresConfig {
    let mut ledger = ledger::PostgresConfig::new(config.url.clone());
    ledger.password_file = config.password_file.clone();
    ledger.ca = config.ca.clone();
    ledger.connections = config.connections;
    ledger
}

/// A connection that nobody has used yet.
pub(crate) fn keyspace(config: &RedisConfig) -> Result<Keyspace, StartError> {
    let mut keyspace: KeyspaceConfig = config.keyspace.clone();
    if let Some(path) = &config.password_file {
        keyspace.password = Some(password(path).map_err(|e| KeyspaceError::Config(format!("{}: {e}", path.display())))?);
    }
    Ok(Keyspace::connect(keyspace)?)
}

/// A Redis that answers, lets us in and takes what is written.
pub(crate) async fn writable(config: &RedisConfig) -> Result<Keyspace, StartError> {
    let keyspace = keyspace(config)?;
    keyspace.ping().await?;
    let try_it = Script::repeatable("redis.call('SET', KEYS[1], ARGV[1], 'PX', 5000) return 1");
    keyspace.run(&try_it, &[keyspace.shared_key("start")], &["1"]).await?;
    Ok(keyspace)
}

/// The line that a file holds.
fn password(path: &Path) -> std::io::Result<SecretString> {
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path)?);
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
}
