//! What is particular to SQLite and SQLCipher: how a connection is made and what its errors mean.

use crate::LedgerError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Takes the write lock at once: a transaction that upgraded later could fail half-way with "busy".
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

/// Page cache of the writer and of each reader, in KiB: what the ledger costs in memory, mostly.
const WRITER_CACHE: &str = "PRAGMA cache_size = -1024";
const READER_CACHE: &str = "PRAGMA cache_size = -512";
const READERS: u32 = 2;

/// No statement logging: the first statement of a connection is its key. Nothing here reads a page of the file, so that
/// connecting does not fail for a wrong key: sqlx would let go of such a connection on a thread that nobody waits for.
fn options(path: &Path, key: &[u8; 32]) -> SqliteConnectOptions {
    let hex = Zeroizing::new(hex::encode(key));
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .pragma("key", format!("\"x'{}'\"", hex.as_str()))
        // SQLCipher would print to stderr what we report in words.
        .pragma("cipher_log_level", "NONE")
        .pragma("temp_store", "MEMORY")
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(128)
        .command_buffer_size(16)
        .row_buffer_size(16)
        .disable_statement_logging()
        .thread_name(|_| "ledger".to_owned())
}

/// The connection that writes. Touches no page of the file yet.
pub(crate) async fn connect(path: &Path, key: &[u8; 32]) -> Result<SqliteConnection, sqlx::Error> {
    options(path, key).connect().await
}

/// To be called once the file is known to be sound. FULL: a commit has been fsynced when it returns.
pub(crate) async fn make_durable(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for pragma in
        [WRITER_CACHE, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA journal_size_limit = 16777216"]
    {
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Connections that only read, made when needed.
pub(crate) fn readers(path: &Path, key: &[u8; 32]) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(Duration::from_secs(60))
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async move { sqlx::query(READER_CACHE).execute(connection).await.map(drop) }))
        .connect_lazy_with(options(path, key).pragma("query_only", "ON"))
}

/// Moves the write-ahead log into the file and lets go of it. What fails here is repeated at the next start.
pub(crate) async fn close(connection: SqliteConnection) {
    if let Err(e) = connection.close().await {
        tracing::warn!(error = %e, "the ledger did not close cleanly; nothing is lost");
    }
}

/// SQLite's word on structure; SQLCipher checks each page's HMAC as it is read. `None` when sound.
pub(crate) async fn find_damage(connection: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    let said: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await?;
    Ok((said != "ok").then_some(said))
}

/// Reads the file's first page, which fails when the key or the page is wrong.
pub(crate) async fn touch(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM sqlite_master").fetch_one(connection).await
}

/// SQLite's result codes (https://www.sqlite.org/rescode.html); the lower byte of an extended one.
/// What SQLCipher's pager gets for a page whose HMAC is wrong ("out of memory"). True exhaustion kills a process here instead.
const NOMEM: i32 = 7;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const IOERR: i32 = 10;
const NOTADB: i32 = 26;
const CONSTRAINT_UNIQUE: i32 = 2067;
const CONSTRAINT_PRIMARYKEY: i32 = 1555;
const CONSTRAINT_FOREIGNKEY: i32 = 787;

fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// Whether the file, rather than the disk or we, is at fault.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error).map(|c| c & 0xff), Some(CORRUPT | NOTADB | NOMEM))
}

/// What an error of SQLite means, `dir` being where the file is.
pub(crate) fn explain(error: &sqlx::Error, dir: &Path) -> LedgerError {
    match code(error) {
        Some(CONSTRAINT_UNIQUE | CONSTRAINT_PRIMARYKEY) => LedgerError::AlreadyThere,
        Some(CONSTRAINT_FOREIGNKEY) => LedgerError::NoSuchChannel,
        Some(c) if c & 0xff == FULL => LedgerError::Full,
        Some(c) if c & 0xff == NOMEM => LedgerError::Damaged("a page of the file is not what was written".into()),
        Some(c) if matches!(c & 0xff, CORRUPT | NOTADB) => LedgerError::Damaged(error.to_string()),
        // SQLite reports a disk that fills up during fsync, or that has no room for its index, as an I/O error.
        Some(c) if c & 0xff == IOERR && no_room(dir) => LedgerError::Full,
        Some(_) => LedgerError::Io(error.to_string()),
        None => LedgerError::Io(error.to_string()),
    }
}

fn no_room(dir: &Path) -> bool {
    fs4::available_space(dir).is_ok_and(|bytes| bytes < 1 << 20)
}
