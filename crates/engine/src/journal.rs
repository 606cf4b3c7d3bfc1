//! What happened to a channel and has to be written. Normally written at once; while the ledger cannot be written it
//! waits here, in order, and the channel goes on.
//!
//! While the disk is full this stays bounded: at most [`WAITING`] entries. Acks are few then, because nothing leaves that
//! could not be marked first; receipts of older messages may be many. Beyond the bound the oldest word on a message goes first:
//! for a lost ack the message leaves once more under the same WhatsApp id, which its recipient sees once, and a lost receipt
//! leaves a message at an earlier stage than it has. Transitions go last of all.

use crate::clock::Clock;
use crate::health::{Health, is_trouble};
use crate::outbox::flight::{SharedFlight, Ticket};
use crate::outbox::verdict::Verdict;
use domain::{ChannelId, Event, FailReason, Fence, MessageId, MessageStatus, Timestamp};
use futures::future::join_all;
use ledger::{Ledger, LedgerError, MessageRef, Progress, Receipt, TransitionRecord};
use socket::Kept;
use std::collections::VecDeque;
use std::time::Duration;

const WAITING: usize = 1_000;
/// Words on messages written in one go: what a socket's full event channel may hold.
const TOGETHER: usize = 256;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) enum Entry {
    Transition(Box<TransitionRecord>),
    /// WhatsApp has it. The id of the message when it is on its way.
    Sent {
        whatsapp_id: String,
        id: Option<MessageId>,
        at: Timestamp,
    },
    /// WhatsApp is told that we have it when it is settled.
    Receipt(Receipt, Kept),
    /// A try came to nothing.
    Judged {
        ticket: Ticket,
        verdict: Verdict,
        at: Timestamp,
    },
    FailOutbox {
        at: Timestamp,
    },
    Delete {
        name: String,
        at: Timestamp,
    },
}

