use crate::batch::{heads, signed};
use crate::sql::{QueryBuilder, Row};
use crate::{Ledger, LedgerError, stored};
use domain::{ChannelId, Event, EventId, MessageId, Timestamp};
use serde_json::value::RawValue;

/// Which events to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only those after this `seq`.
    pub after: u64,
    /// At most this many (1 to 1000).
    pub limit: u32,
    /// Only these types; `channel.*` takes all that begin with `channel.`, `*` all. Empty: all.
    pub kinds: Vec<String>,
    pub channel: Option<ChannelId>,
    /// Only those that carry this message.
    pub message: Option<MessageId>,
}

/// An entry of the event log.
#[derive(Clone, Debug)]
pub struct LoggedEvent {
    /// Rises by one with each event, without holes.
    pub seq: u64,
    pub id: EventId,
    /// The type: `channel.connected`.
    pub kind: String,
    pub at: Timestamp,
    pub channel: Option<ChannelId>,
    /// As it was frozen when the event was written.
    pub data: Box<RawValue>,
}

impl Ledger {
    /// Appends events in order; the newest `seq` afterwards.
    pub async fn append(&self, events: Vec<Event>, at: Timestamp) -> Result<u64, LedgerError> {
        self.write(move |batch| Box::pin(async move { batch.log_all(&events, at) })).await
    }

    /// Events in the order of `seq`. When fewer than `limit` come back, all up to the [`tip`](Ledger::tip) as it was before
    /// this call have been looked at.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<LoggedEvent>, LedgerError> {
        let sql = page(query);
        let mut reader = self.reader().await?;
        let rows = sql.build().fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        rows.iter().map(event).collect()
    }

    /// The oldest `seq` that the log still has for readers; the one that comes next when it has none.
    pub async fn oldest_seq(&self) -> Result<u64, LedgerError> {
        let mut reader = self.reader().await?;
        Ok(heads(&mut reader).await.map_err(|e| self.explain(&e))?.pruned_through + 1)
    }
}

/// A page of the log.
pub(crate) fn page(query: &EventQuery) -> QueryBuilder<'static> {
    // What was pruned and is still owed to an endpoint is not for readers.
    let mut sql = QueryBuilder::new("SELECT seq, id, kind, at, channel_id, data FROM events WHERE seq > ");
    sql.push_bind(signed(query.after)).push(" AND seq > (SELECT pruned_through FROM event_head WHERE one = 1)");
    if let Some(channel) = query.channel {
        sql.push(" AND channel_id = ").push_bind(channel.to_string());
    }
    if let Some(message) = query.message {
        // How the data of every event about a message begins, as it was frozen.
        let begins = format!("{{\"message\":{{\"id\":\"{message}\"");
        let length = i64::try_from(begins.len()).unwrap_or(i64::MAX);
        // Nothing was told of it before it was made; an hour for clocks that disagree. The sum keeps SQLite from walking
        // the log itself for the smallest one.
        let made = message.made_at().minus(std::time::Duration::from_secs(3600)).as_millis();
        sql.push(" AND seq >= (SELECT coalesce(min(seq + 0), 0) FROM events WHERE at >= ").push_bind(made).push(")");
        sql.push(" AND substr(data, 1, CAST(").push_bind(length).push(" AS INTEGER)) = ").push_bind(begins);
    }
    if !query.kinds.is_empty() {
        sql.push(" AND (");
        for (i, kind) in query.kinds.iter().enumerate() {
            if i > 0 {
                sql.push(" OR ");
            }
            match kind.strip_suffix(".*") {
                // Up to the character after the dot, so that no pattern characters need care.
                Some(family) => {
                    sql.push("(kind >= ")
                        .push_bind(format!("{family}."))
                        .push(" AND kind < ")
                        .push_bind(format!("{family}/"))
                        .push(")");
                }
                None if kind == "*" => {
                    sql.push("1 = 1");
                }
                None => {
                    sql.push("kind = ").push_bind(kind.clone());
                }
            }
        }
        sql.push(")");
    }
    sql.push(" ORDER BY seq LIMIT ").push_bind(i64::from(query.limit.clamp(1, 1000)));
    sql
}

pub(crate) fn event(row: &Row) -> Result<LoggedEvent, LedgerError> {
    Ok(LoggedEvent {
        seq: row.get::<i64>("seq").unsigned_abs(),
        id: row.get::<&str>("id").parse().map_err(|_| stored::unreadable("an event's id"))?,
        kind: row.get("kind"),
        at: Timestamp::from_millis(row.get("at")),
        channel: row
            .get::<Option<&str>>("channel_id")
            .map(|id| id.parse().map_err(|_| stored::unreadable("an event's channel")))
            .transpose()?,
        data: RawValue::from_string(row.get("data")).map_err(|_| stored::unreadable("an event's data"))?,
    })
}
