use crate::batch::signed;
use crate::messages::{self, SELECT, columns};
use crate::sql::{QueryBuilder, Row, query, query_scalar};
use crate::{Ledger, LedgerError, MessagePage, Within};
use domain::{ChannelId, Message, Timestamp};

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

/// Due, in order; without those whose chat has an earlier one that waits for its next try. What was being sent is not held to
/// its `expires_at`: it may have arrived.
pub(crate) const DUE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages WHERE channel_id = $1 AND status IN ('queued', 'sending') AND due_at <= $2 ",
    "AND (status = 'sending' OR expires_at IS NULL OR expires_at > $2) ",
    "AND NOT EXISTS (SELECT 1 FROM messages AS held WHERE held.channel_id = messages.channel_id AND held.chat = messages.chat ",
    "AND held.position < messages.position AND held.status = 'queued' AND held.next_attempt_at IS NOT NULL ",
    "AND held.next_attempt_at > $2) ORDER BY position LIMIT $3"
);

pub(crate) const NEXT_DUE: &str =
    "SELECT min(due_at) FROM messages WHERE channel_id = $1 AND status = 'queued' AND due_at > 0 AND due_at > $2";

impl Ledger {
    /// The first `limit` (up to 1000) messages of the channel's outbox that may leave at `now`, in the order of acceptance;
    /// what a person had tried anew comes last. One that was being sent when the process died comes again, to be sent under
    /// the same WhatsApp id. Left out are those scheduled for later or waiting for their next try, and those whose chat has an
    /// earlier one waiting so, because a chat has one order.
    pub async fn due(&self, channel: ChannelId, now: Timestamp, limit: u32) -> Result<Vec<Message>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(DUE)
            .bind(channel.to_string())
            .bind(now.as_millis())
            .bind(i64::from(limit.clamp(1, 1000)))
            .fetch_all(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        rows.iter().map(messages::message).collect()
    }

    /// When after `now` the next message of the channel becomes due.
    pub async fn next_due(&self, channel: ChannelId, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
        let mut reader = self.reader().await?;
        let at: Option<i64> = query_scalar(NEXT_DUE)
            .bind(channel.to_string())
            .bind(now.as_millis())
            .fetch_one(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        Ok(at.map(Timestamp::from_millis))
    }

    /// What has not left and what is wedged, the last in order first.
    pub async fn outbox_page(&self, query: &OutboxQuery) -> Result<MessagePage, LedgerError> {
        self.page_of_outbox(query, &Within::everything()).await
    }

    pub(crate) async fn page_of_outbox(&self, query: &OutboxQuery, within: &Within) -> Result<MessagePage, LedgerError> {
        let limit = query.limit.clamp(1, 1000) as usize;
        let mut reader = self.reader().await?;
        let mut rows = Vec::new();
        for mut sql in pages_within(query, within) {
            // One more than asked tells whether there is a next page.
            sql.push(" LIMIT ").push_bind(limit as i64 + 1);
            rows.extend(sql.build().fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?);
        }
        let position = |row: &Row| row.get::<Option<i64>>("position").unwrap_or(0);
        rows.sort_by_key(|row| std::cmp::Reverse(position(row)));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| position(row).unsigned_abs());
        Ok(MessagePage { messages: rows.iter().map(messages::message).collect::<Result<_, _>>()?, next })
    }

    /// How many messages are in which part of the outbox, of one channel or of all.
    pub async fn outbox_counts(&self, channel: Option<ChannelId>, now: Timestamp) -> Result<OutboxCounts, LedgerError> {
        self.counts_of_outbox(channel, &Within::everything(), now).await
    }

    pub(crate) async fn counts_of_outbox(
        &self,
        channel: Option<ChannelId>,
        within: &Within,
        now: Timestamp,
    ) -> Result<OutboxCounts, LedgerError> {
        let mut sql = QueryBuilder::new("SELECT sum(CASE WHEN send_at > ");
        sql.push_bind(now.as_millis())
            .push(" AND status = 'queued' THEN 1 END), sum(CASE WHEN status = 'sending' THEN 1 END), count(*)");
        sql.push(" FROM messages WHERE status IN ('queued', 'sending')");
        of_channel(&mut sql, channel);
        within.push(&mut sql);
        let mut wedged = QueryBuilder::new("SELECT count(*) FROM messages WHERE status = 'failed'");
        of_channel(&mut wedged, channel);
        within.push(&mut wedged);
        let mut reader = self.reader().await?;
        let (scheduled, sending, all): (Option<i64>, Option<i64>, i64) =
            sql.build().into_tuples().fetch_one(&mut reader).await.map_err(|e| self.explain(&e))?;
        let failed: i64 = wedged.build().into_scalars().fetch_one(&mut reader).await.map_err(|e| self.explain(&e))?;
        let [scheduled, sending, all, failed] =
            [scheduled.unwrap_or(0), sending.unwrap_or(0), all, failed].map(i64::unsigned_abs);
        Ok(OutboxCounts { queued: all.saturating_sub(scheduled + sending), sending, scheduled, failed })
    }
}

fn of_channel(sql: &mut QueryBuilder<'static>, channel: Option<ChannelId>) {
    if let Some(channel) = channel {
        sql.push(" AND channel_id = ").push_bind(channel.to_string());
    }
}

/// One query for what has not left, one for what is wedged: each has an index of its own that stays small.
#[cfg(test)]
pub(crate) fn pages(query: &OutboxQuery) -> Vec<QueryBuilder<'static>> {
    pages_within(query, &Within::everything())
}

fn pages_within(query: &OutboxQuery, within: &Within) -> Vec<QueryBuilder<'static>> {
    const LEAVING: &str = "WHERE status IN ('queued', 'sending')";
    const WEDGED: &str = "WHERE status = 'failed'";
    let now = query.now.as_millis();
    let mut parts = Vec::new();
    let part = |condition: &str| {
        let mut sql = QueryBuilder::new(SELECT);
        sql.push(condition);
        sql
    };
    match query.status {
        None => parts.extend([part(LEAVING), part(WEDGED)]),
        Some(OutboxPart::Failed) => parts.push(part(WEDGED)),
        Some(OutboxPart::Sending) => {
            let mut sql = part(LEAVING);
            sql.push(" AND status <> 'queued'");
            parts.push(sql);
        }
        Some(OutboxPart::Queued) => {
            let mut sql = part(LEAVING);
            sql.push(" AND status <> 'sending' AND (send_at IS NULL OR send_at <= ").push_bind(now).push(")");
            parts.push(sql);
        }
        Some(OutboxPart::Scheduled) => {
            let mut sql = part(LEAVING);
            sql.push(" AND status <> 'sending' AND send_at > ").push_bind(now);
            parts.push(sql);
        }
    }
    for sql in &mut parts {
        of_channel(sql, query.channel);
        if let Some(before) = query.before {
            sql.push(" AND position < ").push_bind(signed(before));
        }
        within.push(sql);
        sql.push(" ORDER BY position DESC");
    }
    parts
}
