use super::append::{head, set_head};
use crate::batch::{Batch, signed};
use crate::sql::{query, query_as};
use crate::stored::unreadable;
use crate::{Ledger, LedgerError, Pruned};
use domain::Timestamp;

/// Entries of one step, at most: a step holds the writer.
const LONGEST_STEP: u32 = 10_000;

impl Ledger {
    /// Forgets entries from the oldest on, as long as they are of before `keep_from`; at most `step` of them, in one transaction.
    /// What is left still proves itself: where it begins is noted with the head.
    pub async fn prune_audit(&self, keep_from: Timestamp, step: u32) -> Result<Pruned, LedgerError> {
        let step = step.clamp(1, LONGEST_STEP);
        let Some(alone) = self.alone().await? else { return Ok(Pruned::default()) };
        let pruned = self.write_firmly(move |batch| Box::pin(async move { prune(batch, keep_from, step).await })).await;
        alone.give_back().await;
        pruned
    }
}

async fn prune(batch: &mut Batch, keep_from: Timestamp, step: u32) -> Result<Pruned, LedgerError> {
    let mut head = head(batch).await?;
    // What is of this transaction is not in the table yet, and newer than all that goes.
    let rows: Vec<(i64, i64, String)> = query_as("SELECT seq, at, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(signed(head.pruned_through))
        .bind(i64::from(step) + 1)
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let going = rows.iter().take_while(|(_, at, _)| *at < keep_from.as_millis()).count();
    let more = going > step as usize;
    let going = going.min(step as usize);
    let Some((line, _, hash)) = rows[..going].last() else { return Ok(Pruned::default()) };
    query("DELETE FROM audit WHERE seq <= $1")
        .bind(*line)
        .execute(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    head.pruned_through = line.unsigned_abs();
    head.pruned_hash = hash.parse().map_err(|_| unreadable("a hash of the audit log"))?;
    set_head(batch, head);
    Ok(Pruned { events: going as u64, more })
}
