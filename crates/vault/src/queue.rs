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

    /// Does `act` on the vault's thread. `TimedOut` when the thread has been at one piece of work for `deadline`, ours or one
    /// before it; at once when it has already. Waiting one's turn behind work that gets done is no hang, however long the
    /// row: fifty channels that start together must not fail because a slow keychain takes a tenth of a second for each. Work
    /// whose caller has gone before its turn is not done; work under way is finished all the same.
    pub async fn run<T, F>(&self, deadline: Duration, act: F) -> Result<T, VaultError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Store) -> Result<T, VaultError> + Send + 'static,
    {
        if locked(&self.busy_since).is_some_and(|since| since.elapsed() >= deadline) {
            return Err(VaultError::TimedOut);
        }
        let (answer, mut answered) = oneshot::channel();
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
        loop {
            // Between two pieces of work there is no "since" for a moment: the next look comes a whole deadline later at most.
            let patience = locked(&self.busy_since).map_or(deadline, |since| deadline.saturating_sub(since.elapsed()));
            if patience.is_zero() {
                return Err(VaultError::TimedOut);
            }
            match tokio::time::timeout(patience, &mut answered).await {
                Ok(Ok(result)) => return result,
                Ok(Err(_)) => return Err(VaultError::Io("the vault's thread has ended".into())),
                Err(_) => {}
            }
        }
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::entry::Entry;
    use crate::store::{Access, Unlock};
    use zeroize::Zeroizing;

    /// Needs no store: the work here is waiting.
    struct Nothing;

    impl Store for Nothing {
        fn name(&self) -> &'static str {
            "nothing"
        }

        fn place(&self) -> Option<String> {
            None
        }

        fn access(&mut self) -> Result<Access, VaultError> {
            Ok(Access::Open)
        }

        fn read(&mut self, _: &Entry) -> Result<Option<Zeroizing<String>>, VaultError> {
            Ok(None)
        }

        fn write(&mut self, _: &Entry, _: &str) -> Result<(), VaultError> {
            Ok(())
        }

        fn delete(&mut self, _: &Entry) -> Result<(), VaultError> {
            Ok(())
        }

        fn unlock(&self) -> Option<Unlock> {
            None
        }
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the slow work of the test, on the thread that is there to block")]
    async fn a_long_row_of_slow_work_is_no_hang() {
        const EACH: Duration = Duration::from_millis(20);
        const DEADLINE: Duration = Duration::from_millis(500);
        let queue = Queue::start(Box::new(Nothing)).unwrap();
        let began = Instant::now();
        let slow = |n: u32| {
            queue.run(DEADLINE, move |_| {
                std::thread::sleep(EACH);
                Ok(n)
            })
        };
        let answers = futures::future::join_all((0..50).map(slow)).await;
        assert!(began.elapsed() > DEADLINE, "the row was not long enough to prove anything");
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn one_piece_of_work_that_hangs_is_told_to_all_who_wait_behind_it() {
        const DEADLINE: Duration = Duration::from_millis(50);
        let queue = Queue::start(Box::new(Nothing)).unwrap();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let hanging = queue.run(DEADLINE, move |_| {
            let _ = ended.recv();
            Ok(())
        });
        let behind = futures::future::join_all((0..3).map(|_| queue.run(DEADLINE, |_| Ok(()))));
        let (hanging, behind) = futures::future::join(hanging, behind).await;
        assert_eq!(hanging, Err(VaultError::TimedOut));
        assert!(behind.into_iter().all(|answer| answer == Err(VaultError::TimedOut)));
        // And once more: it is known to hang.
        assert_eq!(queue.run(Duration::ZERO, |_| Ok(())).await, Err(VaultError::TimedOut));
        end.send(()).unwrap();
    }
}
