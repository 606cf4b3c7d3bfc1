use super::ring::{Line, Recent, Ring};
use super::tally::Tally;
use super::{frame, snapshot::Snapshots, subject};
use ledger::{EventQuery, Ledger};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// How many events are read from the ledger at once.
pub(super) const PAGE: u32 = 256;
/// How long to wait before the ledger is asked again after it failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How many readers may be reading what is older from the ledger at the same moment: each holds a page meanwhile.
const REPLAYS: usize = 8;

/// The newest events, read from the ledger once for all readers.
#[derive(Debug)]
pub(crate) struct Feed {
    ring: RwLock<Ring>,
    head: watch::Sender<u64>,
    pub(super) snapshots: Snapshots,
    pub(super) replays: Semaphore,
    pub tally: Tally,
}

impl Feed {
    /// Begins with what happens after `tip`.
    pub fn new(tip: u64) -> Self {
        Feed {
            ring: RwLock::new(Ring::new(tip)),
            head: watch::Sender::new(tip),
            snapshots: Snapshots::default(),
            replays: Semaphore::new(REPLAYS),
            tally: Tally::default(),
        }
    }

    /// Follows the ledger until `shutdown`.
    pub async fn follow(&self, ledger: &Ledger, shutdown: CancellationToken) {
        let mut tip = ledger.tip();
        loop {
            let seen = *tip.borrow_and_update();
            let pause = match self.catch_up(ledger, seen).await {
                Ok(()) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(%error, "the event log could not be read; trying again");
                    PAUSE
                }
            };
            let news = async {
                if pause.is_zero() {
                    // The sender lives as long as the ledger, which we hold.
                    let _ = tip.changed().await;
                } else {
                    tokio::time::sleep(pause).await;
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = news => {}
            }
        }
    }

    async fn catch_up(&self, ledger: &Ledger, tip: u64) -> Result<(), ledger::LedgerError> {
        loop {
            let after = self.ring.read().unwrap_or_else(PoisonError::into_inner).head();
            if after >= tip {
                return Ok(());
            }
            let events = ledger.events(&EventQuery { after, limit: PAGE, ..EventQuery::default() }).await?;
            let Some(head) = events.last().map(|e| e.seq) else { return Ok(()) };
            self.tally.add(&events);
            let mut lines = Vec::with_capacity(events.len());
            for event in &events {
                let about = subject::of(ledger, event).await?;
                lines.push(Line { seq: event.seq, kind: event.kind.clone(), about, frame: frame::event(event) });
            }
            self.ring.write().unwrap_or_else(PoisonError::into_inner).extend(lines);
            self.head.send_replace(head);
        }
    }

    /// Changes when there are more events.
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    pub(super) fn after(&self, position: u64, most: usize, most_bytes: usize) -> Recent {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).after(position, most, most_bytes)
    }
}
