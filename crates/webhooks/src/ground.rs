use crate::claims::Claims;
use crate::dialer::Dialer;
use crate::numbers::Numbers;
use crate::{DispatcherConfig, Reach};
use ledger::{Ledger, LedgerError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the tasks of a dispatcher share.
#[derive(Debug)]
pub(crate) struct Ground {
    pub ledger: Ledger,
    pub config: DispatcherConfig,
    pub dialer: Dialer,
    pub numbers: Numbers,
    /// Rises when new deliveries are owed.
    pub planned: watch::Sender<u64>,
    /// Rises when everything is to be looked at.
    pub woken: watch::Sender<u64>,
    pub claims: watch::Sender<Claims>,
    pub tracker: TaskTracker,
    /// The tasks of endpoints alone.
    pub lanes: TaskTracker,
    pub shutdown: CancellationToken,
}

/// How often everything is looked at though nothing told of a change: whatever was missed is made good then.
pub(crate) const LOOK_ANYWAY: Duration = Duration::from_secs(60);
/// How soon the ledger is asked again after it failed.
pub(crate) const LEDGER_REST: Duration = Duration::from_secs(2);

impl Ground {
    pub fn new(mut config: DispatcherConfig, ledger: Ledger, shutdown: CancellationToken) -> Arc<Self> {
        if cfg!(feature = "sandbox") {
            config.reach = Reach::LoopbackOnly;
        }
        let claims = if config.worker.is_some() { Claims::none() } else { Claims::All };
        Arc::new(Ground {
            dialer: Dialer::new(config.reach, config.names.clone(), &config.authorities),
            ledger,
            config,
            numbers: Numbers::default(),
            planned: watch::Sender::default(),
            woken: watch::Sender::default(),
            claims: watch::Sender::new(claims),
            tracker: TaskTracker::new(),
            lanes: TaskTracker::new(),
            shutdown,
        })
    }
}

/// Says once that the ledger fails, and once that it works again.
#[derive(Debug, Default)]
pub(crate) struct Complaint(bool);

impl Complaint {
    /// Whether it worked; `None` when the ledger is closed, which ends the task.
    pub fn note<T>(&mut self, what: &'static str, result: Result<T, LedgerError>) -> Option<Result<T, ()>> {
        match result {
            Ok(value) => {
                if std::mem::take(&mut self.0) {
                    tracing::info!("webhooks: {what} works again");
                }
                Some(Ok(value))
            }
            Err(LedgerError::Closed) => None,
            Err(error) => {
                if !std::mem::replace(&mut self.0, true) {
                    tracing::error!(%error, "webhooks: {what} failed; trying on");
                }
                Some(Err(()))
            }
        }
    }
}
