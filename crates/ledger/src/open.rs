//! Opening: the key first, then the file's soundness, then its schema. Nothing is written before all is well.

use crate::batch::{self, Heads};
use crate::clean_stop::CleanStop;
use crate::dialect::Place;
use crate::key_check::{self, KeyCheck};
use crate::{LedgerError, OpenError, damage, sqlite};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How the ledger is to be opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    pub check: Check,
}

/// How much of the file is checked at start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// All of it; but of a large file (over 64 MiB) that was closed in good order and not touched since, only what is read
    /// anyway: every page carries an HMAC that is checked whenever it is read.
    #[default]
    Sensible,
    /// All of it, however large.
    Thorough,
}

pub(crate) const FILE: &str = "ledger.db";
const LARGE: u64 = 64 << 20;
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

pub(crate) struct Opened {
    pub connection: SqliteConnection,
    pub readers: SqlitePool,
    pub heads: Heads,
    pub clean_stop: CleanStop,
}

pub(crate) async fn open(dir: &Path, key: &[u8; 32], options: OpenOptions) -> Result<Opened, OpenError> {
    let path = dir.join(FILE);
    prepare(dir, &path)?;
    let known_key = match key_check::check(dir, key).map_err(|e| disk(&e, dir))? {
        KeyCheck::Wrong => return Err(OpenError::WrongKey),
        KeyCheck::Right => true,
        KeyCheck::Unknown => false,
    };
    let size = fs::metadata(&path).map_err(|e| disk(&e, dir))?.len();
    if known_key && size == 0 {
        return Err(damage::found(dir, "the file is missing or empty, though there was one".into()));
    }
    let clean_stop = CleanStop::of(dir);
    let skip_check = options.check == Check::Sensible && size > LARGE && clean_stop.holds();
    clean_stop.clear().map_err(|e| disk(&e, dir))?;

    let mut connection = sqlite::connect(&path, key).await.map_err(|e| explain(&e, dir))?;
    let opened = async {
        if size > 0 {
            if let Err(e) = sqlite::touch(&mut connection).await {
                return Err(match sqlite::is_damage(&e) {
                    // Without the key check both are possible; a wrong key is by far the likelier.
                    true if !known_key => OpenError::WrongKey,
                    true | false => explain(&e, dir),
                });
            }
            refuse_newer(&mut connection, dir).await?;
            if !skip_check {
                match sqlite::find_damage(&mut connection).await {
                    Ok(None) => {}
                    Ok(Some(what)) => return Err(damage::found(dir, what)),
                    Err(e) => return Err(explain(&e, dir)),
                }
            }
        }
        sqlite::make_durable(&mut connection).await.map_err(|e| explain(&e, dir))?;
        MIGRATIONS.run_direct(None, &mut connection, false).await.map_err(|e| migration(e, dir))?;
        key_check::remember(dir, key).map_err(|e| disk(&e, dir))?;
        batch::heads(&mut connection).await.map_err(|e| explain(&e, dir))
    }
    .await;
    match opened {
        Ok(heads) => Ok(Opened { connection, readers: sqlite::readers(&path, key), heads, clean_stop }),
        Err(e) => {
            sqlite::close(connection).await;
            Err(e)
        }
    }
}

/// SQLite would make the file readable for others; its companions (-wal, -shm) take after it.
fn prepare(dir: &Path, path: &Path) -> Result<(), OpenError> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(dir).map_err(|e| disk(&e, dir))?;
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| disk(&e, dir))?;
    Ok(())
}

/// Before anything else touches a file that we may not understand.
async fn refuse_newer(connection: &mut SqliteConnection, dir: &Path) -> Result<(), OpenError> {
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
        .fetch_one(&mut *connection)
        .await
        .map_err(|e| explain(&e, dir))?;
    if tables == 0 {
        return Ok(());
    }
    let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(|e| explain(&e, dir))?;
    let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
    match found {
        Some(found) if found > known => Err(OpenError::NewerVersion { found, known }),
        Some(_) | None => Ok(()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
fn migration(error: MigrateError, dir: &Path) -> OpenError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => explain(&e, dir),
        other => OpenError::Io(other.to_string()),
    }
}

fn explain(error: &sqlx::Error, dir: &Path) -> OpenError {
    match Place::Directory(dir.to_owned()).explain(error) {
        LedgerError::Full => OpenError::DiskFull,
        LedgerError::Damaged(what) => damage::found(dir, what),
        LedgerError::Io(what) => OpenError::Io(what),
        other @ (LedgerError::Closed
        | LedgerError::NoSuchChannel
        | LedgerError::AlreadyThere
        | LedgerError::QueueFull
        | LedgerError::NoSuchEndpoint
        | LedgerError::NoSuchDelivery
        | LedgerError::EventPruned
        | LedgerError::Fenced
        | LedgerError::NoSuchApp
        | LedgerError::Changed) => OpenError::Io(other.to_string()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
fn disk(error: &io::Error, dir: &Path) -> OpenError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OpenError::DiskFull,
        _ => OpenError::Io(format!("{}: {error}", dir.display())),
    }
}

/// The files that make one ledger, by the ends of their names.
pub(crate) fn files(dir: &Path) -> [PathBuf; 3] {
    [FILE.to_owned(), format!("{FILE}-wal"), format!("{FILE}-shm")].map(|name| dir.join(name))
}
