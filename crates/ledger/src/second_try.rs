use crate::batch::{Batch, signed};
use crate::messages::{self, columns};
use crate::progress::tell;
use crate::sql::{Query, query, query_scalar};
use crate::{Ledger, LedgerError, asking, shut_out, stored};
use domain::{FailReason, Message, MessageId, Timestamp};

/// What became of a message that was to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It will not leave; also when it had been cancelled before.
    Done(Message),
    /// It is being sent, or has left, or it came in.
    TooLate(Message),
    Unknown,
}

impl Ledger {
    /// Puts a message that is being sent back into its place in the outbox, to be tried again at `next_attempt_at`: one more
    /// attempt that came to nothing because of `setback`. Told by `message.queued`. `None` when it is not queued or being
    /// sent any more. Cancelled at once when its app may not have it sent any more.
    pub async fn requeue(
        &self,
        id: MessageId,
        next_attempt_at: Timestamp,
        setback: FailReason,
        at: Timestamp,
    ) -> Result<Option<Message>, LedgerError> {
        const REQUEUE: &str = concat!(
            "UPDATE messages SET status = 'queued', attempts = attempts + 1, next_attempt_at = $2, setback = $3, ",
            "due_at = CASE WHEN send_at > $2 THEN send_at ELSE $2 END, ",
            "updated_at = CASE WHEN updated_at < $4 THEN $4 ELSE updated_at END ",
            "WHERE id = $1 AND status IN ('queued', 'sending') RETURNING ",
            columns!()
        );
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let query = query(REQUEUE)
                    .bind(id.to_string())
                    .bind(next_attempt_at.as_millis())
                    .bind(stored::reason_to(&setback))
                    .bind(at.as_millis());
                match told_one(batch, query).await? {
                    Some(message) => shut_out::reconsider(batch, message, at).await.map(Some),
                    None => Ok(None),
                }
            })
        })
        .await
    }

    /// Has a failed message tried anew, because a person wants it: at the tail of the outbox, with all its attempts before it,
    /// and without an `expires_at` that has passed. `None` when it is not failed.
    pub async fn retry(&self, id: MessageId, at: Timestamp) -> Result<Option<Message>, LedgerError> {
        const RETRY: &str = concat!(
            "UPDATE messages SET status = 'queued', failure = NULL, attempts = 0, next_attempt_at = NULL, setback = NULL, ",
            "position = $2, due_at = CASE WHEN send_at > $3 THEN send_at ELSE 0 END, ",
            "expires_at = CASE WHEN expires_at > $3 THEN expires_at END, ",
            "updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at END ",
            "WHERE id = $1 AND status = 'failed' AND direction = 'outbound' RETURNING ",
            columns!()
        );
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let position = batch.next_position();
                let query = query(RETRY).bind(id.to_string()).bind(signed(position)).bind(at.as_millis());
                told_one(batch, query).await
            })
        })
        .await
    }

    /// Takes a queued message out of the outbox, withdraws one that waits for a person, or discards a failed one. Told by `message.cancelled`.
    pub async fn cancel(&self, id: MessageId, at: Timestamp) -> Result<Cancelled, LedgerError> {
        const CANCEL: &str = concat!(
            "UPDATE messages SET status = 'cancelled', failure = NULL, next_attempt_at = NULL, due_at = 0, ",
            "updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at END ",
            "WHERE id = $1 AND status IN ('asking', 'queued', 'failed') RETURNING ",
            columns!()
        );
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let query = query(CANCEL).bind(id.to_string()).bind(at.as_millis());
                if let Some(message) = told_one(batch, query).await? {
                    return Ok(Cancelled::Done(message));
                }
                Ok(match messages::by_id(batch, id).await? {
                    Some(message) if message.status == domain::MessageStatus::Cancelled => Cancelled::Done(message),
                    Some(message) => Cancelled::TooLate(message),
                    None => Cancelled::Unknown,
                })
            })
        })
        .await
    }

    /// Expires what is still queued at its `expires_at` (never what is being sent), and what still waits for a person at its
    /// `ask_until`; at most 500 of each at a time, each told by `message.expired`.
    pub async fn expire_due(&self, now: Timestamp) -> Result<Vec<Message>, LedgerError> {
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let rows = query(EXPIRE).bind(now.as_millis()).fetch_all(&mut batch.connection).await;
                let rows = rows.map_err(|e| batch.explain(&e))?;
                let mut expired = rows.iter().map(messages::message).collect::<Result<Vec<_>, _>>()?;
                let rows = query(asking::EXPIRE).bind(now.as_millis()).fetch_all(&mut batch.connection).await;
                let rows = rows.map_err(|e| batch.explain(&e))?;
                for row in &rows {
                    expired.push(messages::message(row)?);
                }
                tell(batch, &expired)?;
                // What waited behind them may leave.
                batch.told.outbox.extend(expired.iter().map(|message| message.channel));
                Ok(expired)
            })
        })
        .await
    }

    /// When the next message expires, unless it leaves, or is answered for, before.
    pub async fn next_expiry(&self) -> Result<Option<Timestamp>, LedgerError> {
        let mut reader = self.reader().await?;
        let at: Option<i64> =
            query_scalar("SELECT min(expires_at) FROM messages WHERE status = 'queued' AND expires_at IS NOT NULL")
                .fetch_one(&mut reader)
                .await
                .map_err(|e| self.explain(&e))?;
        let asked: Option<i64> = query_scalar(asking::NEXT).fetch_one(&mut reader).await.map_err(|e| self.explain(&e))?;
        Ok(at.into_iter().chain(asked).min().map(Timestamp::from_millis))
    }
}

pub(crate) const EXPIRE: &str = concat!(
    "UPDATE messages SET status = 'expired', next_attempt_at = NULL, due_at = 0, ",
    "updated_at = CASE WHEN updated_at < $1 THEN $1 ELSE updated_at END WHERE n IN (SELECT n FROM messages ",
    "WHERE status = 'queued' AND expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT 500) RETURNING ",
    columns!()
);

/// The one message that `query` changed, told.
async fn told_one(batch: &mut Batch, query: Query<'_>) -> Result<Option<Message>, LedgerError> {
    let row = query.fetch_optional(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    let message = row.as_ref().map(messages::message).transpose()?;
    tell(batch, message.as_slice())?;
    batch.told.outbox.extend(message.as_ref().map(|message| message.channel));
    Ok(message)
}
