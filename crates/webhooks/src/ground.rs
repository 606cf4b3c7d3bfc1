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
    pub news: watch::Sender<News>,
    pub tracker: TaskTracker,
    pub shutdown: CancellationToken,
}

/// What tasks tell each other; each number only ever rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Endpoints or deliveries changed otherwise than by delivering.
    pub changed: u64,
    /// New deliveries are owed.
    pub planned: u64,
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
        Arc::new(Ground {
            dialer: Dialer::new(config.reach, &config.authorities),
            ledger,
            config,
            numbers: Numbers::default(),
            news: watch::Sender::default(),
            tracker: TaskTracker::new(),
            shutdown,
        })
    }

    pub fn tell(&self, change: impl FnOnce(&mut News)) {
        self.news.send_modify(change);
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
