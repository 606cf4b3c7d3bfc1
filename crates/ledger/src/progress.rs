//! How far messages of ours have got. Many are brought forward in few statements: what can be told of them follows from what
//! the update gives back, so nothing is read beforehand.

use crate::batch::Batch;
use crate::dialect::in_list;
use crate::messages::{self, OURS, RETURNING, columns};
use crate::rows::{list, pieces};
use crate::sql::{QueryBuilder, Row, query};
use crate::{Ledger, LedgerError, MessageRef, asking, holding};
use domain::{ChannelId, Event, FailReason, Fence, Message, MessageId, MessageStatus, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// How far one message of ours has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub which: MessageRef,
    pub status: MessageStatus,
    pub at: Timestamp,
}

impl Ledger {
    /// Notes how far messages of ours have got, each change told by an event, in one transaction: the messages that it changed.
    /// Those that are unknown or have got as far already are passed over ([`MessageStatus::leads_to`]).
    pub async fn progress(&self, progress: Vec<Progress>) -> Result<Vec<Message>, LedgerError> {
        self.write_firmly(move |batch| Box::pin(async move { note(batch, progress).await })).await
    }

    /// [`progress`](Ledger::progress) of one. `None` when it changed nothing.
    pub async fn set_status(
        &self,
        which: impl Into<MessageRef>,
        status: MessageStatus,
        at: Timestamp,
    ) -> Result<Option<Message>, LedgerError> {
        Ok(self.progress(vec![Progress { which: which.into(), status, at }]).await?.pop())
    }

    /// Notes that queued messages are about to be written to the socket, each told by `message.sending`. Only what comes back
    /// (those of `ids` that are being sent now, also from before) may be written: another was cancelled or expired meanwhile.
    /// In the order of the outbox. `fence` is the writer's when it holds the channel among several workers: `Fenced`, and
    /// nothing is written, when another one holds it since.
    pub async fn mark_sending(
        &self,
        channel: ChannelId,
        fence: Option<Fence>,
        ids: Vec<MessageId>,
        at: Timestamp,
    ) -> Result<Vec<Message>, LedgerError> {
        let marked = self.write_firmly(move |batch| {
            Box::pin(async move {
                if fence.is_some() {
                    match holding::check(batch, channel, fence).await {
                        Ok(()) => {}
                        // Found out before anything is written, so that it spoils nothing for others.
                        Err(error) if error.is_about_one_row() => return Ok(Err(error)),
                        Err(error) => return Err(error),
                    }
                }
                mark(batch, &ids, at).await.map(Ok)
            })
        });
        marked.await?
    }

    /// Fails everything in the channel's outbox, with an event for each; what waits for a person is cancelled.
    pub async fn fail_queued(
        &self,
        channel: ChannelId,
        reason: FailReason,
        at: Timestamp,
    ) -> Result<Vec<Message>, LedgerError> {
        const FAIL: &str = concat!(
            "UPDATE messages SET status = 'failed', failure = $2, next_attempt_at = NULL, due_at = 0, ",
            "updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at END ",
            "WHERE channel_id = $1 AND status IN ('queued', 'sending') RETURNING ",
            columns!()
        );
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let rows = query(FAIL)
                    .bind(channel.to_string())
                    .bind(crate::stored::reason_to(&reason))
                    .bind(at.as_millis())
                    .fetch_all(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                let failed = in_order(&rows)?;
                tell(batch, &failed)?;
                asking::withdraw_all_of(batch, &channel.to_string(), at).await?;
                Ok(failed)
            })
        })
        .await
    }
}

async fn mark(batch: &mut Batch, ids: &[MessageId], at: Timestamp) -> Result<Vec<Message>, LedgerError> {
    const MARK: &str = concat!(
        "UPDATE messages SET status = 'sending', next_attempt_at = NULL, due_at = 0, ",
        "updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at END ",
        "WHERE id ",
        in_list!("$1"),
        " AND status = 'queued' AND (expires_at IS NULL OR expires_at > $2) RETURNING ",
        columns!()
    );
    let rows = query(MARK)
        .bind(list(ids.iter().map(ToString::to_string)))
        .bind(at.as_millis())
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let marked = in_order(&rows)?;
    tell(batch, &marked)?;
    if marked.len() == ids.len() {
        return Ok(marked);
    }
    let rows = query(SENDING)
        .bind(list(ids.iter().map(ToString::to_string)))
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    in_order(&rows)
}

pub(crate) const SENDING: &str =
    concat!("SELECT ", columns!(), " FROM messages WHERE status = 'sending' AND id ", in_list!("$1"));

