use super::sight::{Shown, Sight, Sights};
use super::stored::{self, delivery_columns};
use super::{Delivery, Endpoint, endpoints};
use crate::batch::{Batch, signed};
use crate::rows::pieces;
use crate::sql::{QueryBuilder, query, query_scalar};
use crate::{Ledger, LedgerError, Pruned, retention};
use domain::{DeliveryId, EndpointId, Timestamp};

/// Events looked at in one transaction.
const STEP: i64 = 1000;

const OF_ID: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    ", EXISTS (SELECT 1 FROM events l WHERE l.seq = d.seq) AS has_event ",
    "FROM deliveries d JOIN endpoints e ON e.n = d.endpoint WHERE d.id = $1"
);

impl Ledger {
    /// Owes a delivery anew, with all its tries before it, whether it was delivered, skipped or is still owed. `NoSuchDelivery`;
    /// `EventPruned` when the log no longer has what it told, or when the receiver belongs to an app that may not see that any more.
    pub async fn redeliver(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, LedgerError> {
        let _ = now;
        self.write(move |batch| {
            Box::pin(async move {
                let (delivery, has_event) = find(batch, id).await?;
                if !has_event || !may_see(batch, &delivery).await? {
                    return Err(LedgerError::EventPruned);
                }
                query(
                    "UPDATE deliveries SET status = 'pending', attempts = 0, next_attempt_at = NULL, finished_at = NULL WHERE id = $1",
                )
                .bind(id.to_string())
                .execute(&mut batch.connection)
                .await
                .map_err(|e| batch.explain(&e))?;
                batch.endpoints_changed = true;
                Ok(find(batch, id).await?.0)
            })
        })
        .await
    }

    /// Lets go of a delivery that is owed: a person decided that it need not be delivered. One that is not owed any more stays
    /// as it is. `NoSuchDelivery`.
    pub async fn skip(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                query(
                    "UPDATE deliveries SET status = 'skipped', next_attempt_at = NULL, finished_at = $2 \
                     WHERE id = $1 AND status = 'pending'",
                )
                .bind(id.to_string())
                .bind(now.as_millis())
                .execute(&mut batch.connection)
                .await
                .map_err(|e| batch.explain(&e))?;
                let (delivery, _) = find(batch, id).await?;
                retention::let_go(batch, delivery.seq).await?;
                batch.endpoints_changed = true;
                Ok(delivery)
            })
        })
        .await
    }

    /// Owes the receiver anew what the log has of `since` up to `until`, both included, as far as it matches its filter: all of it, or
    /// only what was not delivered; of an app's receiver what that app may see now. How many deliveries are owed by that. Many small transactions: who asks again after an
    /// error goes on with what is left. `NoSuchEndpoint`.
    pub async fn redeliver_range(
        &self,
        endpoint: EndpointId,
        since: Timestamp,
        until: Timestamp,
        only_undelivered: bool,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        let mut owed = 0;
        let mut after = (since.as_millis(), i64::MIN);
        loop {
            let range = Range { after, until: until.as_millis(), only_undelivered, now };
            let (made, last) = self.write(move |batch| Box::pin(async move { again(batch, endpoint, range).await })).await?;
            owed += made;
            match last {
                Some(last) => after = last,
                None => return Ok(owed),
            }
        }
    }

    /// Forgets deliveries that were delivered or skipped before `done_before`, with their tries; at most `step` of them.
    pub async fn prune_deliveries(&self, done_before: Timestamp, step: u32) -> Result<Pruned, LedgerError> {
        let step = step.clamp(1, 10_000);
        let Some(alone) = self.alone().await? else { return Ok(Pruned::default()) };
        let pruned = self.write_firmly(move |batch| {
            Box::pin(async move {
                let gone = query(
                    "DELETE FROM deliveries WHERE n IN (SELECT n FROM deliveries WHERE finished_at IS NOT NULL AND finished_at < $1 \
                     ORDER BY finished_at LIMIT $2)",
                )
                .bind(done_before.as_millis())
                .bind(i64::from(step))
                .execute(&mut batch.connection)
                .await
                .map_err(|e| batch.explain(&e))?;
                Ok(Pruned { events: gone, more: gone == u64::from(step) })
            })
        });
        let pruned = pruned.await;
        alone.give_back().await;
        pruned
    }
}

