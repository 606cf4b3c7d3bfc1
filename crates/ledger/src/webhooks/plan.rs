use super::sight::{Shown, Sight, Sights};
use super::{EndpointStatus, Planned, stored};
use crate::batch::{Batch, signed};
use crate::dialect::in_list;
use crate::rows::{list, pieces};
use crate::sql::{QueryBuilder, query, query_scalar};
use crate::{Ledger, LedgerError};
use domain::{DeliveryId, EventFilter, Timestamp};

struct Reader {
    n: i64,
    filter: EventFilter,
    sight: Sight,
    planned_through: i64,
}

struct Owed<'a> {
    endpoint: i64,
    event: &'a Seen,
}

struct Seen {
    seq: i64,
    id: String,
    kind: String,
    channel: Option<String>,
    /// Empty when nobody has to look into it.
    data: String,
}

pub(crate) const UNPLANNED: &str = "SELECT seq, id, kind, channel_id, '' FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";
/// Whom an event is shown depends on its data.
pub(crate) const UNPLANNED_DATA: &str =
    "SELECT seq, id, kind, channel_id, data FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";

impl Ledger {
    /// Looks at the next `limit` (up to 5000) events of the log and makes a delivery for each receiver that is owed one, in one
    /// transaction with the note that they were looked at: whatever dies, each is planned exactly once. A paused receiver is
    /// owed events too; a disabled one is not. One that belongs to an app is owed what that app may see now.
    pub async fn plan_deliveries(&self, now: Timestamp, limit: u32) -> Result<Planned, LedgerError> {
        if self.is_shared() && !self.anything_to_plan().await? {
            return Ok(Planned::default());
        }
        self.write_firmly(move |batch| Box::pin(async move { plan(batch, now, limit.clamp(1, 5000)).await })).await
    }

    /// Every process plans as soon as something happens: those that come second need not wait for the others to write.
    async fn anything_to_plan(&self) -> Result<bool, LedgerError> {
        const BEHIND: &str = "SELECT EXISTS (SELECT 1 FROM endpoints WHERE status <> 'disabled' AND planned_through < \
                              (SELECT last_seq FROM event_head WHERE one = 1))";
        let mut reader = self.reader().await?;
        query_scalar(BEHIND).fetch_one(&mut reader).await.map_err(|e| self.explain(&e))
    }
}

async fn plan(batch: &mut Batch, now: Timestamp, limit: u32) -> Result<Planned, LedgerError> {
    let (readers, sights) = readers(batch).await?;
    let Some(from) = readers.iter().map(|r| r.planned_through).min() else { return Ok(Planned::default()) };
    if from >= signed(batch.heads.seq) {
        return Ok(Planned::default());
    }
    batch.write_events().await?;
    let rows = query(if sights.are_plain() { UNPLANNED } else { UNPLANNED_DATA })
        .bind(from)
        .bind(i64::from(limit))
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let seen: Vec<Seen> = rows
        .iter()
        .map(|row| Seen { seq: row.get(0), id: row.get(1), kind: row.get(2), channel: row.get(3), data: row.get(4) })
        .collect();
    let Some(through) = seen.last().map(|event| event.seq) else { return Ok(Planned::default()) };
    let mut owed = Vec::new();
    for event in &seen {
        let channel = event.channel.as_deref().and_then(|id| id.parse().ok());
        let shown = Shown { kind: &event.kind, channel, data: &event.data };
        let wanting = readers.iter().filter(|r| {
            r.planned_through < event.seq && r.filter.matches(&event.kind, channel) && sights.shows(&r.sight, &shown)
        });
        owed.extend(wanting.map(|reader| Owed { endpoint: reader.n, event }));
    }
    let mut made = 0;
    for piece in pieces(&owed) {
        let mut sql =
            QueryBuilder::new("INSERT INTO deliveries (id, endpoint, seq, event_id, kind, channel_id, status, created_at) ");
        sql.push_values(piece, |row, owed| {
            row.push_bind(DeliveryId::new(now, rand::random()).to_string())
                .push_bind(owed.endpoint)
                .push_bind(owed.event.seq)
                .push_bind(owed.event.id.as_str())
                .push_bind(owed.event.kind.as_str())
                .push_bind(owed.event.channel.as_deref())
                .push_bind("pending")
                .push_bind(now.as_millis());
        });
        sql.push(" ON CONFLICT (endpoint, seq) DO NOTHING");
        made += sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    // Who serves them may be another process.
    batch.told.endpoints |= made > 0;
    query(concat!("UPDATE endpoints SET planned_through = $1 WHERE planned_through < $1 AND n ", in_list!("$2")))
        .bind(through)
        .bind(list(readers.iter().map(|reader| reader.n)))
        .execute(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    Ok(Planned { made, more: through < signed(batch.heads.seq) })
}

async fn readers(batch: &mut Batch) -> Result<(Vec<Reader>, Sights), LedgerError> {
    let rows = query(stored::ALL_LOCKED).fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    let mut endpoints = Vec::with_capacity(rows.len());
    for row in &rows {
        endpoints.push((row, stored::endpoint(row, &batch.sealing)?));
    }
    let sights = Sights::of(batch, endpoints.iter().filter_map(|(_, endpoint)| Some((endpoint.id, endpoint.app?)))).await?;
    let mut readers = Vec::with_capacity(rows.len());
    for (row, endpoint) in endpoints {
        match endpoint.status {
            EndpointStatus::Active | EndpointStatus::Paused { .. } => {
                let (n, planned_through) = (row.get("n"), row.get("planned_through"));
                readers.push(Reader { n, filter: endpoint.filter, sight: sights.sight(endpoint.app), planned_through });
            }
            EndpointStatus::Disabled { .. } => {}
        }
    }
    Ok((readers, sights))
}
