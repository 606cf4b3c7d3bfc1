use super::OpenError;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use vault::Key32;
use whatsapp_rust_sqlite_storage::{SqliteStore, SqliteStoreConfig, Synchronous};
use zeroize::Zeroizing;

/// Pages that an idle channel keeps in memory. The working set of one device is small; SQLite's default is 2 MiB.
const CACHE_KIB: u32 = 64;
const BUSY: Duration = Duration::from_secs(5);

/// What opens one SQLCipher file.
#[derive(Clone)]
pub(super) struct Seal {
    /// The statements that must be the first on every connection.
    pragmas: Zeroizing<String>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Seal {
    pub fn new(key: &Key32) -> Self {
        let hex = key.as_hex();
        // The log of a wrong key would go to stderr.
        let pragmas = format!("PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{}'\";", hex.as_str());
        Seal { pragmas: Zeroizing::new(pragmas) }
    }

    /// Whether the key fits, answered at once by one connection.
    pub async fn tried_on(&self, database: PathBuf) -> Result<(), OpenError> {
        self.ask(database, "SELECT count(*) AS n FROM sqlite_master").await.map(drop)
    }

    /// Whether the device in the file belongs to an account.
    pub async fn paired(&self, database: PathBuf) -> Result<bool, OpenError> {
        let tables = self
            .ask(database.clone(), "SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'device'")
            .await?;
        Ok(tables > 0 && self.ask(database, "SELECT count(*) AS n FROM device WHERE pn <> ''").await? > 0)
    }

    /// Writes what the file holds at this moment into the new file `into`, under the same key; whoever has it open goes on.
    pub async fn copied(&self, database: PathBuf, into: PathBuf) -> Result<(), OpenError> {
        let seal = self.clone();
        let done = tokio::task::spawn_blocking(move || -> Result<(), OpenError> {
            let into = path(&into)?.replace('\'', "''");
            let mut connection = seal.connected(&database)?;
            connection.batch_execute(&format!("VACUUM INTO '{into}';")).map_err(|e| OpenError::from_sqlite(e.to_string()))
        });
        done.await.map_err(OpenError::broke_off)?
    }

    pub fn connected(&self, database: &Path) -> Result<SqliteConnection, OpenError> {
        let mut connection = SqliteConnection::establish(&path(database)?).map_err(|e| OpenError::Io(e.to_string()))?;
        let sqlite = |e: diesel::result::Error| OpenError::from_sqlite(e.to_string());
        connection.batch_execute(&self.pragmas).map_err(sqlite)?;
        connection.batch_execute(&format!("PRAGMA busy_timeout = {};", BUSY.as_millis())).map_err(sqlite)?;
        Ok(connection)
    }

    async fn ask(&self, database: PathBuf, question: &'static str) -> Result<i64, OpenError> {
        let seal = self.clone();
        let answer = tokio::task::spawn_blocking(move || -> Result<i64, OpenError> {
            let mut connection = seal.connected(&database)?;
            let sqlite = |e: diesel::result::Error| OpenError::from_sqlite(e.to_string());
            diesel::sql_query(question).get_result::<Count>(&mut connection).map(|count| count.n).map_err(sqlite)
        });
        answer.await.map_err(OpenError::broke_off)?
    }

    /// Upstream's store over the file, with as little memory as serves one idle device.
    pub async fn store(&self, database: &Path) -> Result<SqliteStore, OpenError> {
        let pragmas = self.pragmas.clone();
        let mut config = SqliteStoreConfig::default().with_connection_init(move |connection| {
            connection.batch_execute(&pragmas)?;
            Ok(())
        });
        config.pool_size = 1;
        config.read_pool_size = 0;
        config.cache_size_kib = CACHE_KIB;
        config.mmap_size = None;
        config.busy_timeout = BUSY;
        // Safe against the end of the process. A power cut may lose the last moments, which the protocol heals (it
        // asks again); what must not be lost, a new link, is synced by itself (`AuthStates::sync`).
        config.synchronous = Synchronous::Normal;
        Ok(SqliteStore::with_config(&path(database)?, config).await?)
    }
}

fn path(database: &Path) -> Result<String, OpenError> {
    let text = database.to_str().ok_or_else(|| OpenError::Io("the data directory's path is not Unicode".into()))?;
    // Upstream cuts a path there.
    if text.contains(['?', '#']) {
        return Err(OpenError::Io("the data directory's path contains ? or #".into()));
    }
    Ok(text.to_owned())
}
