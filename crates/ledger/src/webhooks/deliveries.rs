use super::replay::sight_of;
use super::sight::{Shown, Sight, Sights};
use super::stored::{self, delivery_columns};
use super::{Attempt, Delivery, DeliveryPage, DeliveryQuery, PendingCount, endpoints};
use crate::batch::{Batch, signed};
use crate::dialect::in_list;
use crate::rows::list;
use crate::sql::{QueryBuilder, Row, query, query_as};
use crate::stored::unreadable;
use crate::{Ledger, LedgerError, LoggedEvent, events, retention};
use domain::{DeliveryId, EndpointId, Timestamp};

/// Pending deliveries that are read at once.
const MOST: u32 = 1000;

pub(crate) const PENDING: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", e.app_id AS owner, l.at AS event_at, l.data AS event_data FROM endpoints e JOIN deliveries d ON d.endpoint = e.n AND d.status = 'pending' ",
    "JOIN events l ON l.seq = d.seq WHERE e.id = $1 ORDER BY d.seq LIMIT $2"
);
const BY_ID: &str =
    concat!("SELECT ", delivery_columns!(), " FROM deliveries d JOIN endpoints e ON e.n = d.endpoint WHERE d.id = $1");

impl Ledger {
    /// The first `limit` (up to 1000) deliveries that are owed to the receiver, with their events, in the order of the log;
    /// also those whose next try is due later.
    pub async fn pending(&self, endpoint: EndpointId, limit: u32) -> Result<Vec<(Delivery, LoggedEvent)>, LedgerError> {
        self.first_pending(endpoint, limit).await?.iter().map(pending).collect()
    }

    /// As [`pending`](Ledger::pending), for who is about to deliver them: of a receiver that belongs to an app, what that app may not
    /// see any more is skipped first, and not among them.
    pub async fn take_pending(
        &self,
        endpoint: EndpointId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<(Delivery, LoggedEvent)>, LedgerError> {
        loop {
            let rows = self.first_pending(endpoint, limit).await?;
            if self.may_all_be_seen(&rows).await? {
                return rows.iter().map(pending).collect();
            }
            self.write_firmly(move |batch| Box::pin(async move { withhold(batch, endpoint, now).await })).await?;
        }
    }

    async fn first_pending(&self, endpoint: EndpointId, limit: u32) -> Result<Vec<Row>, LedgerError> {
        let mut reader = self.reader().await?;
        query(PENDING)
            .bind(endpoint.to_string())
            .bind(i64::from(limit.clamp(1, MOST)))
            .fetch_all(&mut reader)
            .await
            .map_err(|e| self.explain(&e))
    }

    /// Whether the app that all of these are owed to may see them; what it may is read after them.
    async fn may_all_be_seen(&self, rows: &[Row]) -> Result<bool, LedgerError> {
        let Some(owner) = rows.first().and_then(|row| row.get::<Option<&str>>("owner")) else { return Ok(true) };
        let owner = owner.parse().map_err(|_| unreadable("a webhook's app"))?;
        let sights = Sights::of_app(self, owner).await?;
        let sight = sights.sight(Some(owner));
        Ok(rows.iter().all(|row| is_shown(row, &sights, &sight)))
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

/// Of [`PENDING`].
fn pending(row: &Row) -> Result<(Delivery, LoggedEvent), LedgerError> {
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
}

fn is_shown(row: &Row, sights: &Sights, sight: &Sight) -> bool {
    let channel = row.get::<Option<&str>>("channel_id").and_then(|id| id.parse().ok());
    let data = row.get::<String>("event_data");
    sights.shows(sight, &Shown { kind: row.get("kind"), channel, data: &data })
}

/// Skips what the receiver's app may not see any more, of what is owed to it first.
async fn withhold(batch: &mut Batch, endpoint: EndpointId, now: Timestamp) -> Result<(), LedgerError> {
    let endpoint = match endpoints::find(batch, endpoint).await {
        Ok((_, endpoint)) => endpoint,
        Err(LedgerError::NoSuchEndpoint) => return Ok(()),
        Err(error) => return Err(error),
    };
    let (sights, sight) = sight_of(batch, &endpoint).await?;
    let rows = query(PENDING).bind(endpoint.id.to_string()).bind(i64::from(MOST)).fetch_all(&mut batch.connection).await;
    let rows = rows.map_err(|e| batch.explain(&e))?;
    let hidden: Vec<&Row> = rows.iter().filter(|row| !is_shown(row, &sights, &sight)).collect();
    query(concat!(
        "UPDATE deliveries SET status = 'skipped', next_attempt_at = NULL, finished_at = $1 WHERE n ",
        in_list!("$2")
    ))
    .bind(now.as_millis())
    .bind(list(hidden.iter().map(|row| row.get::<i64>("n"))))
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    for row in &hidden {
        retention::let_go(batch, row.get::<i64>("seq").unsigned_abs()).await?;
    }
    batch.endpoints_changed |= !hidden.is_empty();
    Ok(())
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
