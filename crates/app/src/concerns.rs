//! What waits for a person beside the channels: programs that ask to be let in, messages that apps propose, messages that
//! could not be sent, webhooks that get nothing.

use domain::{AppRequest, RequestState, Timestamp};
use ledger::{EndpointStatus, Ledger, LedgerError};
use std::time::Duration;
use tokio::sync::watch;

/// Counted anew after an event, but not more often than this.
const GATHER: Duration = Duration::from_millis(500);
/// And this often without one: a receiver that is deleted logs nothing.
const GLANCE: Duration = Duration::from_secs(30);
/// A request that ends unanswered logs nothing either; counted a moment after, not before.
const OVER: Duration = Duration::from_millis(50);

/// Small enough to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Concerns {
    /// Messages that wait to be retried or discarded.
    pub wedged: u64,
    /// Webhooks that were paused because they failed, or that are gone.
    pub webhooks: u64,
    /// Programs that ask to be let in.
    pub requests: u64,
    /// Messages that apps propose.
    pub asks: u64,
}

impl Concerns {
    pub fn any(self) -> bool {
        self != Concerns::default()
    }
}

/// Counts until the ledger is closed, or nobody listens any more.
pub(crate) fn watch(ledger: Ledger) -> watch::Receiver<Concerns> {
    let (tell, concerns) = watch::channel(Concerns::default());
    let mut tip = ledger.tip();
    tokio::spawn(async move {
        loop {
            let mut next = GLANCE;
            match count(&ledger).await {
                Ok((now, ends)) => {
                    next = ends.map_or(GLANCE, |end| end.since(engine::Clock::system().now()).saturating_add(OVER).min(GLANCE));
                    tell.send_if_modified(|told| std::mem::replace(told, now) != now);
                }
                Err(LedgerError::Closed) => return,
                Err(error) => tracing::debug!(%error, "the messages and webhooks that wait could not be counted"),
            }
            tokio::select! {
                changed = tip.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(next) => {}
                () = tell.closed() => return,
            }
            tokio::time::sleep(GATHER).await;
        }
    });
    concerns
}

/// And when the next request ends unanswered.
async fn count(ledger: &Ledger) -> Result<(Concerns, Option<Timestamp>), LedgerError> {
    let now = engine::Clock::system().now();
    let wedged = ledger.outbox_counts(None, now).await?.failed;
    let troubled = |status: &EndpointStatus| match status {
        EndpointStatus::Active => false,
        EndpointStatus::Paused { reason, .. } => *reason == domain::PauseReason::Failing,
        EndpointStatus::Disabled { .. } => true,
    };
    let webhooks = ledger.endpoints().await?.iter().filter(|endpoint| troubled(&endpoint.status)).count();
    let waits = |request: &&AppRequest| request.state == RequestState::Waiting && request.expires_at > now;
    let all = ledger.requests().await?;
    let requests = all.iter().filter(waits).count();
    let ends = all.iter().filter(waits).map(|request| request.expires_at).min();
    let asks = ledger.asking(None).await?;
    Ok((Concerns { wedged, webhooks: webhooks as u64, requests: requests as u64, asks }, ends))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use domain::{AppRequestId, DoorKind, Peer, Permit, Permits, RequestCode, Scope};
    use ledger::{AccessWrite, OpenOptions};

    #[tokio::test]
    async fn a_request_whose_time_is_over_is_counted_no_longer() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), &[7; 32], OpenOptions::default()).await.unwrap();
        let mut concerns = watch(ledger.clone());
        let now = engine::Clock::system().now();
        let request = AppRequest {
            id: AppRequestId::new(now, 1),
            name: "Order bot".into(),
            reason: String::new(),
            permits: Permits::new([Permit::of(Scope::EventsRead)]),
            origin: None,
            peer: Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".into()), program: None },
            code: RequestCode::new(1),
            poll_hash: [0; 32],
            made_at: now,
            expires_at: now.plus(Duration::from_secs(4)),
            state: RequestState::Waiting,
        };
        let asked = domain::Event::AppRequested {
            request: request.id,
            name: request.name.clone(),
            permits: request.permits.clone(),
            origin: None,
            peer: request.peer.clone(),
            expires_at: request.expires_at,
        };
        ledger.change_access(vec![AccessWrite::NewRequest(request)], vec![], vec![asked], now).await.unwrap();
        // Nothing is logged when it ends, and looking every now and then would be too late.
        let over = async {
            concerns.wait_for(|concerns| concerns.requests == 1).await.unwrap();
            concerns.wait_for(|concerns| concerns.requests == 0).await.unwrap();
        };
        tokio::time::timeout(GLANCE - Duration::from_secs(5), over).await.expect("it is told when it is over");
        drop(concerns);
        ledger.close().await;
    }
}
