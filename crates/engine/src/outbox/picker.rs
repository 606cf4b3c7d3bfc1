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
use domain::{ChannelId, Fence, Message, Timestamp};
use ledger::{Ledger, LedgerError};
use std::collections::HashSet;
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
/// Messages read at a time, when that many may leave.
const AHEAD: usize = 256;
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
    pub fence: Option<Fence>,
    pub ledger: Ledger,
    pub clock: Clock,
    pub health: Health,
    pub flight: SharedFlight,
    pub pace: SharedPace,
    /// Rung when something may be due: a message joined the outbox or was tried anew, its time was changed, or the air has
    /// room again.
    pub bell: Arc<Notify>,
    pub reports: mpsc::Sender<Done>,
    /// Read already, and not picked yet.
    pub ahead: Option<(Look, Vec<Message>)>,
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
    pub(super) async fn run(mut self, hand_over: mpsc::Sender<Batch>) {
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
                Err(LedgerError::Fenced) => {
                    // The driver ends this.
                    let _ = self.reports.send(Done::Fenced).await;
                    return std::future::pending().await;
                }
                Err(error) => {
                    tracing::warn!(channel.id = %self.channel, %error, "the outbox cannot be read or marked");
                    self.clock.sleep(LEDGER_RETRY).await;
                }
            }
        }
    }

    async fn pick(&mut self) -> Result<Picked, LedgerError> {
        self.give_up_waiting().await;
        let passed = self.clock.passed();
        let room = {
            let flight = self.flight.lock();
            if flight.is_turning_back() {
                return Ok(Picked::Nothing(None));
            }
            UNANSWERED.saturating_sub(flight.unanswered())
        };
        let tokens = usize::try_from(self.pace().tokens(passed)).unwrap_or(usize::MAX);
        if room == 0 {
            return Ok(Picked::Nothing(self.until_overdue()));
        }
        if tokens == 0 {
            return Ok(Picked::Nothing(Some(self.pace().wait(passed))));
        }
        let now = self.clock.now();
        let (look, fresh) = self.fresh(now, room.min(tokens).min(TOGETHER), tokens).await?;
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
        drop(flight);
        Ok(Picked::Batch(Batch { look, messages }))
    }

    /// The first messages of the outbox that may leave. Looks further ahead than that when all of it may leave soon: what is
    /// picked later from an earlier look is marked by its row like any other, and new messages come after it.
    async fn fresh(&mut self, now: Timestamp, wanted: usize, tokens: usize) -> Result<(Look, Vec<Message>), LedgerError> {
        if let Some((look, ahead)) = self.ahead.take() {
            let (fresh, left) = self.flight.lock().choose(look, ahead, wanted);
            if !left.is_empty() {
                self.ahead = Some((look, left));
            }
            if !fresh.is_empty() {
                return Ok((look, fresh));
            }
        }
        let (look, aboard) = {
            let mut flight = self.flight.lock();
            (flight.begin_look(), flight.len())
        };
        // Those in the air are still in the outbox, at its head.
        let mut limit = (aboard + tokens.clamp(wanted, AHEAD)).min(FURTHEST);
        loop {
            let due = self.ledger.due(self.channel, now, u32::try_from(limit).unwrap_or(u32::MAX)).await?;
            let all = due.len() < limit || limit >= FURTHEST;
            let (fresh, left) = self.flight.lock().choose(look, due, wanted);
            // Many of one chat may wait behind one of theirs: the other chats are further down.
            if all || fresh.len() == wanted {
                self.ahead = (!left.is_empty()).then_some((look, left));
                return Ok((look, fresh));
            }
            limit = limit.saturating_mul(4).min(FURTHEST);
        }
    }

    /// Those of `fresh` that are being sent now: what was cancelled or expired in this moment is not among them. The ledger's row
    /// decides.
    async fn mark(&self, mut fresh: Vec<Message>) -> Result<Vec<Message>, LedgerError> {
        let ids = fresh.iter().map(|message| message.id).collect();
        let marked = self.health.note(self.ledger.mark_sending(self.channel, self.fence, ids, self.clock.now()).await)?;
        let marked: HashSet<_> = marked.iter().map(|message| message.id).collect();
        fresh.retain(|message| marked.contains(&message.id));
        Ok(fresh)
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
