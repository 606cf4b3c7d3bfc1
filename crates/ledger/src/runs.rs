use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError};
use domain::Timestamp;
use std::sync::atomic::Ordering;

impl Ledger {
    /// Notes that the program has started: to be called once, so that [`uptime`](Ledger::uptime) does not take the time in
    /// which nothing ran for time connected.
    pub async fn begin_run(&self, at: Timestamp) -> Result<(), LedgerError> {
        let n = self
            .write(move |batch| {
                Box::pin(async move {
                    query_scalar("INSERT INTO runs (began_at, last_seen_at) VALUES ($1, $1) RETURNING n")
                        .bind(at.as_millis())
                        .fetch_one(&mut batch.connection)
                        .await
                        .map_err(|e| batch.explain(&e))
                })
            })
            .await?;
        self.inner.run.store(n, Ordering::Relaxed);
        Ok(())
    }

    /// Notes that the program still runs: every minute or so, and at its end.
    pub async fn still_running(&self, at: Timestamp) -> Result<(), LedgerError> {
        let n = self.current_run();
        self.write(move |batch| {
            Box::pin(async move {
                query("UPDATE runs SET last_seen_at = $2 WHERE n = $1")
                    .bind(n)
                    .bind(at.as_millis())
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                Ok(())
            })
        })
        .await
    }
}
