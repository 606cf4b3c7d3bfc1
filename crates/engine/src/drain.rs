use crate::engine::Engine;
use std::time::Duration;

/// How the drain went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every socket closed in good order and everything was written.
    Clean,
    /// The grace was over first; what was left was let go of.
    TimedOut,
}

impl Engine {
    /// Stops everything: all sockets are closed at once, each in good order, what they still tell is written, and the channels
    /// stay as they are for the next start. Takes `grace` at most. No command is taken from here on.
    pub async fn drain(&self, grace: Duration) -> Drained {
        self.inner.shutdown.cancel();
        self.inner.tracker.close();
        let outcome = match self.inner.clock.timeout(grace, self.inner.tracker.wait()).await {
            Some(()) => Drained::Clean,
            None => {
                tracing::warn!(left = self.inner.tracker.len(), "not everything closed in time");
                Drained::TimedOut
            }
        };
        if let Err(error) = self.inner.ledger.still_running(self.inner.clock.now()).await {
            tracing::debug!(%error, "the end of the run could not be noted");
        }
        outcome
    }
}
