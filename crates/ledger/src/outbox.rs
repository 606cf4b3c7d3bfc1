use crate::dialect::Db;
use crate::messages::{self, SELECT};
use crate::writer::Batch;
use crate::{Ledger, LedgerError, MessageRef, receipts};
use domain::{ChannelId, Event, FailReason, Message, MessageStatus, Timestamp};
use sqlx::QueryBuilder;

/// What makes a send that is asked for twice one send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// As the program gave it; counts within its channel.
    pub key: String,
    /// Of what was asked for, so that another request under the same key is told apart.
    pub fingerprint: [u8; 32],
}

/// What became of a message that was to be put into the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    New(Message),
    /// This key has been used for this very request: the message as it was first answered. Nothing was written.
    Again(Message),
    /// This key has been used for another request. Nothing was written.
    OtherBody,
}

/// How far one message of ours has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub which: MessageRef,
    pub status: MessageStatus,
    pub at: Timestamp,
}

/// What became of a message that was to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It will not leave; also when it had been cancelled before.
    Done(Message),
    /// It is being sent, or has left, or it came in.
    TooLate(Message),
    Unknown,
}

/// Which part of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutboxPart {
    /// Waits for its turn or for its next try.
    Queued,
    Sending,
    /// Queued, and not to leave before a moment that is still to come.
    Scheduled,
    /// Wedged: waits for a person.
    Failed,
}

/// Which messages of the outbox to read, the last in order first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxQuery {
    pub channel: Option<ChannelId>,
    /// `None`: all parts.
    pub status: Option<OutboxPart>,
    /// The `next` of the page before.
    pub before: Option<u64>,
    /// At most this many (1 to 1000).
    pub limit: u32,
    /// Tells what is scheduled from what is queued.
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    pub queued: u64,
    pub sending: u64,
    pub scheduled: u64,
    pub failed: u64,
}

impl Ledger {
    /// Puts a message into its channel's outbox with `message.queued`; receipts that came before it are joined. `NoSuchChannel`, or
    /// `AlreadyThere` when its id is taken. The newest `seq` afterwards.
    pub async fn insert_outbound(
        &self,
        message: Message,
        idempotency: Option<Idempotency>,
        max_queued: Option<u32>,
    ) -> Result<Accepted, LedgerError> {
        let _ = (idempotency, max_queued);
        self.write(move |batch| {
            Box::pin(async move {
                messages::insert(batch, &message).await?;
                let at = message.at;
                batch.log(&Event::MessageQueued { message: message.clone() }, at).await?;
                if let Some(joined) = receipts::join(batch, &message).await? {
                    let at = joined.updated_at;
                    batch.log(&Event::MessageProgress { message: joined }, at).await?;
                }
                Ok(Accepted::New(message))
            })
        })
        .await
    }

    /// The oldest message of the channel's outbox that has not left yet, in the order of acceptance. One that was being sent
    /// when the process died comes again, to be sent under the same WhatsApp id.
    pub async fn next_queued(&self, channel: ChannelId) -> Result<Option<Message>, LedgerError> {
        Ok(self.outbox(channel, 1).await?.pop())
    }

    /// The first `limit` messages of the channel's outbox, in order.
    pub async fn outbox(&self, channel: ChannelId, limit: u32) -> Result<Vec<Message>, LedgerError> {
        let mut sql = QueryBuilder::<Db>::new(SELECT);
        sql.push("WHERE channel_id = ").push_bind(channel.to_string());
        sql.push(" AND status IN ('queued', 'sending') ORDER BY n LIMIT ").push_bind(i64::from(limit.clamp(1, 1000)));
        let mut reader = self.reader().await?;
        let rows = sql.build().fetch_all(&mut *reader).await.map_err(|e| self.explain(&e))?;
        rows.iter().map(messages::message).collect()
    }

    /// Notes how far a message of ours has got, with the event that tells it. `None` when it is unknown, or when it has got
    /// as far already: a later stage is never undone by an earlier one.
    pub async fn set_status(
        &self,
        which: impl Into<MessageRef>,
        status: MessageStatus,
        at: Timestamp,
    ) -> Result<Option<Message>, LedgerError> {
        let which = which.into();
        self.write(move |batch| {
            Box::pin(async move {
                match messages::find(batch, &which).await? {
                    Some(message) => advance(batch, message, status, at).await,
                    None => Ok(None),
                }
            })
        })
        .await
    }

    /// Fails everything in the channel's outbox, with an event for each.
    pub async fn fail_queued(
        &self,
        channel: ChannelId,
        reason: FailReason,
        at: Timestamp,
    ) -> Result<Vec<Message>, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let mut sql = QueryBuilder::<Db>::new(SELECT);
                sql.push("WHERE channel_id = ").push_bind(channel.to_string());
                sql.push(" AND status IN ('queued', 'sending') ORDER BY n");
                let rows = sql.build().fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
                let mut failed = Vec::with_capacity(rows.len());
                for row in &rows {
                    failed.extend(advance(batch, messages::message(row)?, MessageStatus::Failed(reason), at).await?);
                }
                Ok(failed)
            })
        })
        .await
    }
}

/// Brings a message forward, if this is forward.
pub(crate) async fn advance(
    batch: &mut Batch,
    mut message: Message,
    status: MessageStatus,
    at: Timestamp,
) -> Result<Option<Message>, LedgerError> {
    if !message.status.leads_to(&status) {
        return Ok(None);
    }
    message.status = status;
    messages::touch(&mut message, at);
    messages::update(batch, &message).await?;
    batch.log(&Event::MessageProgress { message: message.clone() }, message.updated_at).await?;
    Ok(Some(message))
}

