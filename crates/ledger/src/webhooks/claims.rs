//! Which worker serves which receiver. By the server's clock: those of the workers may disagree.

use crate::postgres::patiently;
use crate::stored::unreadable;
use crate::told::Notice;
use crate::{Ledger, LedgerError};
use domain::{EndpointId, Timestamp, WorkerId};
use sqlx::Error;
use sqlx::postgres::PgPool;
use std::time::Duration;

impl Ledger {
    /// The receivers that `worker` is to serve until `ttl` has passed: of those that it had, as many as are its fair share, and
    /// up to that share of those that nobody serves. Who is no longer among them is served by another soon. A ledger that is
    /// not shared gives all of them, whoever asks; the time is the server's, not `now`.
    pub async fn claim_endpoints(
        &self,
        worker: WorkerId,
        _now: Timestamp,
        ttl: Duration,
    ) -> Result<Vec<EndpointId>, LedgerError> {
        let Some(pool) = self.server() else {
            return Ok(self.endpoints().await?.into_iter().map(|endpoint| endpoint.id).collect());
        };
        let claimed = patiently(claim(pool, &worker.to_string(), ttl)).await.map_err(|e| self.explain(&e))?;
        if claimed.given_up > 0 {
            self.tell(Notice::endpoints(&self.inner.node)).await?;
        }
        claimed.ids.iter().map(|id| id.parse().map_err(|_| unreadable("a webhook's id").into())).collect()
    }

    /// Lets go of the receivers that `worker` serves, so that others take them over at once.
    pub async fn release_endpoints(&self, worker: WorkerId) -> Result<(), LedgerError> {
        let Some(pool) = self.server() else { return Ok(()) };
        patiently(release(pool, &worker.to_string())).await.map_err(|e| self.explain(&e))?;
        self.tell(Notice::endpoints(&self.inner.node)).await
    }
}

struct Claimed {
    ids: Vec<String>,
    given_up: u64,
}

async fn claim(pool: &PgPool, worker: &str, ttl: Duration) -> Result<Claimed, Error> {
    const APPEAR: &str = "INSERT INTO claimants (worker, until) VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond') \
                          ON CONFLICT (worker) DO UPDATE SET until = excluded.until";
    const GONE: &str = "DELETE FROM claimants WHERE worker IN (SELECT worker FROM claimants WHERE until < clock_timestamp() \
                        FOR UPDATE SKIP LOCKED)";
    const SHARE: &str =
        "SELECT (SELECT count(*) FROM endpoints), (SELECT count(*) FROM claimants WHERE until > clock_timestamp())";
    const RENEW: &str =
        "UPDATE claims SET until = clock_timestamp() + $2 * interval '1 millisecond' WHERE worker = $1 RETURNING endpoint";
    const GIVE_UP: &str = "DELETE FROM claims WHERE worker = $1 AND endpoint = ANY ($2)";
    // Those that nobody serves, and those of whom nobody has heard in time: another who takes one just now is not waited for.
    const EXPIRED: &str = "DELETE FROM claims WHERE endpoint IN (SELECT endpoint FROM claims WHERE until < clock_timestamp() \
                           FOR UPDATE SKIP LOCKED)";
    const TAKE: &str = "INSERT INTO claims (endpoint, worker, until) SELECT n, $1, clock_timestamp() + $2 * interval '1 millisecond' \
                        FROM endpoints WHERE n NOT IN (SELECT endpoint FROM claims) ORDER BY n LIMIT $3 ON CONFLICT DO NOTHING";
    const MINE: &str = "SELECT id FROM endpoints WHERE n IN (SELECT endpoint FROM claims WHERE worker = $1) ORDER BY n";
    let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
    let mut transaction = pool.begin().await?;
    sqlx::query(APPEAR).bind(worker).bind(ttl).execute(&mut *transaction).await?;
    sqlx::query(GONE).execute(&mut *transaction).await?;
    let (endpoints, claimants): (i64, i64) = sqlx::query_as(SHARE).fetch_one(&mut *transaction).await?;
    let share = endpoints.unsigned_abs().div_ceil(claimants.unsigned_abs().max(1));
    let mut mine: Vec<i64> = sqlx::query_scalar(RENEW).bind(worker).bind(ttl).fetch_all(&mut *transaction).await?;
    mine.sort_unstable();
    let too_many = mine.split_off(mine.len().min(usize::try_from(share).unwrap_or(usize::MAX)));
    if !too_many.is_empty() {
        sqlx::query(GIVE_UP).bind(worker).bind(&too_many).execute(&mut *transaction).await?;
    }
    let room = i64::try_from(share).unwrap_or(i64::MAX) - i64::try_from(mine.len()).unwrap_or(i64::MAX);
    if room > 0 {
        sqlx::query(EXPIRED).execute(&mut *transaction).await?;
        sqlx::query(TAKE).bind(worker).bind(ttl).bind(room).execute(&mut *transaction).await?;
    }
    let ids = sqlx::query_scalar(MINE).bind(worker).fetch_all(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Claimed { ids, given_up: too_many.len() as u64 })
}

async fn release(pool: &PgPool, worker: &str) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query("DELETE FROM claims WHERE worker = $1").bind(worker).execute(&mut *transaction).await?;
    sqlx::query("DELETE FROM claimants WHERE worker = $1").bind(worker).execute(&mut *transaction).await?;
    transaction.commit().await
}
