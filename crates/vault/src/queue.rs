//! The vault's thread: takes one piece of work after the other, so that a prompt that nobody answers blocks
//! this thread and nothing else.

use crate::VaultError;
use crate::store::Store;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many callers may wait their turn. More than that means that the thread hangs: the next is told so.
const WAITING: usize = 256;

type Work = Box<dyn FnOnce(&mut dyn Store) + Send>;

#[derive(Debug)]
pub(crate) struct Queue {
    work: SyncSender<Work>,
    /// Since when the thread has been at its present piece of work.
    busy_since: Arc<Mutex<Option<Instant>>>,
}

impl Queue {
    /// Starts the thread; it ends when the queue is dropped and its last work is done.
    pub fn start(mut store: Box<dyn Store>) -> Result<Self, VaultError> {
        let (work, todo) = sync_channel::<Work>(WAITING);
        let busy_since = Arc::new(Mutex::new(None));
        let busy = busy_since.clone();
        std::thread::Builder::new()
            .name("vault".into())
            .spawn(move || {
                while let Ok(work) = todo.recv() {
                    *locked(&busy) = Some(Instant::now());
                    work(store.as_mut());
                    *locked(&busy) = None;
                }
            })
            .map_err(|e| VaultError::Io(format!("cannot start the vault's thread: {e}")))?;
        Ok(Queue { work, busy_since })
    }

    /// Does `act` on the vault's thread. `TimedOut` after `deadline`, or at once when the thread has hung that long
    /// already. Work whose caller has gone before its turn is not done; work under way is finished all the same.
    pub async fn run<T, F>(&self, deadline: Duration, act: F) -> Result<T, VaultError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Store) -> Result<T, VaultError> + Send + 'static,
    {
        if locked(&self.busy_since).is_some_and(|since| since.elapsed() >= deadline) {
            return Err(VaultError::TimedOut);
        }
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |store| {
            if !answer.is_closed() {
                // A caller that gave up meanwhile asks again later.
                let _ = answer.send(act(store));
            }
        });
        self.work.try_send(work).map_err(|e| match e {
            TrySendError::Full(_) => VaultError::TimedOut,
            TrySendError::Disconnected(_) => VaultError::Io("the vault's thread has ended".into()),
        })?;
        match tokio::time::timeout(deadline, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(VaultError::Io("the vault's thread has ended".into())),
            Err(_) => Err(VaultError::TimedOut),
        }
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