impl Entry {
    /// Whether it is word on messages, whose place among its like does not matter: the ledger knows which stage follows which.
    fn is_word(&self) -> bool {
        match self {
            Entry::Sent { .. } | Entry::Receipt(..) | Entry::Judged { .. } => true,
            Entry::Transition(_) | Entry::FailOutbox { .. } | Entry::Delete { .. } => false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Journal {
    channel: ChannelId,
    fence: Option<Fence>,
    ledger: Ledger,
    health: Health,
    clock: Clock,
    flight: SharedFlight,
    waiting: VecDeque<Entry>,
    /// Since somebody asked.
    requeued: bool,
    /// Another worker holds the channel: nothing is written any more.
    fenced: bool,
    failures: u32,
    /// By the monotonic clock.
    retry_at: Option<Duration>,
}

impl Journal {
    pub fn new(
        channel: ChannelId,
        fence: Option<Fence>,
        ledger: Ledger,
        health: Health,
        clock: Clock,
        flight: SharedFlight,
    ) -> Self {
        Journal {
            channel,
            fence,
            ledger,
            health,
            clock,
            flight,
            waiting: VecDeque::new(),
            requeued: false,
            fenced: false,
            failures: 0,
            retry_at: None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn is_fenced(&self) -> bool {
        self.fenced
    }

    /// How long until a failed write is to be tried again, if there is one.
    pub fn retry_in(&self) -> Option<Duration> {
        self.retry_at.map(|at| at.saturating_sub(self.clock.passed()))
    }

    pub fn push(&mut self, entry: Entry) {
        if self.waiting.len() >= WAITING {
            let oldest = self.waiting.iter().position(Entry::is_word).unwrap_or(0);
            tracing::error!(channel.id = %self.channel, "too much waits to be written: the oldest word on a message is lost");
            if let Some(lost) = self.waiting.remove(oldest) {
                self.settle(&lost);
            }
        }
        self.waiting.push_back(entry);
    }

    /// Writes what waits; unless a failure is so fresh that it is too soon to try again. Whether messages are to be tried again
    /// that were not before.
    pub async fn flush_when_due(&mut self) -> bool {
        if self.retry_at.is_none_or(|at| at <= self.clock.passed()) {
            // Noted, and tried again.
            let _ = self.flush().await;
        }
        std::mem::take(&mut self.requeued)
    }

    /// Writes what waits, in order, now. What was not written stays.
    pub async fn flush(&mut self) -> Result<(), LedgerError> {
        while !self.waiting.is_empty() {
            let outcome = match self.waiting.iter().take(TOGETHER).take_while(|e| e.is_word()).count() {
                0 => self.write_first().await,
                run => self.write_words(run).await,
            };
            if let Err(error) = self.health.note(outcome) {
                if error == LedgerError::Fenced {
                    (self.fenced, self.retry_at) = (true, None);
                    return Err(error);
                }
                let wait = FIRST_RETRY.saturating_mul(1 << self.failures.min(5)).min(LONGEST_RETRY);
                self.failures = self.failures.saturating_add(1);
                self.retry_at = Some(self.clock.passed() + wait);
                return Err(error);
            }
        }
        (self.failures, self.retry_at) = (0, None);
        Ok(())
    }

    async fn write_first(&mut self) -> Result<(), LedgerError> {
        let Some(entry) = self.waiting.front() else { return Ok(()) };
        let outcome = match entry {
            Entry::Transition(record) => self.ledger.transition((**record).clone()).await.map(drop),
            Entry::FailOutbox { at } => self.ledger.fail_queued(self.channel, FailReason::SessionEnded, *at).await.map(drop),
            Entry::Delete { name, at } => {
                let gone = Event::ChannelDeleted { channel: self.channel, name: name.clone() };
                self.ledger.delete_channel(self.channel, vec![gone], *at).await.map(drop)
            }
            Entry::Sent { .. } | Entry::Receipt(..) | Entry::Judged { .. } => Ok(()),
        };
        let outcome = let_go(outcome);
        if outcome.is_ok() {
            self.waiting.pop_front();
        }
        outcome
    }

    /// Writes the first `run` entries, which all are words on messages, side by side: they share a transaction. When one is
    /// not written all of them are tried again, which changes nothing for those that were.
    async fn write_words(&mut self, run: usize) -> Result<(), LedgerError> {
        let (mut progress, mut receipts, mut retries) = (Vec::new(), Vec::new(), Vec::new());
        for entry in self.waiting.iter().take(run) {
            match entry {
                Entry::Sent { whatsapp_id, id, at } => {
                    let which = match id {
                        Some(id) => MessageRef::Id(*id),
                        None => MessageRef::WhatsApp { channel: self.channel, whatsapp_id: whatsapp_id.clone() },
                    };
                    progress.push(Progress { which, status: MessageStatus::Sent, at: *at });
                }
                Entry::Judged { ticket, verdict: Verdict::Wedged(reason), at } => {
                    progress.push(Progress { which: ticket.id.into(), status: MessageStatus::Failed(*reason), at: *at });
                }
                Entry::Judged { ticket, verdict: Verdict::Retry { wait, setback }, at } => {
                    retries.push(self.ledger.requeue(ticket.id, at.plus(*wait), *setback, *at));
                }
                Entry::Receipt(receipt, _) => receipts.push(receipt.clone()),
                Entry::Transition(_) | Entry::FailOutbox { .. } | Entry::Delete { .. } => {}
            }
        }
        if self.fence.is_some() && self.waiting.iter().take(run).any(|entry| matches!(entry, Entry::Judged { .. })) {
            // What WhatsApp said is true whoever heard it; what was made of its silence is the holder's alone.
            self.ledger.mark_sending(self.channel, self.fence, Vec::new(), self.clock.now()).await?;
        }
        let progress = async { if progress.is_empty() { Ok(()) } else { self.ledger.progress(progress).await.map(drop) } };
        let receipts = async { if receipts.is_empty() { Ok(()) } else { self.ledger.receipts(receipts).await.map(drop) } };
        let (progress, receipts, retries) = tokio::join!(progress, receipts, join_all(retries));
        let retries = retries.into_iter().map(|outcome| outcome.map(drop));
        [progress, receipts].into_iter().chain(retries).try_for_each(let_go)?;
        let written: Vec<_> = self.waiting.drain(..run).collect();
        for entry in &written {
            self.settle(entry);
            self.requeued |= matches!(entry, Entry::Judged { verdict: Verdict::Retry { .. }, .. });
        }
        Ok(())
    }

    /// The ledger knows of it, or never will.
    fn settle(&self, entry: &Entry) {
        match entry {
            Entry::Sent { id: Some(id), .. } => self.flight.lock().settled(*id),
            Entry::Judged { ticket, verdict, .. } => match verdict {
                Verdict::Retry { .. } => self.flight.lock().requeued(ticket.id, &ticket.chat),
                Verdict::Wedged(_) => self.flight.lock().settled(ticket.id),
            },
            Entry::Receipt(_, kept) => kept.settle(),
            Entry::Sent { id: None, .. } | Entry::Transition(_) | Entry::FailOutbox { .. } | Entry::Delete { .. } => {}
        }
    }
}

/// Written, or never to be written: the row that it is about does not exist.
fn let_go(outcome: Result<(), LedgerError>) -> Result<(), LedgerError> {
    outcome.or_else(|error| if is_trouble(&error) || error == LedgerError::Fenced { Err(error) } else { Ok(()) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use domain::{Cause, Desired, Person, State};

    const T: Timestamp = Timestamp::EPOCH;

    #[tokio::test]
    async fn what_waits_stays_bounded_and_words_go_before_transitions() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), &[7; 32], ledger::OpenOptions::default()).await.unwrap();
        let channel = ChannelId::new(T, 1);
        let flight = SharedFlight::default();
        let mut journal = Journal::new(channel, None, ledger.clone(), Health::new(), Clock::by_hand(T).0, flight);
        let record = TransitionRecord {
            channel,
            state: State::Reconnecting { since: T, attempt: 1, next_attempt_at: None, cause: Cause::NoAnswer },
            stuck_since: None,
            desired: Desired::Running,
            paired: true,
            identity: None,
            events: Vec::new(),
            at: T,
            fence: None,
        };
        journal.push(Entry::Transition(Box::new(record)));
        journal.push(Entry::FailOutbox { at: T });
        for n in 0..3 * WAITING {
            let chat = "15550100177@s.whatsapp.net".parse().unwrap();
            let (by, status) = (Person::default(), MessageStatus::Read);
            let receipt = Receipt { channel, chat, by, whatsapp_ids: vec![n.to_string()], status, at: T };
            journal.push(Entry::Receipt(receipt, Kept::default()));
        }
        assert_eq!(journal.waiting.len(), WAITING);
        assert!(matches!(journal.waiting[0], Entry::Transition(_)) && matches!(journal.waiting[1], Entry::FailOutbox { .. }));
        let newest = (3 * WAITING - 1).to_string();
        assert!(matches!(&journal.waiting[WAITING - 1], Entry::Receipt(receipt, _) if receipt.whatsapp_ids == [newest]));
        ledger.close().await;
    }
}
