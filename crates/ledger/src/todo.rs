#![allow(unused_variables, clippy::unused_async)]
use crate::*;
use domain::{ChannelId, FailReason, Message, MessageId, Timestamp};
use std::path::Path;

fn todo<T>() -> Result<T, LedgerError> {
    Err(LedgerError::Io("not yet".into()))
}

impl Ledger {
    pub async fn due(&self, channel: ChannelId, now: Timestamp, limit: u32) -> Result<Vec<Message>, LedgerError> { self.outbox(channel, limit).await }
    pub async fn next_due(&self, channel: ChannelId, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> { todo() }
    pub async fn mark_sending(&self, ids: Vec<MessageId>, at: Timestamp) -> Result<Vec<Message>, LedgerError> { todo() }
    pub async fn progress(&self, progress: Vec<Progress>) -> Result<Vec<Message>, LedgerError> { todo() }
    pub async fn receipts(&self, receipts: Vec<Receipt>) -> Result<Vec<Message>, LedgerError> { todo() }
    pub async fn requeue(&self, id: MessageId, next_attempt_at: Timestamp, setback: FailReason, at: Timestamp) -> Result<Option<Message>, LedgerError> { todo() }
    pub async fn retry(&self, id: MessageId, at: Timestamp) -> Result<Option<Message>, LedgerError> { todo() }
    pub async fn cancel(&self, id: MessageId, at: Timestamp) -> Result<Cancelled, LedgerError> { todo() }
    pub async fn expire_due(&self, now: Timestamp) -> Result<Vec<Message>, LedgerError> { todo() }
    pub async fn next_expiry(&self) -> Result<Option<Timestamp>, LedgerError> { todo() }
    pub async fn outbox_page(&self, query: &OutboxQuery) -> Result<MessagePage, LedgerError> { todo() }
    pub async fn outbox_counts(&self, channel: Option<ChannelId>, now: Timestamp) -> Result<OutboxCounts, LedgerError> { todo() }
    pub async fn prune_idempotency(&self, now: Timestamp) -> Result<u64, LedgerError> { todo() }
    pub async fn prune_events(&self, keep_from: Timestamp, max_events: u64, step: u32) -> Result<Pruned, LedgerError> { todo() }
    pub async fn message_counts(&self, from: Timestamp, bucket_ms: u64) -> Result<Vec<MessageCount>, LedgerError> { todo() }
    pub async fn delivery_counts(&self, from: Timestamp, bucket_ms: u64) -> Result<Vec<DeliveryCount>, LedgerError> { todo() }
    pub async fn backup_into(&self, path: &Path) -> Result<(), LedgerError> { todo() }
}
