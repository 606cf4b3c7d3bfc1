//! Holds acks back until the receipts that they acknowledge are written down.
//!
//! whatsapp-rust tells us of a receipt and then acknowledges it, with nothing of ours in between; once acknowledged WhatsApp
//! never tells it again. But the ack leaves through our pipe, after we heard of its receipt: what may hold an ack waits
//! there until all receipts that were heard before are settled. Frames are numbered, so whatever comes behind waits too
//! (see `transport::writer`), and all of it leaves together.
//!
//! Patience is short. While the disk cannot be written receipts wait in memory (the engine's journal, bounded), the
//! connection must stay up, and acks leave ahead of the writing: until those that were not waited for to the end are
//! settled, nobody waits at all. A crash in that time loses receipts, never messages.

use socket::{Kept, Promise};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::{Instant, timeout_at};

/// How long a frame waits: many times what a write takes, and well within the deadline of a ping that waits behind it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// Of a frame with an ack in it, encrypted. One of a group's receipt has about 120 bytes.
const LARGEST_ACK: usize = 256;
/// Before each frame: its length, big-endian.
const LENGTH: usize = 3;

/// A receipt was heard that nobody wrote down, or will: its ack must not leave.
#[derive(Debug, thiserror::Error)]
#[error("a receipt was let go; nothing is acknowledged any more")]
pub(crate) struct LetGo;

#[derive(Debug)]
pub(crate) struct AckGate {
    heard: mpsc::UnboundedSender<Promise>,
    /// As many as there are receipts whose ack was not handed over yet.
    unclaimed: Mutex<mpsc::UnboundedReceiver<Promise>>,
}

impl Default for AckGate {
    fn default() -> Self {
        let (heard, unclaimed) = mpsc::unbounded_channel();
        AckGate { heard, unclaimed: Mutex::new(unclaimed) }
    }
}

impl AckGate {
    /// A receipt was heard. Its ack does not leave before the answer is settled.
    pub fn receipt(&self) -> Kept {
        let (kept, promise) = Kept::awaited();
        // The receiver lives as long as `self`.
        let _ = self.heard.send(promise);
        kept
    }

    /// What must be settled before `wire`, a run of frames, leaves, beside what was named for earlier ones.
    pub fn owed(&self, wire: &[u8]) -> Vec<Promise> {
        if !may_hold_an_ack(wire) {
            return Vec::new();
        }
        let mut unclaimed = self.unclaimed.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| unclaimed.try_recv().ok()).collect()
    }
}

/// Receipts that were acknowledged without being settled.
#[derive(Debug, Default)]
pub(crate) struct Debts(Vec<Promise>);

impl Debts {
    /// Returns when the frame may leave for which these are `owed`.
    pub async fn settle(&mut self, owed: Vec<Promise>) -> Result<(), LetGo> {
        if owed.is_empty() && self.0.is_empty() {
            return Ok(());
        }
        let mut let_go = false;
        self.0.retain_mut(|promise| {
            let known = promise.try_recv();
            let_go |= known == Err(TryRecvError::Closed);
            known == Err(TryRecvError::Empty)
        });
        let stuck = !self.0.is_empty();
        let deadline = Instant::now() + if stuck { Duration::ZERO } else { PATIENCE };
        for mut promise in owed {
            match timeout_at(deadline, &mut promise).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => let_go = true,
                Err(_) => self.0.push(promise),
            }
        }
        if !stuck && !self.0.is_empty() {
            tracing::warn!("receipts are not written in time; they are acknowledged ahead of it");
        }
        if let_go { Err(LetGo) } else { Ok(()) }
    }
}

/// Whether one of the frames is small enough; and anything that we do not understand might.
fn may_hold_an_ack(mut wire: &[u8]) -> bool {
    while let Some((length, rest)) = wire.split_at_checked(LENGTH) {
        let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        match rest.get(length..) {
            Some(next) if length > LARGEST_ACK => wire = next,
            Some(_) | None => return true,
        }
    }
    !wire.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frame(length: usize) -> Vec<u8> {
        let mut frame = u32::try_from(length).unwrap().to_be_bytes()[1..].to_vec();
        frame.resize(LENGTH + length, 7);
        frame
    }

    /// Polls until nothing moves any more; nobody else runs meanwhile.
    async fn is_done<T>(waiting: &mut (impl Future<Output = T> + Unpin)) -> bool {
        tokio::select! { biased; _ = waiting => true, () = tokio::task::yield_now() => false }
    }

    #[test]
    fn only_a_small_frame_may_hold_an_ack() {
        assert!(may_hold_an_ack(&frame(LARGEST_ACK)));
        assert!(!may_hold_an_ack(&frame(LARGEST_ACK + 1)));
        let message = frame(70_000);
        assert!(!may_hold_an_ack(&[message.clone(), message.clone()].concat()));
        assert!(may_hold_an_ack(&[message.clone(), frame(60), message.clone()].concat()), "one in between");
        assert!(may_hold_an_ack(&message[..500]), "cut short");
        assert!(!may_hold_an_ack(&[]));
    }

    #[tokio::test]
    async fn an_ack_waits_for_every_receipt_heard_before_it() {
        let gate = AckGate::default();
        let mut debts = Debts::default();
        debts.settle(gate.owed(&frame(40))).await.unwrap();
        let (one, two) = (gate.receipt(), gate.receipt());
        let small = frame(40);
        let mut leaving = Box::pin(debts.settle(gate.owed(&small)));
        assert!(!is_done(&mut leaving).await);
        two.settle();
        assert!(!is_done(&mut leaving).await);
        // Large ones do not.
        assert!(gate.owed(&frame(4_000)).is_empty());
        one.settle();
        leaving.await.unwrap();
    }

    #[tokio::test]
    async fn patience_ends_and_begins_again_when_everything_is_written() {
        let gate = AckGate::default();
        let mut debts = Debts::default();
        let began = Instant::now();
        let stuck = [gate.receipt(), gate.receipt()];
        debts.settle(gate.owed(&frame(40))).await.unwrap();
        assert!(began.elapsed() >= PATIENCE);
        let more = gate.receipt();
        let pause = Instant::now();
        debts.settle(gate.owed(&frame(40))).await.unwrap();
        assert!(pause.elapsed() < PATIENCE, "nobody waits while some are late");
        stuck.iter().chain([&more]).for_each(Kept::settle);
        let again = gate.receipt();
        let small = frame(40);
        let mut leaving = Box::pin(debts.settle(gate.owed(&small)));
        assert!(!is_done(&mut leaving).await);
        again.settle();
        leaving.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_acknowledged_after_a_receipt_was_let_go() {
        let gate = AckGate::default();
        let mut debts = Debts::default();
        drop(gate.receipt());
        assert!(debts.settle(gate.owed(&frame(40))).await.is_err());
        let late = gate.receipt();
        debts.settle(gate.owed(&frame(40))).await.unwrap();
        drop(late);
        assert!(debts.settle(gate.owed(&frame(40))).await.is_err());
    }
}
