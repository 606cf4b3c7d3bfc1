use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError};
use domain::Timestamp;

impl Ledger {
    /// Makes every next try that is due after `latest` due then: the clock was set back, and the wait that was meant is over. Nothing is
    /// told of it. How many there were; none costs no write.
    pub async fn hasten_retries(&self, latest: Timestamp) -> Result<u64, LedgerError> {
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM messages WHERE status = 'queued' AND next_attempt_at > $1)";
        const HASTEN: &str = "UPDATE messages SET next_attempt_at = $1, due_at = CASE WHEN send_at > $1 THEN send_at ELSE $1 END \
                              WHERE status = 'queued' AND next_attempt_at > $1";
        let mut reader = self.reader().await?;
        let any: bool =
            query_scalar(ANY).bind(latest.as_millis()).fetch_one(&mut reader).await.map_err(|e| self.explain(&e))?;
        drop(reader);
        if !any {
            return Ok(0);
        }
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let done = query(HASTEN).bind(latest.as_millis()).execute(&mut batch.connection).await;
                done.map_err(|e| batch.explain(&e))
            })
        })
        .await
    }
}
