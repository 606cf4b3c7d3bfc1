//! The one that writes: frames in the order in which they were handed over, those with acks in them when they may leave.

use super::Pulse;
use crate::ack_gate::{Debts, LetGo, PATIENCE};
use crate::dialer::Wire;
use bytes::Bytes;
use domain::Cause;
use futures::SinkExt as _;
use futures::stream::SplitSink;
use socket::Promise;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_util::sync::CancellationToken;

/// Runs of frames held back, of 64 KiB at most each. When it is full whatsapp-rust waits.
const HELD: usize = 64;

/// Where frames are handed over.
#[derive(Debug)]
pub(super) struct Tray {
    jobs: mpsc::Sender<Job>,
    /// Handed over and not written yet.
    left: Arc<AtomicUsize>,
}

/// Writes until the end; lives as long as the connection.
pub(super) struct Writer {
    pub sink: SplitSink<WebSocketStream<Wire>, Message>,
    pub pulse: Arc<Pulse>,
    pub hang_up: CancellationToken,
    /// For one write.
    pub within: Duration,
}

enum Job {
    Write { wire: Bytes, owed: Vec<Promise>, written: oneshot::Sender<Result<(), WriteError>> },
    Close { closed: oneshot::Sender<()> },
}

#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error("the connection is closed")]
    Closed,
    #[error("the other side takes nothing any more")]
    Stalled,
    #[error(transparent)]
    LetGo(#[from] LetGo),
    #[error(transparent)]
    Broken(#[from] Box<tungstenite::Error>),
}

impl Tray {
    /// Hands frames over. Returns when they are written; or at once when they, or others before them, have to wait: what
    /// goes wrong then ends the connection.
    pub async fn write(&self, wire: Bytes, owed: Vec<Promise>) -> Result<(), WriteError> {
        let alone = owed.is_empty() & (self.left.fetch_add(1, Ordering::AcqRel) == 0);
        let (written, outcome) = oneshot::channel();
        self.jobs.send(Job::Write { wire, owed, written }).await.map_err(|_| WriteError::Closed)?;
        if alone { outcome.await.unwrap_or(Err(WriteError::Closed)) } else { Ok(()) }
    }

    /// Says good-bye after everything that was handed over; takes no longer than `within` beside what has to wait.
    pub async fn close(&self, within: Duration) {
        let waits = if self.left.load(Ordering::Acquire) > 0 { PATIENCE } else { Duration::ZERO };
        let (closed, farewell) = oneshot::channel();
        let farewell = async {
            if self.jobs.send(Job::Close { closed }).await.is_ok() {
                let _ = farewell.await;
            }
        };
        // A peer that is gone cannot be told so.
        let _ = tokio::time::timeout(within + waits, farewell).await;
    }
}

impl Writer {
    pub fn start(self) -> Tray {
        let (jobs, taken) = mpsc::channel(HELD);
        let left = Arc::new(AtomicUsize::new(0));
        tokio::spawn(self.run(taken, Arc::clone(&left)));
        Tray { jobs, left }
    }

    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, left: Arc<AtomicUsize>) {
        let hang_up = self.hang_up.clone();
        hang_up.run_until_cancelled(self.work(&mut jobs, &left)).await;
    }

    async fn work(&mut self, jobs: &mut mpsc::Receiver<Job>, left: &AtomicUsize) {
        let mut debts = Debts::default();
        while let Some(job) = jobs.recv().await {
            match job {
                Job::Write { wire, owed, written } => {
                    let outcome = self.write(wire, &mut debts, owed).await;
                    left.fetch_sub(1, Ordering::AcqRel);
                    let failed = outcome.is_err();
                    if written.send(outcome).is_err() && failed {
                        // Nobody else hears of it.
                        self.pulse.ended(Cause::ConnectionLost);
                        self.hang_up.cancel();
                    }
                }
                Job::Close { closed } => {
                    let _ = self.sink.close().await;
                    let _ = closed.send(());
                }
            }
        }
    }

    async fn write(&mut self, wire: Bytes, debts: &mut Debts, owed: Vec<Promise>) -> Result<(), WriteError> {
        debts.settle(owed).await?;
        match tokio::time::timeout(self.within, self.sink.send(Message::Binary(wire))).await {
            Ok(written) => written.map_err(|e| Box::new(e).into()),
            Err(_) => {
                self.pulse.ended(Cause::NoAnswer);
                self.hang_up.cancel();
                Err(WriteError::Stalled)
            }
        }
    }
}
