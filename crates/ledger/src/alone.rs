use crate::{Ledger, LedgerError};
use sqlx::{Postgres, Transaction};

/// Of an advisory lock: whoever holds it tidies up.
const LOCK: i64 = 0x7768_6174_6973_0002;

/// That no other process tidies up, as long as this is held. Dropped, it is given back a little later.
pub(crate) struct Alone(Option<Transaction<'static, Postgres>>);

impl Ledger {
    /// For what one process does for all of them. `None`: another one is at it.
    pub(crate) async fn alone(&self) -> Result<Option<Alone>, LedgerError> {
        let Some(pool) = self.server() else { return Ok(Some(Alone(None))) };
        let locked = async {
            let mut transaction = pool.begin().await?;
            let got: bool =
                sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(LOCK).fetch_one(&mut *transaction).await?;
            Ok(got.then_some(Alone(Some(transaction))))
        };
        crate::postgres::patiently(locked).await.map_err(|e| self.explain(&e))
    }
}

impl Alone {
    /// So that the next one who asks gets it. When the connection is gone, so is the lock.
    pub async fn give_back(self) {
        if let Some(transaction) = self.0 {
            drop(crate::postgres::patiently(transaction.rollback()).await);
        }
    }
}
