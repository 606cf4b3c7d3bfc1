//! Messages that wait for a person: an app wants them sent and may only propose. They are in no outbox, and no courier sees them,
//! before somebody says yes.

use crate::accept::Offer;
use crate::batch::{Batch, signed};
use crate::messages::{self, columns};
use crate::progress::{in_order, tell};
use crate::sql::{QueryBuilder, query};
use crate::{Accepted, Idempotency, Ledger, LedgerError, stored};
use domain::{AppId, Content, Event, Message, MessageId, MessageStatus, Timestamp};

/// What became of a message that a person has answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// As it is now; also when the same was answered before.
    Done(Message),
    /// It does not wait for an answer any more, or never did.
    TooLate(Message),
    Unknown,
}

impl Ledger {
    /// Keeps a message for a person, as `Asking` and with `message.asking`; its WhatsApp id is fixed, as that of any other. It
    /// waits until `ask_until`, or its `expires_at` if that comes first. `NoSuchChannel`; `QueueFull` when `max_asking` of the same
    /// app's messages wait so in this channel already; `AlreadyThere`.
    pub async fn accept_asking(
        &self,
        mut message: Message,
        ask_until: Timestamp,
        idempotency: Option<Idempotency>,
        max_asking: Option<u32>,
    ) -> Result<Accepted, LedgerError> {
        message.status = MessageStatus::Asking;
        message.outbox.ask_until = Some(message.outbox.expires_at.map_or(ask_until, |end| end.min(ask_until)));
        self.inner.writer.accept(Offer { message, idempotency, max_queued: max_asking }).await
    }

    /// Puts a message that waits for a person into the outbox, at its end, with another content if the person changed it. Told by
    /// `message.queued`.
    pub async fn approve(&self, id: MessageId, edited: Option<Content>, at: Timestamp) -> Result<Answered, LedgerError> {
        const APPROVE: &str = concat!(
            "UPDATE messages SET status = 'queued', content = coalesce($4, content), position = $2, ",
            "due_at = CASE WHEN send_at > $3 THEN send_at ELSE 0 END, ",
            "updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at END ",
            "WHERE id = $1 AND status = 'asking' AND ask_until > $3 RETURNING ",
            columns!()
        );
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let position = batch.next_position();
                let row = query(APPROVE)
                    .bind(id.to_string())
                    .bind(signed(position))
                    .bind(at.as_millis())
                    .bind(edited.as_ref().map(stored::content_to))
                    .fetch_optional(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                let Some(row) = row else { return answered(batch, id, None).await };
                let message = messages::message(&row)?;
                batch.log(&Event::MessageQueued { message: message.clone() }, at)?;
                batch.told.outbox.insert(message.channel);
                Ok(Answered::Done(message))
            })
        })
        .await
    }

    /// Says no for good to a message that waits for a person. Told by `message.denied`.
    pub async fn deny(&self, id: MessageId, at: Timestamp) -> Result<Answered, LedgerError> {
        const DENY: &str = concat!(
            "UPDATE messages SET status = 'denied', updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at END ",
            "WHERE id = $1 AND status = 'asking' RETURNING ",
            columns!()
        );
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let row = query(DENY).bind(id.to_string()).bind(at.as_millis()).fetch_optional(&mut batch.connection).await;
                let Some(row) = row.map_err(|e| batch.explain(&e))? else {
                    return answered(batch, id, Some(MessageStatus::Denied)).await;
                };
                let message = messages::message(&row)?;
                tell(batch, std::slice::from_ref(&message))?;
                Ok(Answered::Done(message))
            })
        })
        .await
    }

    /// The messages that wait for a person, the one that has waited longest first; at most `limit` (1 to 1000).
    pub async fn asks(&self, limit: u32) -> Result<Vec<Message>, LedgerError> {
        let limit = i64::from(limit.clamp(1, 1000));
        let mut reader = self.reader().await?;
        let rows = query(ASKS).bind(limit).fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        let mut waiting = rows.iter().map(messages::message).collect::<Result<Vec<_>, _>>()?;
        waiting.sort_by_key(|message| (message.at, message.id));
        Ok(waiting)
    }

    /// How many messages of this app, or of all, wait for a person.
    pub async fn asking(&self, app: Option<AppId>) -> Result<u64, LedgerError> {
        let mut sql = QueryBuilder::new("SELECT count(*) FROM messages WHERE status = 'asking'");
        if let Some(app) = app {
            sql.push(" AND app_id = ").push_bind(app.to_string());
        }
        let mut reader = self.reader().await?;
        let waiting: i64 = sql.build().into_scalars().fetch_one(&mut reader).await.map_err(|e| self.explain(&e))?;
        Ok(waiting.unsigned_abs())
    }
}

/// In the order of an index that holds nothing else: in that of their arrival all messages would be walked through.
pub(crate) const ASKS: &str =
    concat!("SELECT ", columns!(), " FROM messages WHERE status = 'asking' ORDER BY ask_until LIMIT $1");

/// A message that was not changed: `same` is as it would have become.
async fn answered(batch: &mut Batch, id: MessageId, same: Option<MessageStatus>) -> Result<Answered, LedgerError> {
    Ok(match messages::by_id(batch, id).await? {
        Some(message) if Some(message.status) == same => Answered::Done(message),
        Some(message) => Answered::TooLate(message),
        None => Answered::Unknown,
    })
}

/// Ends those whose time is over, at most 500 at a time, each told by `message.expired`.
pub(crate) const EXPIRE: &str = concat!(
    "UPDATE messages SET status = 'expired', updated_at = CASE WHEN updated_at < $1 THEN $1 ELSE updated_at END ",
    "WHERE n IN (SELECT n FROM messages WHERE status = 'asking' AND ask_until <= $1 ORDER BY ask_until LIMIT 500) RETURNING ",
    columns!()
);

/// When the first of them ends.
pub(crate) const NEXT: &str = "SELECT min(ask_until) FROM messages WHERE status = 'asking'";

/// Nothing is added to the channel's id but what keeps all of its messages from being walked through.
pub(crate) const WITHDRAW: &str = concat!(
    "UPDATE messages SET status = 'cancelled', updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at END ",
    "WHERE status = 'asking' AND channel_id || '' = $1 RETURNING ",
    columns!()
);

/// Of a channel whose account is gone: they must not wait for the next one. Withdrawn rather than failed, because what failed can
/// be tried anew without asking.
pub(crate) async fn withdraw_all_of(batch: &mut Batch, channel: &str, at: Timestamp) -> Result<(), LedgerError> {
    let rows = query(WITHDRAW).bind(channel).bind(at.as_millis()).fetch_all(&mut batch.connection).await;
    let rows = rows.map_err(|e| batch.explain(&e))?;
    tell(batch, &in_order(&rows)?)
}