/// Earlier stages first, so that one that is told twice goes through both.
async fn note(batch: &mut Batch, progress: Vec<Progress>) -> Result<Vec<Message>, LedgerError> {
    let mut stages = BTreeMap::<_, (MessageStatus, Vec<(MessageRef, Timestamp)>)>::new();
    for Progress { which, status, at } in progress {
        let key = (status.rank(), crate::stored::failure(&status));
        stages.entry(key).or_insert((status, Vec::new())).1.push((which, at));
    }
    let mut changed = Vec::new();
    for (status, messages) in stages.into_values() {
        changed.extend(bring(batch, status, &messages).await?);
    }
    Ok(changed)
}

/// Brings messages to a stage, those for which that is forward; with their events, in the order in which they were given.
pub(crate) async fn bring(
    batch: &mut Batch,
    status: MessageStatus,
    messages: &[(MessageRef, Timestamp)],
) -> Result<Vec<Message>, LedgerError> {
    let (mut by_id, mut by_name) = (Vec::new(), Vec::new());
    let mut order = HashMap::new();
    for (place, (which, at)) in messages.iter().enumerate() {
        if order.contains_key(which) {
            continue;
        }
        match which {
            MessageRef::Id(id) => by_id.push((*id, *at)),
            MessageRef::WhatsApp { channel, whatsapp_id } => by_name.push((*channel, whatsapp_id.as_str(), *at)),
        }
        order.insert(which.clone(), place);
    }
    let mut changed = Vec::with_capacity(messages.len());
    for piece in pieces(&by_id) {
        let mut sql = beginning(&status);
        sql.push_values(piece, |row, (id, at)| {
            row.push_bind(id.to_string()).push_bind(at.as_millis());
        });
        sql.push(") AS told WHERE messages.id = told.column1");
        changed.extend(end(batch, sql, &status).await?);
    }
    for piece in pieces(&by_name) {
        let mut sql = beginning(&status);
        sql.push_values(piece, |row, (channel, whatsapp_id, at)| {
            row.push_bind(*whatsapp_id).push_bind(at.as_millis()).push_bind(channel.to_string());
        });
        sql.push(") AS told WHERE messages.channel_id = told.column3 AND messages.whatsapp_id = told.column1 AND ").push(OURS);
        changed.extend(end(batch, sql, &status).await?);
    }
    changed.sort_by_key(|message| {
        let name = MessageRef::WhatsApp { channel: message.channel, whatsapp_id: message.whatsapp_id.clone() };
        order.get(&MessageRef::Id(message.id)).or_else(|| order.get(&name)).copied()
    });
    tell(batch, &changed)?;
    Ok(changed)
}

/// `UPDATE … FROM (`, to be followed by rows of a name and a moment. Both SQLite and Postgres name them `column1`, `column2`.
fn beginning<'q>(status: &MessageStatus) -> QueryBuilder<'q> {
    let mut sql = QueryBuilder::new("UPDATE messages SET status = ");
    sql.push_bind(status.as_str()).push(", failure = ").push_bind(crate::stored::failure(status));
    sql.push(
        ", next_attempt_at = NULL, due_at = 0, setback = NULL, \
         updated_at = CASE WHEN updated_at < told.column2 THEN told.column2 ELSE updated_at END FROM (",
    );
    sql
}

async fn end(batch: &mut Batch, mut sql: QueryBuilder<'_>, status: &MessageStatus) -> Result<Vec<Message>, LedgerError> {
    sql.push(" AND status IN (");
    let earlier = messages::status_words(|from| from.leads_to(status));
    for (n, word) in earlier.into_iter().enumerate() {
        sql.push(if n == 0 { "'" } else { ", '" }).push(word).push("'");
    }
    sql.push(")").push(RETURNING);
    let rows = sql.build().fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    rows.iter().map(messages::message).collect()
}

/// In the order of the outbox.
pub(crate) fn in_order(rows: &[Row]) -> Result<Vec<Message>, LedgerError> {
    let mut messages = rows
        .iter()
        .map(|row| Ok((row.get::<Option<i64>>("position"), messages::message(row)?)))
        .collect::<Result<Vec<_>, LedgerError>>()?;
    messages.sort_by_key(|(position, _)| *position);
    Ok(messages.into_iter().map(|(_, message)| message).collect())
}

pub(crate) fn tell(batch: &mut Batch, messages: &[Message]) -> Result<(), LedgerError> {
    for message in messages {
        batch.log(&Event::MessageProgress { message: message.clone() }, message.updated_at)?;
    }
    Ok(())
}
