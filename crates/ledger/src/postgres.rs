//! A ledger that several processes share, in Postgres.

use crate::{KeyTable, Ledger, OpenError};
use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;

/// Where the database is.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:5432/database?sslmode=verify-full`.
    pub url: SecretString,
    /// Holds the password, instead of the URL.
    pub password_file: Option<PathBuf>,
    /// The authority that signs the server's certificate, as PEM; `None`: those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Connections of this process for reading (there are two more, for writing and for news).
    pub connections: u32,
}

impl PostgresConfig {
    pub fn new(url: impl Into<SecretString>) -> Self {
        PostgresConfig { url: url.into(), password_file: None, ca: None, connections: 4 }
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// A database that is reached, with the schema of this version.
#[derive(Clone, Debug)]
pub struct Postgres {
    _later: (),
}

impl Postgres {
    /// Connects and brings the schema up to date, one process at a time.
    ///
    /// # Errors
    /// `Unreachable`; `NewerVersion` when a newer program made the schema.
    pub async fn connect(config: PostgresConfig) -> Result<Postgres, OpenError> {
        let _ = config;
        tokio::task::yield_now().await;
        Err(OpenError::Unreachable("not built yet".into()))
    }

    /// The table in which sealed keys are kept.
    pub fn keys(&self) -> KeyTable {
        KeyTable::default()
    }
}

impl Ledger {
    /// The ledger in this database. Secrets in it are sealed with a key that all processes share.
    ///
    /// # Errors
    /// `WrongKey` when they were sealed with another one. Nothing is changed then.
    pub async fn on(postgres: Postgres, sealing_key: &[u8; 32]) -> Result<Ledger, OpenError> {
        let _ = (postgres, sealing_key);
        tokio::task::yield_now().await;
        Err(OpenError::Unreachable("not built yet".into()))
    }
}
