use crate::batch::{Batch, signed};
use crate::sql::{query, query_as, query_scalar};
use crate::{Ledger, LedgerError};
use domain::Timestamp;

/// What a step of pruning removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries that readers no longer see.
    pub events: u64,
    /// Whether another step would find something.
    pub more: bool,
}

/// What the event log is to hold at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Events before this go.
    pub from: Timestamp,
    /// So do those beyond the newest so many …
    pub events: u64,
    /// … and those beyond the newest whose JSON takes so many bytes.
    pub bytes: u64,
}

impl Keep {
    /// Everything, for ever.
    pub const ALL: Keep = Keep { from: Timestamp::EPOCH, events: u64::MAX, bytes: u64::MAX };
}

/// Entries of one step, at most: a step holds the writer.
const LONGEST_STEP: u32 = 10_000;

impl Ledger {
    /// Takes events out of the log, oldest first: those that are not to be kept; at most `step` of them, in one transaction. Readers no longer see them; one that an endpoint is still owed stays in the file
    /// until it was delivered. Stops before the first event that is not to go, so that the log stays whole from there on, and
    /// before what no delivery has been planned of yet.
    pub async fn prune_events(&self, keep: Keep, step: u32) -> Result<Pruned, LedgerError> {
        let step = step.clamp(1, LONGEST_STEP);
        let Some(alone) = self.alone().await? else { return Ok(Pruned::default()) };
        let pruned = self.write_firmly(move |batch| Box::pin(async move { prune(batch, keep, step).await })).await;
        alone.give_back().await;
        pruned
    }
}

async fn prune(batch: &mut Batch, keep: Keep, step: u32) -> Result<Pruned, LedgerError> {
    batch.write_events().await?;
    let before = batch.heads.pruned_through;
    let planned: Option<i64> = query_scalar("SELECT min(planned_through) FROM endpoints WHERE status <> 'disabled'")
        .fetch_one(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let limit = planned.map_or(batch.heads.seq, i64::unsigned_abs);
    let too_many = batch.heads.seq.saturating_sub(keep.events);
    // One more than the step tells whether there is another.
    let candidates: Vec<(i64, i64, i64)> = query_as(
        "SELECT seq, at, CAST(octet_length(data) AS BIGINT) FROM events WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
    )
    .bind(signed(before))
    .bind(signed(limit))
    .bind(i64::from(step) + 1)
    .fetch_all(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    let mut left = batch.heads.bytes;
    let goes = |(seq, at, bytes): &&(i64, i64, i64)| {
        let goes = *at < keep.from.as_millis() || seq.unsigned_abs() <= too_many || left > keep.bytes;
        left = left.saturating_sub(bytes.unsigned_abs());
        goes
    };
    let going = candidates.iter().take_while(goes).count();
    let more = going > step as usize;
    let going = going.min(step as usize);
    let Some((line, ..)) = candidates[..going].last() else { return Ok(Pruned::default()) };
    let freed: u64 = candidates[..going].iter().map(|(_, _, bytes)| bytes.unsigned_abs()).sum();
    query(
        "DELETE FROM events WHERE seq > $1 AND seq <= $2 \
         AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.seq = events.seq AND deliveries.status = 'pending')",
    )
    .bind(signed(before))
    .bind(*line)
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    batch.heads.pruned_through = line.unsigned_abs();
    batch.heads.bytes = batch.heads.bytes.saturating_sub(freed);
    Ok(Pruned { events: going as u64, more })
}

/// Removes the event `seq` if it was pruned and nobody is owed it any more.
pub(crate) async fn let_go(batch: &mut Batch, seq: u64) -> Result<(), LedgerError> {
    if seq > batch.heads.pruned_through {
        return Ok(());
    }
    query(
        "DELETE FROM events WHERE seq = $1 \
         AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.seq = events.seq AND deliveries.status = 'pending')",
    )
    .bind(signed(seq))
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    Ok(())
}
