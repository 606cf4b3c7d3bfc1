//! What waits for a person beside the channels: programs that ask to be let in, messages that apps propose, messages that
//! could not be sent, webhooks that get nothing.

use domain::{AppRequest, RequestState};
use ledger::{EndpointStatus, Ledger, LedgerError};
use std::time::Duration;
use tokio::sync::watch;

/// Counted anew after an event, but not more often than this.
const GATHER: Duration = Duration::from_millis(500);
/// And this often without one: a receiver that is deleted logs nothing.
const GLANCE: Duration = Duration::from_secs(30);

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
            match count(&ledger).await {
                Ok(now) => _ = tell.send_if_modified(|told| std::mem::replace(told, now) != now),
                Err(LedgerError::Closed) => return,
                Err(error) => tracing::debug!(%error, "the messages and webhooks that wait could not be counted"),
            }
            tokio::select! {
                changed = tip.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(GLANCE) => {}
                () = tell.closed() => return,
            }
            tokio::time::sleep(GATHER).await;
        }
    });
    concerns
}

async fn count(ledger: &Ledger) -> Result<Concerns, LedgerError> {
    let now = engine::Clock::system().now();
    let wedged = ledger.outbox_counts(None, now).await?.failed;
    let troubled = |status: &EndpointStatus| match status {
        EndpointStatus::Active => false,
        EndpointStatus::Paused { reason, .. } => *reason == domain::PauseReason::Failing,
        EndpointStatus::Disabled { .. } => true,
    };
    let webhooks = ledger.endpoints().await?.iter().filter(|endpoint| troubled(&endpoint.status)).count();
    let waits = |request: &&AppRequest| request.state == RequestState::Waiting && request.expires_at > now;
    let requests = ledger.requests().await?.iter().filter(waits).count();
    let asks = ledger.asking(None).await?;
    Ok(Concerns { wedged, webhooks: webhooks as u64, requests: requests as u64, asks })
}
