use crate::counts::MessageCount;
use crate::messages::MessagePage;
use crate::sql::QueryBuilder;
use crate::{Ledger, LedgerError, MessageQuery, OutboxCounts, OutboxQuery};
use domain::{ChannelId, ChatId, MessageId, Permits, Reach, Scope, Timestamp};
use std::collections::BTreeMap;

/// Which messages somebody may see: those of any of these pairs of channels and chats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Within(Vec<(Reach<ChannelId>, Reach<ChatId>)>);

impl Within {
    pub fn everything() -> Self {
        Within(vec![(Reach::All, Reach::All)])
    }

    /// What these permits reach with this scope.
    pub fn of(permits: &Permits, scope: Scope) -> Self {
        let of_scope = permits.iter().filter(|permit| permit.scope.implies(scope));
        Within(of_scope.map(|permit| (permit.channels.clone(), permit.recipients.clone())).collect())
    }

    pub fn is_everything(&self) -> bool {
        self.0.contains(&(Reach::All, Reach::All))
    }

    /// `AND (…)`, to be pushed where a condition stands already.
    pub(crate) fn push(&self, sql: &mut QueryBuilder<'static>) {
        if self.is_everything() {
            return;
        }
        sql.push(" AND (1 = 0");
        for (channels, chats) in &self.0 {
            sql.push(" OR (1 = 1");
            one_of(sql, "channel_id", channels);
            one_of(sql, "chat", chats);
            sql.push(")");
        }
        sql.push(")");
    }
}

fn one_of<T: ToString>(sql: &mut QueryBuilder<'static>, column: &str, reach: &Reach<T>) {
    let Reach::Only(items) = reach else { return };
    sql.push(" AND ").push(column).push(" IN (NULL");
    for item in items {
        sql.push(", ").push_bind(item.to_string());
    }
    sql.push(")");
}

impl Ledger {
    /// As [`messages`](Ledger::messages), of those within reach.
    pub async fn messages_within(
        &self,
        channel: ChannelId,
        query: &MessageQuery,
        within: &Within,
    ) -> Result<MessagePage, LedgerError> {
        self.page_of_messages(channel, query, within).await
    }

    /// As [`outbox_page`](Ledger::outbox_page), of those within reach.
    pub async fn outbox_page_within(&self, query: &OutboxQuery, within: &Within) -> Result<MessagePage, LedgerError> {
        self.page_of_outbox(query, within).await
    }

    /// As [`outbox_counts`](Ledger::outbox_counts), of those within reach.
    pub async fn outbox_counts_within(
        &self,
        channel: Option<ChannelId>,
        within: &Within,
        now: Timestamp,
    ) -> Result<OutboxCounts, LedgerError> {
        self.counts_of_outbox(channel, within, now).await
    }

    /// As [`message_counts`](Ledger::message_counts), of those within reach: counted one by one, so what was pruned or deleted is
    /// not among them, and a message counts in the stretch in which it was accepted or written.
    pub async fn message_counts_within(
        &self,
        from: Timestamp,
        bucket_ms: u64,
        within: &Within,
    ) -> Result<Vec<MessageCount>, LedgerError> {
        let bucket = i64::try_from(bucket_ms).unwrap_or(i64::MAX).max(60_000);
        let mut sql = QueryBuilder::new("SELECT at / ");
        // A number of ours, written out so that both engines group by the same expression.
        sql.push(bucket).push(", direction, status, count(*) FROM messages WHERE id >= ");
        // Ids rise with the moment of their making; an hour for clocks that disagree.
        let first = from.minus(std::time::Duration::from_secs(3600));
        sql.push_bind(MessageId::new(first, 0).to_string()).push(" AND at >= ").push_bind(from.as_millis());
        within.push(&mut sql);
        sql.push(" GROUP BY 1, 2, 3");
        let mut reader = self.reader().await?;
        let rows: Vec<(i64, String, String, i64)> =
            sql.build().into_tuples().fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        let mut counts = BTreeMap::new();
        for (stretch, direction, status, many) in rows {
            let at = Timestamp::from_millis(stretch * bucket);
            let count = counts.entry(stretch).or_insert(MessageCount { at, sent: 0, received: 0, failed: 0 });
            let many = many.unsigned_abs();
            match (direction.as_str(), status.as_str()) {
                ("inbound", _) => count.received += many,
                (_, "sent" | "delivered" | "read" | "played") => count.sent += many,
                (_, "failed") => count.failed += many,
                (_, _) => {}
            }
        }
        Ok(counts.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::Permit;

    #[test]
    fn permits_become_a_condition_and_none_sees_nothing() {
        let text = |within: &Within| {
            let mut sql = QueryBuilder::new("WHERE 1 = 1");
            within.push(&mut sql);
            sql.text().to_owned()
        };
        let channel = ChannelId::new(Timestamp::EPOCH, 1);
        let chat: ChatId = "15550100123@s.whatsapp.net".parse().unwrap();
        let permits = Permits::new([
            Permit::new(Scope::MessagesRead, Reach::only([channel]), Reach::only([chat])).unwrap(),
            Permit::of(Scope::MessagesSend),
        ]);
        assert_eq!(
            text(&Within::of(&permits, Scope::MessagesRead)),
            "WHERE 1 = 1 AND (1 = 0 OR (1 = 1 AND channel_id IN (NULL, ?) AND chat IN (NULL, ?)))"
        );
        assert_eq!(text(&Within::of(&permits, Scope::MessagesSend)), "WHERE 1 = 1");
        assert_eq!(text(&Within::of(&permits, Scope::EventsRead)), "WHERE 1 = 1 AND (1 = 0)");
        assert_eq!(text(&Within::everything()), "WHERE 1 = 1");
    }
}
