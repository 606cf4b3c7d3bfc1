//! Waiting for something to have happened on a phone: never by sleeping, always with a deadline.

use std::time::Duration;

use super::memory::Memory;
use super::{Phone, PhoneError, PhoneMessage};

impl Phone {
    /// The first message that fits, there already or still to come.
    pub async fn wait_for_message(
        &self,
        deadline: Duration,
        fits: impl Fn(&PhoneMessage) -> bool,
    ) -> Result<PhoneMessage, PhoneError> {
        self.wait_for(deadline, |messages| messages.iter().find(|message| fits(message)).cloned()).await
    }

    /// Waits until something can be read from the phone's messages.
    pub async fn wait_for<T>(
        &self,
        deadline: Duration,
        mut find: impl FnMut(&[PhoneMessage]) -> Option<T>,
    ) -> Result<T, PhoneError> {
        self.wait_in(deadline, |memory| find(memory.messages.all())).await
    }

    pub(super) async fn wait_in<T>(
        &self,
        deadline: Duration,
        mut find: impl FnMut(&Memory) -> Option<T>,
    ) -> Result<T, PhoneError> {
        let mut changes = self.inner.changes.subscribe();
        let search = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = find(&*self.memory().await) {
                    return Ok(found);
                }
                changes.changed().await.map_err(|_| PhoneError::Gone)?;
            }
        };
        tokio::time::timeout(deadline, search).await.unwrap_or(Err(PhoneError::Deadline(deadline)))
    }
}
