//! Which endpoints this process serves, when several share the ledger: each is claimed by one at a time.

use crate::ground::{Complaint, Ground, LEDGER_REST};
use domain::{EndpointId, WorkerId};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a claim holds that is not renewed. Whoever died or was cut off is followed after this.
const TTL: Duration = Duration::from_secs(15);
/// How often claims are renewed.
const EVERY: Duration = Duration::from_secs(5);
/// Before its end a claim is believed no more: what is begun now takes a moment to be written down.
const MARGIN: Duration = Duration::from_secs(2);

/// What is served here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Claims {
    /// Everything: nobody else does.
    #[default]
    All,
    /// These, until that much time has passed by the dispatcher's clock.
    Some { ids: BTreeSet<EndpointId>, until: Duration },
}

impl Claims {
    /// As long as nothing is claimed yet.
    pub fn none() -> Self {
        Claims::Some { ids: BTreeSet::new(), until: Duration::ZERO }
    }

    /// Whether the endpoint was given to this process and not yet to another one.
    pub fn hold(&self, id: EndpointId) -> bool {
        match self {
            Claims::All => true,
            Claims::Some { ids, .. } => ids.contains(&id),
        }
    }

    /// Whether the claims are so fresh that something may be begun.
    pub fn are_fresh(&self, passed: Duration) -> bool {
        match self {
            Claims::All => true,
            Claims::Some { until, .. } => passed + MARGIN < *until,
        }
    }
}

/// Renews the claims until the drain, then lets go of them when nothing is under way any more.
pub(crate) async fn keep(ground: Arc<Ground>, worker: WorkerId) {
    let mut changed = ground.ledger.deliveries_tip();
    let mut complaint = Complaint::default();
    while !ground.shutdown.is_cancelled() {
        changed.mark_unchanged();
        let Some(rest) = renew(&ground, worker, &mut complaint).await else { return };
        tokio::select! {
            () = ground.shutdown.cancelled() => {}
            () = ground.config.clock.sleep(rest) => {}
            // Somebody let go of some, or there is a new one.
            _ = changed.changed() => {}
        }
    }
    ground.lanes.close();
    ground.lanes.wait().await;
    if let Err(error) = ground.ledger.release_endpoints(worker).await {
        tracing::debug!(%error, "the claims on endpoints run out by themselves");
    }
}

/// How long until the next time; `None` when the ledger is closed.
async fn renew(ground: &Ground, worker: WorkerId, complaint: &mut Complaint) -> Option<Duration> {
    let clock = &ground.config.clock;
    // As it was before the question: the ledger's time begins later.
    let until = clock.passed() + TTL;
    let claimed = ground.ledger.claim_endpoints(worker, clock.now(), TTL).await;
    match complaint.note("claiming endpoints", claimed)? {
        Ok(ids) => {
            put(&ground.claims, Claims::Some { ids: ids.into_iter().collect(), until });
            Some(EVERY)
        }
        Err(()) => Some(LEDGER_REST),
    }
}

fn put(claims: &watch::Sender<Claims>, new: Claims) {
    claims.send_if_modified(|known| {
        let changed = *known != new;
        *known = new;
        changed
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Timestamp;

    #[test]
    fn a_claim_that_was_not_renewed_in_time_begins_nothing() {
        let (mine, other) = (EndpointId::new(Timestamp::EPOCH, 1), EndpointId::new(Timestamp::EPOCH, 2));
        let claims = Claims::Some { ids: BTreeSet::from([mine]), until: Duration::from_secs(15) };
        assert!(claims.hold(mine) && !claims.hold(other));
        assert!(claims.are_fresh(Duration::from_secs(12)));
        assert!(!claims.are_fresh(Duration::from_secs(13)) && !claims.are_fresh(Duration::from_secs(1_000)));
        assert!(!Claims::none().hold(mine) && !Claims::none().are_fresh(Duration::ZERO));
        assert!(Claims::All.hold(other) && Claims::All.are_fresh(Duration::MAX));
    }
}
