//! A new key for what is sealed in a database that nobody uses.

use super::{Postgres, USED, connect, explain, patiently, unopened};
use crate::sealing::Sealing;
use crate::{LedgerError, OpenError};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Error};
use std::time::Duration;

/// Table, column that names the row, sealed column, and the place that it is sealed for.
const SEALED: [(&str, &str, &str, &str); 6] = [
    ("endpoints", "id", "url", "endpoints.url"),
    ("endpoints", "id", "headers", "endpoints.headers"),
    ("endpoints", "id", "secrets", "endpoints.secrets"),
    ("channels", "id", "proxy", "channels.proxy"),
    ("channels", "id", "prompt", "channels.prompt"),
    ("audit_head", "id", "state", "audit_head.state"),
];

/// How many have a ledger open here: the shares in the lock [`USED`].
const USERS: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock' AND objsubid = 1 \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND (classid::bigint << 32) + objid::bigint = $1";
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
    alone(connection).await?;
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

/// Keeps everybody out until the connection ends.
async fn alone(connection: &mut PgConnection) -> Result<(), OpenError> {
    for _ in 0..TRIES {
        let alone = sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)").bind(USED).fetch_one(&mut *connection);
        if patiently(alone).await.map_err(|e| unopened(&e))? {
            return Ok(());
        }
        // Who has just ended may still be seen.
        tokio::time::sleep(BETWEEN).await;
    }
    Err(OpenError::Refused("workers use this database; stop them first".into()))
}

/// How many ledgers are open on this database, in whatever process.
///
/// # Errors
/// When it cannot be asked.
pub async fn users(postgres: &Postgres) -> Result<u64, OpenError> {
    let mut connection = connect(&postgres.options).await.map_err(|e| unopened(&e))?;
    let users = patiently(sqlx::query_scalar::<_, i64>(USERS).bind(USED).fetch_one(&mut connection)).await;
    let _ = connection.close().await;
    users.map(i64::unsigned_abs).map_err(|e| unopened(&e))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Ledger, PostgresConfig};

    const OLD: [u8; 32] = [7; 32];
    const NEW: [u8; 32] = [8; 32];

    #[tokio::test(flavor = "multi_thread")]
    async fn the_key_changes_when_nobody_has_the_ledger_open_and_not_before() {
        let server = tokio::task::block_in_place(servers::Postgres::start);
        let url = tokio::task::block_in_place(|| server.database());
        let postgres = Postgres::connect(PostgresConfig::new(url)).await.unwrap();
        assert!(!postgres.is_sealed().await.unwrap());
        let ledger = Ledger::on(postgres.clone(), &OLD).await.unwrap();
        assert_eq!(users(&postgres).await.unwrap(), 1);
        let noted = domain::AuditEntry {
            actor: domain::Actor::Admin,
            peer: None,
            action: "key.make".into(),
            target: None,
            outcome: domain::Outcome::Done,
            detail: None,
        };
        ledger.append_audit(vec![(domain::Timestamp::EPOCH, noted.clone())]).await.unwrap();
        // Longer than a listener is quiet: what it did last does not matter.
        let told = reseal(&postgres, &OLD, &NEW).await;
        assert!(matches!(told, Err(OpenError::Refused(_))), "{told:?}");
        ledger.close().await;
        drop(ledger);

        let told = reseal(&postgres, &[9; 32], &NEW).await;
        assert!(matches!(told, Err(OpenError::WrongKey)), "{told:?}");
        reseal(&postgres, &OLD, &NEW).await.unwrap();
        assert_eq!(users(&postgres).await.unwrap(), 0);
        let told = Ledger::on(postgres.clone(), &OLD).await.map(drop);
        assert!(matches!(told, Err(OpenError::WrongKey)), "{told:?}");
        let ledger = Ledger::on(postgres, &NEW).await.unwrap();
        ledger.append_audit(vec![(domain::Timestamp::EPOCH, noted)]).await.unwrap();
        assert_eq!(ledger.verify_audit().await.unwrap().map(|whole| whole.entries), Ok(2), "one chain over both keys");
        ledger.close().await;
    }
}
