//! Chooses what a channel sends next, and marks it as being sent.
//!
//! A message leaves only after `sending` is *durable*, not merely decided. That mark is what takes it out of the reach of
//! `cancel` and of its expiry: if it left under a mark that a crash undoes, the next start would find it queued, and a program
//! could be told `cancelled` or `expired` of a message that its recipient has. The price is one commit between the 202 and the
//! frame when a channel is idle; under load it is hidden, as the next batch is marked while the former is being written.

use super::courier::judge;
use super::flight::{Look, SharedFlight};
use super::pacing::Bucket;
use super::verdict::unanswered;
use crate::clock::Clock;
use crate::health::Health;
use crate::line::Done;
use domain::{ChannelId, Message, MessageStatus, Timestamp};
use ledger::{Ledger, LedgerError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// Messages that may be without WhatsApp's word. At this number sending waits for acks.
pub(crate) const UNANSWERED: usize = 128;
/// Messages marked together as being sent, to share a transaction. Half of what may be in the air, so that one half is marked
/// while the other is written.
const TOGETHER: usize = 64;
/// Batches that are marked and wait for the wire. When it is full no more are marked: what is only queued can still be
/// cancelled.
pub(super) const BATCHES_WAITING: usize = 1;
/// How far down the outbox is looked for messages that may leave, when those at its head may not.
const FURTHEST: usize = 1_000;
/// A message without WhatsApp's word for so long counts as not answered. Longer than it takes to notice a dead connection, and
/// then all of them leave by the next one.
const ACK_DEADLINE: Duration = Duration::from_secs(30);
/// How soon a ledger that cannot be read or written is tried again.
const LEDGER_RETRY: Duration = Duration::from_secs(2);
/// What is due later is looked for again this soon, whatever happens to the clock meanwhile.
const LONGEST_NAP: Duration = Duration::from_secs(60);

/// How fast a channel sends, over all its connections.
pub(crate) type SharedPace = Arc<Mutex<Bucket>>;

pub(crate) struct Picker {
    pub channel: ChannelId,
    pub ledger: Ledger,
    pub clock: Clock,
    pub health: Health,
    pub flight: SharedFlight,
    pub pace: SharedPace,
    /// Rung when something may be due: a message joined the outbox or was tried anew, its time was changed, or the air has
    /// room again.
    pub bell: Arc<Notify>,
    pub reports: mpsc::Sender<Done>,
}

/// Messages that are marked as being sent, in the order of the outbox.
pub(super) struct Batch {
    pub look: Look,
    pub messages: Vec<Message>,
}

enum Picked {
    Batch(Batch),
    /// Nothing until the bell rings or this has passed.
    Nothing(Option<Duration>),
}

impl Picker {
    pub(super) async fn run(self, hand_over: mpsc::Sender<Batch>) {
        loop {
            match self.pick().await {
                Ok(Picked::Batch(batch)) => {
                    if hand_over.send(batch).await.is_err() {
                        return;
                    }
                }
                // A ring since the look began was kept for this.
                Ok(Picked::Nothing(Some(wait))) => {
                    self.clock.timeout(wait, self.bell.notified()).await;
                }
                Ok(Picked::Nothing(None)) => self.bell.notified().await,
                Err(error) => {
                    tracing::warn!(channel.id = %self.channel, %error, "the outbox cannot be read or marked");
                    self.clock.sleep(LEDGER_RETRY).await;
                }
            }
        }
    }

    async fn pick(&self) -> Result<Picked, LedgerError> {
        self.give_up_waiting().await;
        let passed = self.clock.passed();
        let (look, aboard, room) = {
            let mut flight = self.flight.lock();
            (flight.begin_look(), flight.len(), UNANSWERED.saturating_sub(flight.unanswered()))
        };
        let tokens = usize::try_from(self.pace().tokens(passed)).unwrap_or(usize::MAX);
        if room == 0 {
            return Ok(Picked::Nothing(self.until_overdue()));
        }
        if tokens == 0 {
            return Ok(Picked::Nothing(Some(self.pace().wait(passed))));
        }
        let wanted = room.min(tokens).min(TOGETHER);
        let now = self.clock.now();
        let fresh = self.fresh(now, aboard, wanted).await?;
        if fresh.is_empty() {
            let later = self.ledger.next_due(self.channel, now).await?.map(|at| at.since(now).min(LONGEST_NAP));
            return Ok(Picked::Nothing(later.into_iter().chain(self.until_overdue()).min()));
        }
        let messages = self.mark(fresh).await?;
        let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        self.pace().take(count, self.clock.passed());
        let mut flight = self.flight.lock();
        for message in &messages {
            flight.board(message);
        }
        Ok(Picked::Batch(Batch { look, messages }))
    }

    /// The first messages of the outbox that may leave.
    async fn fresh(&self, now: Timestamp, aboard: usize, wanted: usize) -> Result<Vec<Message>, LedgerError> {
        // Those in the air are still in the outbox, at its head.
        let mut limit = aboard + wanted;
        loop {
            let due = self.ledger.due(self.channel, now, u32::try_from(limit).unwrap_or(u32::MAX)).await?;
            let all = due.len() < limit || limit >= FURTHEST;
            let fresh = self.flight.lock().choose(due, wanted);
            // Many of one chat may wait behind one of theirs: the other chats are further down.
            if all || fresh.len() == wanted {
                return Ok(fresh);
            }
            limit = limit.saturating_mul(4).min(FURTHEST);
        }
    }

    /// Those of `fresh` that are being sent now: what was cancelled or expired in this moment is not among them. The ledger's row
    /// decides.
    async fn mark(&self, fresh: Vec<Message>) -> Result<Vec<Message>, LedgerError> {
        let queued: Vec<_> = fresh.iter().filter(|m| m.status == MessageStatus::Queued).map(|m| m.id).collect();
        // Marked by an earlier connection, or before a crash.
        let mut messages: Vec<_> = fresh;
        if !queued.is_empty() {
            let marked = self.health.note(self.ledger.mark_sending(queued, self.clock.now()).await)?;
            let marked: std::collections::HashSet<_> = marked.iter().map(|m| m.id).collect();
            messages.retain(|m| m.status == MessageStatus::Sending || marked.contains(&m.id));
        }
        Ok(messages)
    }

    /// Judges those that WhatsApp has not answered in time.
    async fn give_up_waiting(&self) {
        let overdue = self.flight.lock().overdue(self.clock.passed(), ACK_DEADLINE);
        for id in overdue {
            let attempts = self.flight.lock().attempts(id);
            tracing::info!(channel.id = %self.channel, message.id = %id, "a message was not answered");
            judge(&self.flight, &self.reports, id, unanswered(attempts, rand::random())).await;
        }
    }

    fn until_overdue(&self) -> Option<Duration> {
        let first = self.flight.lock().first_written()?;
        Some((first + ACK_DEADLINE).saturating_sub(self.clock.passed()))
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
