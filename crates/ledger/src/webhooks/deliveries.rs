use super::stored::{self, delivery_columns};
use super::{Attempt, Delivery, DeliveryPage, DeliveryQuery, PendingCount};
use crate::batch::signed;
use crate::sql::{QueryBuilder, query, query_as};
use crate::stored::unreadable;
use crate::{Ledger, LedgerError, LoggedEvent, events};
use domain::{DeliveryId, EndpointId, Timestamp};

pub(crate) const PENDING: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", l.at AS event_at, l.data AS event_data FROM endpoints e JOIN deliveries d ON d.endpoint = e.n AND d.status = 'pending' ",
    "JOIN events l ON l.seq = d.seq WHERE e.id = $1 ORDER BY d.seq LIMIT $2"
);
const BY_ID: &str =
    concat!("SELECT ", delivery_columns!(), " FROM deliveries d JOIN endpoints e ON e.n = d.endpoint WHERE d.id = $1");

impl Ledger {
    /// The first `limit` (up to 1000) deliveries that are owed to the receiver, with their events, in the order of the log;
    /// also those whose next try is due later.
    pub async fn pending(&self, endpoint: EndpointId, limit: u32) -> Result<Vec<(Delivery, LoggedEvent)>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(PENDING)
            .bind(endpoint.to_string())
            .bind(i64::from(limit.clamp(1, 1000)))
            .fetch_all(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        rows.iter()
            .map(|row| {
                let delivery = stored::delivery(row)?;
                let event = LoggedEvent {
                    seq: delivery.seq,
                    id: delivery.event_id,
                    kind: delivery.kind.clone(),
                    at: Timestamp::from_millis(row.get("event_at")),
                    channel: delivery.channel,
                    data: serde_json::value::RawValue::from_string(row.get::<String>("event_data"))
                        .map_err(|_| unreadable("an event's data"))?,
                };
                Ok((delivery, event))
            })
            .collect()
    }

    /// A page of deliveries, newest first.
    pub async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage, LedgerError> {
        let limit = query.limit.clamp(1, 1000) as usize;
        let mut sql = page_sql(query);
        // One more than asked tells whether there is a next page.
        sql.push(" ORDER BY d.n DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX) + 1);
        let mut reader = self.reader().await?;
        let rows = sql.build().fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        let wanted = &rows[..rows.len().min(limit)];
        let last = wanted.last().filter(|_| rows.len() > wanted.len());
        let next = last.map(|row| row.get::<i64>("n").unsigned_abs());
        Ok(DeliveryPage { deliveries: wanted.iter().map(stored::delivery).collect::<Result<_, _>>()?, next })
    }

    /// A delivery with its event (as long as the log has it) and its tries, oldest first.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<(Delivery, Option<LoggedEvent>, Vec<Attempt>)>, LedgerError> {
        let mut reader = self.reader().await?;
        let row = query(BY_ID).bind(id.to_string()).fetch_optional(&mut reader).await.map_err(|e| self.explain(&e))?;
        let Some(row) = row else { return Ok(None) };
        let delivery = stored::delivery(&row)?;
        let event = query("SELECT seq, id, kind, at, channel_id, data FROM events WHERE seq = $1")
            .bind(signed(delivery.seq))
            .fetch_optional(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        let tries =
            query("SELECT at, latency_ms, delivered, http_status, answer, error FROM attempts WHERE delivery = $1 ORDER BY n")
                .bind(row.get::<i64>("n"))
                .fetch_all(&mut reader)
                .await
                .map_err(|e| self.explain(&e))?;
        let tries = tries.iter().map(|row| Attempt {
            at: Timestamp::from_millis(row.get("at")),
            latency_ms: row.get::<i64>("latency_ms").unsigned_abs(),
            delivered: row.get("delivered"),
            http_status: row.get::<Option<i64>>("http_status").and_then(|status| u16::try_from(status).ok()),
            answer: row.get("answer"),
            error: row.get("error"),
        });
        Ok(Some((delivery, event.as_ref().map(events::event).transpose()?, tries.collect())))
    }

    /// How much waits for each receiver, in the order of their creation.
    pub async fn pending_counts(&self) -> Result<Vec<PendingCount>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows: Vec<(String, i64, Option<i64>)> = query_as(
            "SELECT e.id, (SELECT count(*) FROM deliveries d WHERE d.endpoint = e.n AND d.status = 'pending'), \
             (SELECT d.created_at FROM deliveries d WHERE d.endpoint = e.n AND d.status = 'pending' ORDER BY d.seq LIMIT 1) \
             FROM endpoints e ORDER BY e.n",
        )
        .fetch_all(&mut reader)
        .await
        .map_err(|e| self.explain(&e))?;
        rows.into_iter()
            .map(|(id, pending, oldest)| {
                Ok(PendingCount {
                    endpoint: id.parse().map_err(|_| unreadable("a webhook's id"))?,
                    pending: pending.unsigned_abs(),
                    oldest: oldest.map(Timestamp::from_millis),
                })
            })
            .collect()
    }
}

pub(crate) fn page_sql(query: &DeliveryQuery) -> QueryBuilder<'static> {
    let mut sql = QueryBuilder::new(concat!(
        "SELECT ",
        delivery_columns!(),
        " FROM deliveries d CROSS JOIN endpoints e WHERE e.n = d.endpoint"
    ));
    if let Some(endpoint) = query.endpoint {
        sql.push(" AND d.endpoint = (SELECT n FROM endpoints WHERE id = ").push_bind(endpoint.to_string()).push(")");
    }
    if let Some(status) = query.status {
        // Spelt out, so that the index of what is owed is seen to fit.
        sql.push(" AND d.status = '").push(status.as_str()).push("'");
    }
    if let Some(kind) = &query.kind {
        sql.push(" AND d.kind = ").push_bind(kind.clone());
    }
    if let Some(before) = query.before {
        sql.push(" AND d.n < ").push_bind(signed(before));
    }
    sql
}
