use crate::attempt::{self, Lines, Tried};
use crate::ground::Ground;
use crate::{DispatcherConfig, EndpointNumbers, claims, letter, planner, roster};
use domain::EndpointId;
use ledger::{Attempt, Endpoint, Ledger, LoggedEvent};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Delivers what the event log owes to webhook endpoints.
///
/// Tasks and their lives: a *planner*, which makes deliveries of events; a *roster*, which keeps one task per endpoint; those, which
/// deliver; and, when several processes share the ledger, one that claims endpoints for this one. All begin with [`Dispatcher::launch`] and end after `shutdown`: planner and roster at once, an
/// endpoint's task when what it has under way is written down, and then the claims are let go of.
#[derive(Debug)]
pub struct Dispatcher;

/// A running dispatcher. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    ground: Arc<Ground>,
}

/// How the drain went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every attempt that was under way ended and is written down.
    Clean,
    /// The grace was over first. What was left is tried again after the next start.
    TimedOut,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// Starts delivering, where the last run stopped. Must be called within a tokio runtime. `shutdown` begins the drain.
    pub fn launch(config: DispatcherConfig, ledger: Ledger, shutdown: CancellationToken) -> Handle {
        let ground = Ground::new(config, ledger, shutdown);
        let wanted = watch::Sender::new(false);
        ground.tracker.spawn(planner::run(Arc::clone(&ground), wanted.subscribe()));
        ground.tracker.spawn(roster::run(Arc::clone(&ground), wanted));
        if let Some(worker) = ground.config.worker {
            ground.tracker.spawn(claims::keep(Arc::clone(&ground), worker));
        }
        Handle { ground }
    }
}

impl Handle {
    /// Looks at everything anew. Changes through the ledger are noticed without.
    pub fn wake(&self) {
        self.ground.woken.send_modify(|n| *n += 1);
    }

    /// Attempts under way.
    pub fn in_flight(&self) -> u64 {
        self.ground.numbers.in_flight()
    }

    /// Counted since the start, by endpoint. (What waits for each the ledger knows: `pending_counts`.)
    pub fn numbers(&self) -> BTreeMap<EndpointId, EndpointNumbers> {
        self.ground.numbers.all()
    }

    /// Sends one event to an endpoint, in whatever state it is, and tells what came of it. Nothing is written down.
    pub async fn try_once(&self, endpoint: &Endpoint, event: &LoggedEvent) -> Attempt {
        let Ground { config, dialer, .. } = &*self.ground;
        let at = config.clock.now();
        let tried = match letter::write(endpoint, event, at, config.reach) {
            Ok(letter) => attempt::attempt(dialer, &Lines::default(), letter, config.timeout).await,
            Err(trouble) => Tried::never_sent(at, trouble),
        };
        tried.attempt()
    }

    /// Returns when all tasks have ended, which they do after `shutdown`.
    pub async fn finished(&self) {
        self.ground.tracker.close();
        self.ground.tracker.wait().await;
        self.ground.lanes.close();
        self.ground.lanes.wait().await;
    }

    /// Begins nothing new and lets what is under way end, within `grace`.
    pub async fn drain(&self, grace: Duration) -> Drained {
        self.ground.shutdown.cancel();
        match tokio::time::timeout(grace, self.finished()).await {
            Ok(()) => Drained::Clean,
            Err(_) => {
                tracing::warn!(
                    left = self.in_flight(),
                    "not every delivery ended in time; they are tried again after the next start"
                );
                Drained::TimedOut
            }
        }
    }
}
