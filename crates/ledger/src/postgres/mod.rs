//! What is particular to Postgres: a ledger that several processes share.
//!
//! Each process has one connection that writes, one that listens and a few that read. Every transaction that writes locks the
//! one row of `event_head` first, so that they follow each other over all processes as they do on one SQLite file: `seq` has no
//! hole and rises in the order of the commits. Whoever is paused or cut off while it holds that lock is ended by the server
//! after 4 s.

mod config;
mod keys;
mod link;
mod listener;
mod look;
#[cfg(test)]
mod plans;
mod reseal;
mod schema;
mod scrap;

pub use config::PostgresConfig;
pub use keys::KeyTable;
pub(crate) use link::Link;
pub(crate) use listener::{Ears, Listener, raise};
pub use look::{PostgresReport, look_at};
pub use reseal::{reseal, users};

use crate::sealing::Sealing;
use crate::{LedgerError, OpenError};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{Connection as _, Error};
use std::fmt;
use std::future::Future;
use std::time::Duration;

/// The name under which notifications go.
pub(crate) const CHANNEL: &str = "whatisup_ledger";

/// Of an advisory lock: who has a ledger open shares it; who changes the key of what is sealed has it alone.
pub(crate) const USED: i64 = 0x7768_6174_6973_0003;

/// How long an answer is waited for. A little longer than the server lets a statement run.
const PATIENCE: Duration = Duration::from_secs(8);
const CONNECTING: Duration = Duration::from_secs(4);
/// Idle connections go after this.
const IDLE: Duration = Duration::from_secs(120);

/// What every connection sets first. A commit that was answered is on the server's disk.
const SESSION: &str = "\
    SET lock_timeout = '6s'; SET statement_timeout = '7s'; SET idle_in_transaction_session_timeout = '4s'; \
    SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 5000; \
    SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// A database that is reached, with the schema of this version.
#[derive(Clone)]
pub struct Postgres {
    options: PgConnectOptions,
    connections: u32,
    /// For keys.
    pool: PgPool,
}

// The options hold the password.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or_default();
        f.debug_struct("Postgres").field("host", &self.options.get_host()).field("database", &database).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects and brings the schema up to date, one process at a time.
    ///
    /// # Errors
    /// `Unreachable`; `NewerVersion` when a newer program made the schema, which is left alone.
    pub async fn connect(config: PostgresConfig) -> Result<Postgres, OpenError> {
        let options = config.options()?;
        let mut connection = connect(&options).await.map_err(|e| unopened(&e))?;
        let ready = schema::prepare(&mut connection).await;
        drop(connection.close().await);
        ready?;
        let pool = pool(&options, 2);
        Ok(Postgres { options, connections: config.connections.max(1), pool })
    }

    /// As [`connect`](Postgres::connect), but leaves the schema alone: for a command beside the program. `None` when no start of
    /// this version has made the schema yet.
    ///
    /// # Errors
    /// As there.
    pub async fn attach(config: PostgresConfig) -> Result<Option<Postgres>, OpenError> {
        let options = config.options()?;
        let mut connection = connect(&options).await.map_err(|e| unopened(&e))?;
        let found = schema::found(&mut connection).await;
        drop(connection.close().await);
        match (found?, schema::known()) {
            (Some(found), known) if found > known => return Err(OpenError::NewerVersion { found, known }),
            (Some(found), known) if found == known => {}
            (Some(_) | None, _) => return Ok(None),
        }
        let pool = pool(&options, 2);
        Ok(Some(Postgres { options, connections: config.connections.max(1), pool }))
    }

    /// The table in which a vault keeps its sealed entries.
    pub fn keys(&self) -> KeyTable {
        KeyTable::new(self.pool.clone())
    }

    /// Whether secrets were ever sealed here: then there is a key that belongs to them.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn is_sealed(&self) -> Result<bool, OpenError> {
        let sealed = sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT 1 FROM key_check)").fetch_one(&self.pool);
        patiently(sealed).await.map_err(|e| unopened(&e))
    }

    /// Connections that only read, made when needed.
    pub(crate) fn readers(&self) -> PgPool {
        pool(&self.options, self.connections)
    }

    pub(crate) fn listener(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The connection that writes, as the node of that name.
    pub(crate) async fn writer(&self, node: String) -> Result<Link, OpenError> {
        let mut link = Link::new(self.options.clone(), node);
        link.connect().await.map_err(|e| unopened(&e))?;
        Ok(link)
    }

    /// `WrongKey` when secrets were sealed with another one.
    pub(crate) async fn check_key(&self, sealing: &Sealing) -> Result<(), OpenError> {
        let unreachable = |e: Error| unopened(&e);
        let first = "INSERT INTO key_check (one, sealed) VALUES (1, $1) ON CONFLICT (one) DO NOTHING";
        patiently(sqlx::query(first).bind(sealing.check()).execute(&self.pool)).await.map_err(unreachable)?;
        let known = sqlx::query_scalar::<_, String>("SELECT sealed FROM key_check WHERE one = 1").fetch_one(&self.pool);
        if sealing.fits(patiently(known).await.map_err(unreachable)?) { Ok(()) } else { Err(OpenError::WrongKey) }
    }
}

pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, Error> {
    within(CONNECTING, async {
        let mut connection = PgConnection::connect_with(options).await?;
        sqlx::raw_sql(SESSION).execute(&mut connection).await?;
        Ok(connection)
    })
    .await
}

fn pool(options: &PgConnectOptions, connections: u32) -> PgPool {
    PoolOptions::new()
        .max_connections(connections)
        .min_connections(0)
        .acquire_timeout(CONNECTING)
        .idle_timeout(IDLE)
        .after_connect(|connection, _| Box::pin(async move { sqlx::raw_sql(SESSION).execute(connection).await.map(drop) }))
        .connect_lazy_with(options.clone())
}

/// Gives up an answer that does not come: the network may swallow it without a word. The connection is of no use after that.
pub(crate) async fn patiently<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    within(PATIENCE, work).await
}

async fn within<T>(time: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = || Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database server does not answer"));
    tokio::time::timeout(time, work).await.unwrap_or_else(|_| Err(late()))
}

/// Why there is no connection: whether waiting helps is told by the code. None of the words holds a password.
#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
pub(crate) fn unopened(error: &Error) -> OpenError {
    let Some(told) = error.as_database_error() else {
        return match error {
            // A certificate that is not trusted, a server without TLS where it is wanted: that stays so.
            Error::Tls(_) | Error::Configuration(_) => OpenError::Refused(error.to_string()),
            _ => OpenError::Unreachable(error.to_string()),
        };
    };
    let code = told.code().unwrap_or_default();
    let words = format!("{} ({code})", told.message());
    // Who one is, which database, what one may do, what exists.
    let stays = ["28", "3D", "42", "0A"].iter().any(|class| code.starts_with(class));
    if stays { OpenError::Refused(words) } else { OpenError::Unreachable(words) }
}

/// Codes of errors: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(crate) fn explain(error: &Error) -> LedgerError {
    let Some(told) = error.as_database_error() else { return LedgerError::Io(error.to_string()) };
    match told.code().as_deref() {
        Some("23505") => LedgerError::AlreadyThere,
        Some("23503") => LedgerError::NoSuchChannel,
        Some("53100") => LedgerError::Full,
        Some("XX001" | "XX002") => LedgerError::Damaged(error.to_string()),
        // Never the detail, which may quote a row.
        Some(code) => LedgerError::Io(format!("{} ({code})", told.message())),
        None => LedgerError::Io(told.message().to_owned()),
    }
}
