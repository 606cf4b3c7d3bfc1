//! The store that whatsapp-rust gets: after one write that failed it takes no other.
//!
//! whatsapp-rust advances its ratchets in memory and writes them when it can. When it cannot keep a decrypted message
//! it sends no ack, so that the message comes again; but were the advanced ratchet written later, that message would
//! then look like one read long ago, and be acknowledged without having reached anybody. So the first failure is the
//! last write: whoever runs the session is told, ends it, and the next one begins from what is on disk, as after a
//! crash. See `docs/decisions/003`.

mod app_sync;
mod device;
mod msg_secret;
mod protocol;
mod signal;

use super::error::{Trouble, trouble};
use super::stranded::Stranded;
use crate::transport::chain;
use domain::Cause;
use socket::Close;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;
use wacore::store::error::{Result, StoreError};

const STORAGE_FAILED: Close = Close::Lost(Cause::StorageFailed);

/// One session's way to its store. Writes go one at a time, so that none is under way beside one that fails.
pub(crate) struct FailStop<B: ?Sized> {
    /// Whether writing has ended. Held during every write.
    shut: Mutex<bool>,
    told: AtomicBool,
    on_failure: Box<dyn Fn(Close) + Send + Sync>,
    stranded: Arc<Stranded>,
    store: Arc<B>,
}

/// What every write gets after one that failed, and after the session.
#[derive(Debug, thiserror::Error)]
#[error("nothing more is written: an earlier write failed, or the session is over")]
struct Shut;

impl<B: ?Sized> FailStop<B> {
    /// `on_failure` is called once, at the first write that fails, before its error is returned, with how the session ends.
    pub fn new(store: Arc<B>, stranded: Arc<Stranded>, on_failure: impl Fn(Close) + Send + Sync + 'static) -> Self {
        FailStop { shut: Mutex::new(false), told: AtomicBool::new(false), on_failure: Box::new(on_failure), stranded, store }
    }

    /// Ends the writing, after a write that is under way: what is left of the session must not write into the next
    /// one's state. Returns whether every write has succeeded, so that `store` may be used on.
    pub async fn close(&self) -> bool {
        let mut shut = self.shut.lock().await;
        self.told.store(true, Ordering::Release);
        !std::mem::replace(&mut *shut, true)
    }

    async fn write<T>(&self, writing: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let mut shut = self.shut.lock().await;
        if *shut {
            self.tell(STORAGE_FAILED);
            return Err(refusal());
        }
        // Failed until its good end is seen; also when whoever waits for it gives up and nobody sees how it ends.
        *shut = true;
        let outcome = writing.await;
        match &outcome {
            Ok(_) => *shut = false,
            Err(error) => {
                tracing::error!(error = %chain(error), "the auth-state could not be written");
                self.tell(match trouble(error) {
                    Some(Trouble::Moved) => Close::Lost(Cause::Moving),
                    Some(Trouble::Away(_) | Trouble::WrongKey) | None => STORAGE_FAILED,
                });
            }
        }
        outcome
    }

    /// For answers that only hold while what is in memory is what is on disk.
    async fn read_while_open<T>(&self, reading: impl Future<Output = Result<T>> + Send) -> Result<T> {
        if *self.shut.lock().await {
            return Err(refusal());
        }
        reading.await
    }

    fn tell(&self, close: Close) {
        if !self.told.swap(true, Ordering::AcqRel) {
            (self.on_failure)(close);
        }
    }
}

fn refusal() -> StoreError {
    StoreError::Database(Box::new(Shut))
}

#[cfg(test)]
mod tests;
