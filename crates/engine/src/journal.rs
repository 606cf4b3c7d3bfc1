//! What happened to a channel and has to be written. Normally written at once; while the ledger cannot be written it
//! waits here, in order, and the channel goes on.

use crate::clock::Clock;
use crate::health::{Health, is_trouble};
use crate::outbox;
use domain::{ChannelId, Event, FailReason, Timestamp};
use futures::future::join_all;
use ledger::{Ledger, LedgerError, MessageRef, Receipt, TransitionRecord};
use std::collections::VecDeque;
use std::time::Duration;

/// What may wait. Beyond it the oldest is lost, and the log says so: a disk that stays full must not fill the memory too.
const WAITING: usize = 1_000;
/// Acks and receipts written side by side, to share a commit.
const TOGETHER: usize = 64;
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) enum Entry {
    Transition(Box<TransitionRecord>),
    Ack { whatsapp_id: String, error: Option<u16>, at: Timestamp },
    Receipt(Receipt),
    FailOutbox { at: Timestamp },
    Delete { name: String, at: Timestamp },
}

impl Entry {
    /// Whether its place among its like does not matter: the ledger's rank rule sorts them.
    fn is_progress(&self) -> bool {
        match self {
            Entry::Ack { .. } | Entry::Receipt(_) => true,
            Entry::Transition(_) | Entry::FailOutbox { .. } | Entry::Delete { .. } => false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Journal {
    channel: ChannelId,
    ledger: Ledger,
    health: Health,
    clock: Clock,
    waiting: VecDeque<Entry>,
    failures: u32,
    /// By the monotonic clock.
    retry_at: Option<Duration>,
}

impl Journal {
    pub fn new(channel: ChannelId, ledger: Ledger, health: Health, clock: Clock) -> Self {
        Journal { channel, ledger, health, clock, waiting: VecDeque::new(), failures: 0, retry_at: None }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How long until a failed write is to be tried again, if there is one.
    pub fn retry_in(&self) -> Option<Duration> {
        self.retry_at.map(|at| at.saturating_sub(self.clock.passed()))
    }

    pub fn push(&mut self, entry: Entry) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
            tracing::error!(channel.id = %self.channel, "too much waits to be written: the oldest of it is lost");
        }
        self.waiting.push_back(entry);
    }

    /// Writes what waits; unless a failure is so fresh that it is too soon to try again.
    pub async fn flush_when_due(&mut self) {
        if self.retry_at.is_none_or(|at| at <= self.clock.passed()) {
            // Noted, and tried again.
            let _ = self.flush().await;
        }
    }

    /// Writes what waits, in order, now. What was not written stays.
    pub async fn flush(&mut self) -> Result<(), LedgerError> {
        while !self.waiting.is_empty() {
            let outcome = match self.waiting.iter().take(TOGETHER).take_while(|e| e.is_progress()).count() {
                0 => self.write_first().await,
                run => self.write_run(run).await,
            };
            if let Err(error) = self.health.note(outcome) {
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
        if let Some(entry) = self.waiting.front() {
            let outcome = write(&self.ledger, self.channel, entry).await;
            self.waiting.pop_front_if(|_| lets_go(&outcome));
            if !lets_go(&outcome) {
                return outcome;
            }
        }
        Ok(())
    }

    async fn write_run(&mut self, run: usize) -> Result<(), LedgerError> {
        let entries = self.waiting.iter().take(run);
        let outcomes = join_all(entries.map(|entry| write(&self.ledger, self.channel, entry))).await;
        let mut written = outcomes.iter().map(lets_go);
        self.waiting.retain(|_| !written.next().unwrap_or(false));
        outcomes.into_iter().find(|outcome| !lets_go(outcome)).unwrap_or(Ok(()))
    }
}

/// Written, or never to be written: the row that it is about does not exist.
fn lets_go(outcome: &Result<(), LedgerError>) -> bool {
    match outcome {
        Ok(()) => true,
        Err(error) => !is_trouble(error),
    }
}

async fn write(ledger: &Ledger, channel: ChannelId, entry: &Entry) -> Result<(), LedgerError> {
    match entry {
        Entry::Transition(record) => ledger.transition((**record).clone()).await.map(drop),
        Entry::Ack { whatsapp_id, error, at } => {
            let which = MessageRef::WhatsApp { channel, whatsapp_id: whatsapp_id.clone() };
            ledger.set_status(which, outbox::acked(*error), *at).await.map(drop)
        }
        Entry::Receipt(receipt) => ledger.receipt(receipt.clone()).await.map(drop),
        Entry::FailOutbox { at } => ledger.fail_queued(channel, FailReason::SessionEnded, *at).await.map(drop),
        Entry::Delete { name, at } => {
            let gone = Event::ChannelDeleted { channel, name: name.clone() };
            ledger.delete_channel(channel, vec![gone], *at).await.map(drop)
        }
    }
}
