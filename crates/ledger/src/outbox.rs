use crate::dialect::Db;
use crate::messages::{self, SELECT};
use crate::writer::Batch;
use crate::{Ledger, LedgerError, MessageRef, receipts};
use domain::{ChannelId, Event, FailReason, Message, MessageStatus, Timestamp};
use sqlx::QueryBuilder;

impl Ledger {
    /// Puts a message into its channel's outbox with `message.queued`; receipts that came before it are joined. `NoSuchChannel`, or
    /// `AlreadyThere` when its id is taken. The newest `seq` afterwards.
    pub async fn insert_outbound(&self, message: Message) -> Result<u64, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                messages::insert(batch, &message).await?;
                let at = message.at;
                let mut seq = batch.log(&Event::MessageQueued { message: message.clone() }, at).await?;
                if let Some(joined) = receipts::join(batch, &message).await? {
                    let at = joined.updated_at;
                    seq = batch.log(&Event::MessageProgress { message: joined }, at).await?;
                }
                Ok(seq)
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
    if !is_forward(&message.status, &status) {
        return Ok(None);
    }
    message.status = status;
    messages::touch(&mut message, at);
    messages::update(batch, &message).await?;
    batch.log(&Event::MessageProgress { message: message.clone() }, message.updated_at).await?;
    Ok(Some(message))
}

/// By rank; and what a recipient's device has confirmed cannot fail any more.
pub(crate) fn is_forward(from: &MessageStatus, to: &MessageStatus) -> bool {
    let too_late = matches!(to, MessageStatus::Failed(_)) && from.rank() >= MessageStatus::Delivered.rank();
    to.rank() > from.rank() && !too_late
}
