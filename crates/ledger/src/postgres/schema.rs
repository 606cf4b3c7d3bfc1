//! The schema is made and brought up to date by one process at a time; the others wait.

use crate::OpenError;
use sqlx::Error;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// Of an advisory lock: whoever holds it changes the schema.
const LOCK: i64 = 0x7768_6174_6973_0001;

pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), OpenError> {
    // A large table may take its time, and so may the process that is before us. The lock goes with the connection.
    let patience = "SET statement_timeout = 0; SET lock_timeout = 0";
    sqlx::raw_sql(patience).execute(&mut *connection).await.map_err(unreachable)?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await.map_err(unreachable)?;
    refuse_newer(connection).await?;
    MIGRATIONS.run_direct(None, connection, false).await.map_err(migration)
}

async fn refuse_newer(connection: &mut PgConnection) -> Result<(), OpenError> {
    let known = known();
    match found(connection).await? {
        Some(found) if found > known => Err(OpenError::NewerVersion { found, known }),
        Some(_) | None => Ok(()),
    }
}

/// The names of all tables, as the migrations make them.
pub(super) fn tables() -> Vec<String> {
    let made = MIGRATIONS.iter().flat_map(|migration| migration.sql.as_str().lines());
    let names = made.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split([' ', '(']).next());
    names.map(str::to_owned).collect()
}

/// The newest schema that this version knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0)
}

/// The schema that is there.
pub(super) async fn found(connection: &mut PgConnection) -> Result<Option<i64>, OpenError> {
    let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(unreachable)?;
    if !there {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(connection).await.map_err(unreachable)
}

fn unreachable(error: Error) -> OpenError {
    super::unopened(&error)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
fn migration(error: MigrateError) -> OpenError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => unreachable(e),
        other => OpenError::Io(other.to_string()),
    }
}
