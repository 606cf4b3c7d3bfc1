use domain::{AuditEntry, Timestamp};
use ledger::Ledger;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Entries that may wait to be written. When it is full, answers wait for room: nothing is left out.
const WAITING: usize = 1024;
/// Entries of one write.
const TOGETHER: usize = 64;

/// Writes what was done through the API into the audit log, a moment after its answer: a send costs one write to the ledger, not two.
#[derive(Clone, Debug)]
pub(crate) struct Auditor {
    queue: mpsc::Sender<(Timestamp, AuditEntry)>,
    tasks: TaskTracker,
    stop: CancellationToken,
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
        if self.queue.send((at, entry)).await.is_err() {
            tracing::warn!("something was done that the audit log lacks: it is closed");
        }
    }

    /// As [`note`](Auditor::note), for those who cannot wait.
    pub fn note_soon(&self, at: Timestamp, entry: AuditEntry) {
        if let Err(TrySendError::Full(told)) = self.queue.try_send((at, entry)) {
            let queue = self.queue.clone();
            // Ends as soon as there is room, or when the log is closed.
            self.tasks.spawn(async move { queue.send(told).await });
        }
    }

    /// Writes what was noted so far, and takes nothing more.
    pub async fn finish(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

async fn write(ledger: Ledger, mut told: mpsc::Receiver<(Timestamp, AuditEntry)>, stop: CancellationToken) {
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
        let many = some.len();
        if let Err(error) = ledger.append_audit(std::mem::take(&mut some)).await {
            tracing::error!(%error, entries = many, "what was done could not be noted in the audit log");
        }
    }
}
