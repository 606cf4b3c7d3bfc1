use super::{AttemptOutcome, AttemptRecord, EndpointStatus, endpoints};
use crate::batch::Batch;
use crate::sql::{query, query_as, query_scalar};
use crate::{Ledger, LedgerError, counts, retention, stored};
use domain::EndpointId;

/// Bytes kept of what a receiver answered.
const ANSWER: usize = 2048;

impl Ledger {
    /// Notes how a try went, what follows for the delivery and whether its receiver is failing, and with it the receiver's new
    /// status if the try decided that (told by its event): one transaction. A delivery that was skipped meanwhile stays
    /// skipped unless it was delivered; one that is gone with its receiver is passed over.
    pub async fn record_attempt(&self, record: AttemptRecord, status: Option<EndpointStatus>) -> Result<(), LedgerError> {
        self.write_firmly(move |batch| Box::pin(async move { note(batch, record, status).await })).await
    }
}

async fn note(batch: &mut Batch, record: AttemptRecord, status: Option<EndpointStatus>) -> Result<(), LedgerError> {
    let at = record.at.as_millis();
    let ended = record.at.plus(std::time::Duration::from_millis(record.latency_ms));
    let id = record.delivery.to_string();
    let (delivered, next_attempt_at) = match record.outcome {
        AttemptOutcome::Delivered => (true, None),
        AttemptOutcome::Failed { next_attempt_at } => (false, next_attempt_at),
    };
    let tried = if delivered {
        query_as(
            "UPDATE deliveries SET attempts = attempts + 1, status = 'delivered', next_attempt_at = NULL, finished_at = $2 \
             WHERE id = $1 RETURNING n, endpoint, seq",
        )
        .bind(&id)
        .bind(ended.as_millis())
    } else {
        query_as(
            "UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = CASE WHEN status = 'pending' THEN $2 END \
             WHERE id = $1 RETURNING n, endpoint, seq",
        )
        .bind(&id)
        .bind(next_attempt_at.map(domain::Timestamp::as_millis))
    };
    let row: Option<(i64, i64, i64)> = tried.fetch_optional(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    let Some((n, endpoint, seq)) = row else { return Ok(()) };
    query(
        "INSERT INTO attempts (delivery, at, latency_ms, delivered, http_status, answer, error) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(n)
    .bind(at)
    .bind(i64::try_from(record.latency_ms).unwrap_or(i64::MAX))
    .bind(delivered)
    .bind(record.http_status.map(i64::from))
    .bind(shortened(&record.answer))
    .bind(&record.error)
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    let failing = if delivered {
        query("UPDATE endpoints SET failing_since = NULL WHERE n = $1 AND failing_since IS NOT NULL").bind(endpoint)
    } else {
        query("UPDATE endpoints SET failing_since = $2 WHERE n = $1 AND failing_since IS NULL").bind(endpoint).bind(at)
    };
    failing.execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    batch.tally(if delivered { counts::DELIVERED } else { counts::UNDELIVERED }, ended);
    if delivered {
        retention::let_go(batch, seq.unsigned_abs()).await?;
    }
    if let Some(status) = status {
        let id: String = query_scalar("SELECT id FROM endpoints WHERE n = $1")
            .bind(endpoint)
            .fetch_one(&mut batch.connection)
            .await
            .map_err(|e| batch.explain(&e))?;
        let id: EndpointId = id.parse().map_err(|_| stored::unreadable("a webhook's id"))?;
        let (n, mut endpoint) = endpoints::find(batch, id).await?;
        endpoints::set_status(batch, n, &mut endpoint, status, ended).await?;
    }
    Ok(())
}

/// At most [`ANSWER`] bytes, ending with a whole character.
fn shortened(answer: &str) -> &str {
    &answer[..answer.floor_char_boundary(ANSWER)]
}
