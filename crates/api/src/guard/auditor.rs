use domain::{AuditEntry, Timestamp};
use ledger::{Ledger, LedgerError};
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Entries that may wait to be written. When it is full, answers wait for room: nothing is left out.
const WAITING: usize = 1024;
/// Entries of one write.
const TOGETHER: usize = 64;
/// Between two tries to write them.
const AGAIN: Duration = Duration::from_secs(1);
/// The same when the API stops, and how often.
const AGAIN_AT_LAST: Duration = Duration::from_millis(100);
const LAST_TRIES: u32 = 10;

/// Writes what was done through the API into the audit log, a moment after its answer: a send costs one write to the ledger, not two.
#[derive(Clone, Debug)]
pub(crate) struct Auditor {
    queue: mpsc::Sender<Told>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

enum Told {
    Entry(Timestamp, Box<AuditEntry>),
    /// Answered when all before it were written.
    Flush(oneshot::Sender<()>),
}

impl Auditor {
    pub fn start(ledger: Ledger) -> Self {
        let (queue, told) = mpsc::channel(WAITING);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(write(ledger, told, stop.clone()));
        tasks.close();
        Auditor { queue, tasks, stop }
    }

    pub async fn note(&self, at: Timestamp, entry: AuditEntry) {
        let told = match self.queue.try_send(Told::Entry(at, Box::new(entry))) {
            Ok(()) => return,
            Err(TrySendError::Full(told) | TrySendError::Closed(told)) => told,
        };
        let queue = self.queue.clone();
        // It goes on when whoever waits for the answer has gone.
        let sent = self.tasks.spawn(async move { queue.send(told).await });
        if !matches!(sent.await, Ok(Ok(()))) {
            tracing::warn!("something was done that the audit log lacks: it is closed");
        }
    }

    /// As [`note`](Auditor::note), for those who cannot wait.
    pub fn note_soon(&self, at: Timestamp, entry: AuditEntry) {
        if let Err(TrySendError::Full(told)) = self.queue.try_send(Told::Entry(at, Box::new(entry))) {
            let queue = self.queue.clone();
            // Ends as soon as there is room, or when the log is closed.
            self.tasks.spawn(async move { queue.send(told).await });
        }
    }

    /// Returns when everything that was noted so far was written, or could not be.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Told::Flush(done)).await.is_ok() {
            // It ends without an answer only when its task did.
            let _ = written.await;
        }
    }

    /// Writes what was noted so far, and takes nothing more.
    pub async fn finish(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

async fn write(ledger: Ledger, mut told: mpsc::Receiver<Told>, stop: CancellationToken) {
    let mut some = Vec::with_capacity(TOGETHER);
    loop {
        tokio::select! {
            biased;
            many = told.recv_many(&mut some, TOGETHER) => if many == 0 { return },
            // What is in the queue by now is still written.
            () = stop.cancelled(), if !told.is_closed() => {
                told.close();
                continue;
            }
        }
        let (mut entries, mut waiting) = (Vec::with_capacity(some.len()), Vec::new());
        for one in some.drain(..) {
            match one {
                Told::Entry(at, entry) => entries.push((at, *entry)),
                Told::Flush(done) => waiting.push(done),
            }
        }
        if !entries.is_empty() {
            keep(&ledger, entries, &stop).await;
        }
        for done in waiting {
            // Who asked may have gone.
            let _ = done.send(());
        }
    }
}

/// Tries until it is written: what waits behind it is bounded, and answers wait for that. At the stop it has a second; and what cannot
/// pass by itself (a damaged file, a ledger that is closed) is not waited for.
async fn keep(ledger: &Ledger, entries: Vec<(Timestamp, AuditEntry)>, stop: &CancellationToken) {
    let mut last_tries = LAST_TRIES;
    loop {
        let Err(error) = ledger.append_audit(entries.clone()).await else { return };
        last_tries -= u32::from(stop.is_cancelled());
        let passes = matches!(error, LedgerError::Full | LedgerError::Io(_));
        if last_tries == 0 || !passes {
            return tracing::error!(%error, entries = entries.len(), "what was done could not be noted in the audit log");
        }
        tracing::warn!(%error, entries = entries.len(), "the audit log cannot be written now; it is tried again");
        let _ = tokio::time::timeout(AGAIN, stop.cancelled()).await;
        if stop.is_cancelled() {
            tokio::time::sleep(AGAIN_AT_LAST).await;
        }
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Told::Entry(..) => "Entry",
            Told::Flush(_) => "Flush",
        })
    }
}
