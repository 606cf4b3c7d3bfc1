//! Forgets what is old: events beyond their retention, deliveries that are done, what made sends idempotent, and who did
//! what a year ago. Messages stay.

use crate::engine::Inner;
use ledger::{Keep, LedgerError};
use std::sync::Arc;
use std::time::Duration;

/// How long the event log remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionConfig {
    /// Events older than this go; so do deliveries that were done before.
    pub days: u32,
    /// When there are more events than this the oldest go, whatever their age.
    pub max_events: u64,
    /// When their JSON takes more bytes than this the oldest go, too.
    pub max_bytes: u64,
    /// Entries of the audit log older than this go.
    pub audit_days: u32,
}

impl Default for RetentionConfig {
    /// A month, a million events, or a gibibyte; a year of the audit log.
    fn default() -> Self {
        RetentionConfig { days: 30, max_events: 1_000_000, max_bytes: 1 << 30, audit_days: 365 }
    }
}

const EVERY: Duration = Duration::from_secs(600);
/// The first time: not while everything is coming up.
const FIRST: Duration = Duration::from_secs(60);
/// Rows of one transaction: a few milliseconds of the one writer.
const STEP: u32 = 500;
/// Between two steps, so that what programs wait for goes first.
const BREATH: Duration = Duration::from_millis(50);
const DAY: Duration = Duration::from_secs(86_400);

/// Until the engine stops. A failure is tried again at the next time.
pub(crate) async fn keep_pruning(engine: Arc<Inner>, config: RetentionConfig) {
    let mut wait = FIRST;
    while engine.shutdown.run_until_cancelled(engine.clock.sleep(wait)).await.is_some() {
        match engine.shutdown.run_until_cancelled(Box::pin(prune(&engine, config))).await {
            Some(Ok(0)) => {}
            Some(Ok(events)) => tracing::info!(events, "old events were forgotten"),
            Some(Err(error)) => tracing::warn!(%error, "old events cannot be forgotten yet"),
            None => return,
        }
        wait = EVERY;
    }
}

/// How many events went.
async fn prune(engine: &Inner, config: RetentionConfig) -> Result<u64, LedgerError> {
    let keep_from = || engine.clock.now().minus(DAY.saturating_mul(config.days));
    let mut events = 0;
    loop {
        let keep = Keep { from: keep_from(), events: config.max_events, bytes: config.max_bytes };
        let pruned = engine.ledger.prune_events(keep, STEP).await?;
        events += pruned.events;
        if !pruned.more {
            break;
        }
        engine.clock.sleep(BREATH).await;
    }
    while engine.ledger.prune_deliveries(keep_from(), STEP).await?.more {
        engine.clock.sleep(BREATH).await;
    }
    engine.ledger.prune_idempotency(engine.clock.now()).await?;
    let audit_from = || engine.clock.now().minus(DAY.saturating_mul(config.audit_days));
    while engine.ledger.prune_audit(audit_from(), STEP).await?.more {
        engine.clock.sleep(BREATH).await;
    }
    Ok(events)
}
