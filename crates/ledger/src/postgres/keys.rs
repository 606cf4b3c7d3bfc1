use super::{explain, patiently};
use crate::LedgerError;
use sqlx::Error;
use sqlx::postgres::PgPool;

/// Named blobs beside the ledger, for a vault. Who writes them has sealed them.
#[derive(Clone, Debug)]
pub struct KeyTable {
    pool: PgPool,
}

impl KeyTable {
    pub(super) fn new(pool: PgPool) -> Self {
        KeyTable { pool }
    }

    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let sealed = sqlx::query_scalar("SELECT sealed FROM vault_entries WHERE name = $1").bind(name);
        patiently(sealed.fetch_optional(&self.pool)).await.map_err(|e| explain(&e))
    }

    pub async fn write(&self, name: &str, sealed: &[u8]) -> Result<(), LedgerError> {
        let write = sqlx::query(WRITE).bind(name).bind(sealed);
        patiently(write.execute(&self.pool)).await.map(drop).map_err(|e| explain(&e))
    }

    /// Writes it if there is none of this name; whether it did. Of two workers that begin at once, one does.
    pub async fn create(&self, name: &str, sealed: &[u8]) -> Result<bool, LedgerError> {
        let create = sqlx::query("INSERT INTO vault_entries (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING");
        let made = patiently(create.bind(name).bind(sealed).execute(&self.pool)).await.map_err(|e| explain(&e))?;
        Ok(made.rows_affected() > 0)
    }

    /// Everything, in the order of the names.
    pub async fn entries(&self) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        patiently(sqlx::query_as(ALL).fetch_all(&self.pool)).await.map_err(|e| explain(&e))
    }

    /// Puts `new` in the place of everything, in one transaction, if everything still is `old` (as [`entries`](Self::entries)
    /// gave it); whether it did.
    pub async fn replace_if(&self, old: &[(String, Vec<u8>)], new: &[(String, Vec<u8>)]) -> Result<bool, LedgerError> {
        let replaced = async {
            let mut transaction = self.pool.begin().await?;
            // Neither another one like this nor anybody who writes one entry comes in between.
            sqlx::query("LOCK TABLE vault_entries IN EXCLUSIVE MODE").execute(&mut *transaction).await?;
            let there: Vec<(String, Vec<u8>)> = sqlx::query_as(ALL).fetch_all(&mut *transaction).await?;
            if there != old {
                return Ok(false);
            }
            sqlx::query("DELETE FROM vault_entries").execute(&mut *transaction).await?;
            for (name, sealed) in new {
                sqlx::query(WRITE).bind(name).bind(sealed).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok::<bool, Error>(true)
        };
        patiently(replaced).await.map_err(|e| explain(&e))
    }

    /// Whether it was there.
    pub async fn delete(&self, name: &str) -> Result<bool, LedgerError> {
        let gone = sqlx::query("DELETE FROM vault_entries WHERE name = $1").bind(name);
        let gone = patiently(gone.execute(&self.pool)).await.map_err(|e| explain(&e))?;
        Ok(gone.rows_affected() > 0)
    }

    /// All names in order.
    pub async fn list(&self) -> Result<Vec<String>, LedgerError> {
        let names = sqlx::query_scalar("SELECT name FROM vault_entries ORDER BY name");
        patiently(names.fetch_all(&self.pool)).await.map_err(|e| explain(&e))
    }

    /// Puts `all` in the place of everything that is there, in one transaction.
    pub async fn replace(&self, all: Vec<(String, Vec<u8>)>) -> Result<(), LedgerError> {
        let replaced = async {
            let mut transaction = self.pool.begin().await?;
            // Two that do so at once follow each other.
            sqlx::query("LOCK TABLE vault_entries IN EXCLUSIVE MODE").execute(&mut *transaction).await?;
            sqlx::query("DELETE FROM vault_entries").execute(&mut *transaction).await?;
            for (name, sealed) in &all {
                sqlx::query(WRITE).bind(name).bind(sealed).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok::<(), Error>(())
        };
        patiently(replaced).await.map_err(|e| explain(&e))
    }
}

/// In an order that does not depend on the database's language.
const ALL: &str = "SELECT name, sealed FROM vault_entries ORDER BY name COLLATE \"C\"";
const WRITE: &str =
    "INSERT INTO vault_entries (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";
