//! The word that something a socket told is kept, for what must not be acknowledged to WhatsApp before.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Travels with an event until somebody says that it is written (or of no interest). When all clones are dropped without that
/// word, the event was let go: the socket acknowledges nothing more, and WhatsApp tells it again to the next one.
///
/// Says nothing of the event itself: any two are equal.
#[derive(Clone, Default)]
pub struct Kept(Option<Arc<Mutex<Option<oneshot::Sender<()>>>>>);

/// Resolves when the event is settled; an error when it was let go.
pub type Promise = oneshot::Receiver<()>;

impl Kept {
    /// For an event that somebody waits for. The default is one that nobody waits for.
    pub fn awaited() -> (Self, Promise) {
        let (settled, promise) = oneshot::channel();
        (Kept(Some(Arc::new(Mutex::new(Some(settled))))), promise)
    }

    /// It is written, or need not be. Once is enough, on any clone.
    pub fn settle(&self) {
        let waiting = self.0.as_ref().and_then(|one| one.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(waiting) = waiting {
            // Whoever waited may have gone.
            let _ = waiting.send(());
        }
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Kept {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use oneshot::error::TryRecvError;

    #[test]
    fn one_clone_settles_for_all() {
        let (kept, mut promise) = Kept::awaited();
        let clone = kept.clone();
        drop(kept);
        assert_eq!(promise.try_recv(), Err(TryRecvError::Empty));
        clone.settle();
        clone.settle();
        assert_eq!(promise.try_recv(), Ok(()));
    }

    #[test]
    fn what_is_dropped_unsettled_was_let_go() {
        let (kept, mut promise) = Kept::awaited();
        drop(kept.clone());
        assert_eq!(promise.try_recv(), Err(TryRecvError::Empty));
        drop(kept);
        assert_eq!(promise.try_recv(), Err(TryRecvError::Closed));
    }
}