/// With whether the log has its event.
async fn find(batch: &mut Batch, id: DeliveryId) -> Result<(Delivery, bool), LedgerError> {
    let row = query(OF_ID).bind(id.to_string()).fetch_optional(&mut batch.connection).await;
    let row = row.map_err(|e| batch.explain(&e))?.ok_or(LedgerError::NoSuchDelivery)?;
    Ok((stored::delivery(&row)?, row.get("has_event")))
}

/// What the receiver is shown, if it belongs to an app.
pub(super) async fn sight_of(batch: &mut Batch, endpoint: &Endpoint) -> Result<(Sights, Sight), LedgerError> {
    let owned = match endpoint.app {
        None => Vec::new(),
        Some(app) => endpoints::of_app(batch, app).await?.into_iter().map(|(_, other)| (other.id, app)).collect(),
    };
    let sights = Sights::of(batch, owned.into_iter()).await?;
    let sight = sights.sight(endpoint.app);
    Ok((sights, sight))
}

/// Whether the receiver may be told now what is owed to it by this delivery.
async fn may_see(batch: &mut Batch, delivery: &Delivery) -> Result<bool, LedgerError> {
    let (_, endpoint) = endpoints::find(batch, delivery.endpoint).await?;
    if endpoint.app.is_none() {
        return Ok(true);
    }
    let data: Option<String> = query_scalar("SELECT data FROM events WHERE seq = $1")
        .bind(signed(delivery.seq))
        .fetch_optional(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let (sights, sight) = sight_of(batch, &endpoint).await?;
    let data = data.unwrap_or_default();
    Ok(sights.shows(&sight, &Shown { kind: &delivery.kind, channel: delivery.channel, data: &data }))
}

#[derive(Clone, Copy)]
struct Range {
    /// Time and `seq` of the last event that was looked at.
    after: (i64, i64),
    until: i64,
    only_undelivered: bool,
    now: Timestamp,
}

pub(crate) const IN_RANGE: &str = "SELECT at, seq, id, kind, channel_id, data FROM events WHERE at >= $1 AND (at > $1 OR seq > $2) AND at <= $3 \
                                   AND seq <= $4 AND seq > (SELECT pruned_through FROM event_head WHERE one = 1) ORDER BY at, seq LIMIT $5";

/// One step: how many are owed by it, and the last event that it looked at, if there may be more.
async fn again(batch: &mut Batch, endpoint: EndpointId, range: Range) -> Result<(u64, Option<(i64, i64)>), LedgerError> {
    let (n, endpoint) = endpoints::find(batch, endpoint).await?;
    let (sights, sight) = sight_of(batch, &endpoint).await?;
    let planned: i64 = query_scalar("SELECT planned_through FROM endpoints WHERE n = $1")
        .bind(n)
        .fetch_one(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    // What comes after it will be planned anyway.
    let rows = query(IN_RANGE)
        .bind(range.after.0)
        .bind(range.after.1)
        .bind(range.until)
        .bind(planned)
        .bind(STEP)
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let wanted: Vec<_> = rows
        .iter()
        .filter(|row| {
            let channel = row.get::<Option<&str>>("channel_id").and_then(|id| id.parse().ok());
            let data = row.get::<String>("data");
            let shown = Shown { kind: row.get("kind"), channel, data: &data };
            endpoint.filter.matches(shown.kind, channel) && sights.shows(&sight, &shown)
        })
        .collect();
    let mut owed = 0;
    for piece in pieces(&wanted) {
        let mut sql =
            QueryBuilder::new("INSERT INTO deliveries (id, endpoint, seq, event_id, kind, channel_id, status, created_at) ");
        sql.push_values(piece, |values, row| {
            values
                .push_bind(DeliveryId::new(range.now, rand::random()).to_string())
                .push_bind(n)
                .push_bind(row.get::<i64>("seq"))
                .push_bind(row.get::<&str>("id"))
                .push_bind(row.get::<&str>("kind"))
                .push_bind(row.get::<Option<&str>>("channel_id"))
                .push_bind("pending")
                .push_bind(range.now.as_millis());
        });
        sql.push(
            " ON CONFLICT (endpoint, seq) DO UPDATE SET status = 'pending', attempts = 0, next_attempt_at = NULL, finished_at = NULL",
        );
        if range.only_undelivered {
            sql.push(" WHERE deliveries.status <> 'delivered'");
        }
        owed += sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    batch.endpoints_changed |= owed > 0;
    let last = rows.last().filter(|_| rows.len() as i64 == STEP).map(|row| (row.get("at"), row.get("seq")));
    Ok((owed, last))
}
