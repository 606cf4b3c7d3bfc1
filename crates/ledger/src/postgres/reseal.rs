//! A new key for what is sealed in a database that nobody uses.

use super::{Postgres, connect, explain, patiently, unopened};
use crate::sealing::Sealing;
use crate::{LedgerError, OpenError};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Error};
use std::time::Duration;

/// Table, column that names the row, sealed column, and the place that it is sealed for.
const SEALED: [(&str, &str, &str, &str); 5] = [
    ("endpoints", "id", "url", "endpoints.url"),
    ("endpoints", "id", "headers", "endpoints.headers"),
    ("endpoints", "id", "secrets", "endpoints.secrets"),
    ("channels", "id", "proxy", "channels.proxy"),
    ("channels", "id", "prompt", "channels.prompt"),
];

/// Connections of workers that listen, and with that run.
const LISTENING: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'whatisup' AND query LIKE 'LISTEN %'";
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(100);

/// Seals with `new` what was sealed with `old`, in one transaction.
///
/// # Errors
/// `WrongKey` when `old` is not the key; `Refused` while a worker runs. Nothing was changed.
pub async fn reseal(postgres: &Postgres, old: &[u8; 32], new: &[u8; 32]) -> Result<(), OpenError> {
    let (old, new) = (Sealing::with(old), Sealing::with(new));
    postgres.check_key(&old).await?;
    let mut connection = connect(&postgres.options).await.map_err(|e| unopened(&e))?;
    let done = resealed(&mut connection, &old, &new).await;
    let _ = connection.close().await;
    done
}

async fn resealed(connection: &mut PgConnection, old: &Sealing, new: &Sealing) -> Result<(), OpenError> {
    nobody_listens(connection).await?;
    let failed = |e: Error| OpenError::Io(explain(&e).to_string());
    let sealed = |e: LedgerError| OpenError::Io(e.to_string());
    let mut transaction = connection.begin().await.map_err(failed)?;
    // Whoever writes waits, and finds another key.
    for lock in ["SELECT 1 FROM event_head WHERE one = 1 FOR UPDATE", "SELECT 1 FROM key_check FOR UPDATE"] {
        patiently(sqlx::query(lock).fetch_all(&mut *transaction)).await.map_err(failed)?;
    }
    for (table, row, column, place) in SEALED {
        let all = format!("SELECT {row}, {column} FROM {table} WHERE {column} IS NOT NULL");
        let rows: Vec<(String, String)> =
            sqlx::query_as(AssertSqlSafe(all)).fetch_all(&mut *transaction).await.map_err(failed)?;
        for (id, kept) in rows {
            let anew = new.close(place, &id, old.open(place, &id, kept).map_err(sealed)?);
            let update = format!("UPDATE {table} SET {column} = $2 WHERE {row} = $1");
            let update = sqlx::query(AssertSqlSafe(update)).bind(&id).bind(anew);
            update.execute(&mut *transaction).await.map_err(failed)?;
        }
    }
    // Orders are for workers that run; none does.
    sqlx::query("DELETE FROM orders").execute(&mut *transaction).await.map_err(failed)?;
    let check = sqlx::query("UPDATE key_check SET sealed = $1 WHERE one = 1").bind(new.check());
    check.execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

async fn nobody_listens(connection: &mut PgConnection) -> Result<(), OpenError> {
    let mut listening = 0;
    for _ in 0..TRIES {
        listening =
            patiently(sqlx::query_scalar::<_, i64>(LISTENING).fetch_one(&mut *connection)).await.map_err(|e| unopened(&e))?;
        if listening == 0 {
            return Ok(());
        }
        // Who has just ended may still be seen.
        tokio::time::sleep(BETWEEN).await;
    }
    Err(OpenError::Refused(format!("{listening} workers use this database; stop them first")))
}
