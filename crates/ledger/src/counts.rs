use crate::batch::Batch;
use crate::rows::pieces;
use crate::sql::{QueryBuilder, query_as};
use crate::{Ledger, LedgerError};
use domain::Timestamp;
use std::collections::BTreeMap;

/// What was sent and received in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCount {
    /// When the stretch began.
    pub at: Timestamp,
    /// Messages that WhatsApp took from us.
    pub sent: u64,
    pub received: u64,
    /// Messages that failed for now: some of them may have been tried anew and sent.
    pub failed: u64,
}

/// How tries to deliver to webhook receivers went in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// When the stretch began.
    pub at: Timestamp,
    pub delivered: u64,
    pub failed: u64,
}

const SENT: &str = "sent";
const RECEIVED: &str = "received";
const FAILED: &str = "failed";
pub(crate) const DELIVERED: &str = "delivered";
pub(crate) const UNDELIVERED: &str = "undelivered";
const MINUTE: i64 = 60_000;

impl Ledger {
    /// Messages from `from` on, in stretches of `bucket_ms` (whole minutes) that begin at multiples of it; those in which
    /// nothing happened are left out. Costs the same at any number of messages.
    pub async fn message_counts(&self, from: Timestamp, bucket_ms: u64) -> Result<Vec<MessageCount>, LedgerError> {
        let buckets = self.tallies(from, bucket_ms, [SENT, RECEIVED, FAILED]).await?;
        Ok(buckets.into_iter().map(|(at, [sent, received, failed])| MessageCount { at, sent, received, failed }).collect())
    }

    /// Tries to deliver from `from` on; as [`message_counts`](Ledger::message_counts).
    pub async fn delivery_counts(&self, from: Timestamp, bucket_ms: u64) -> Result<Vec<DeliveryCount>, LedgerError> {
        let buckets = self.tallies(from, bucket_ms, [DELIVERED, UNDELIVERED]).await?;
        Ok(buckets.into_iter().map(|(at, [delivered, failed])| DeliveryCount { at, delivered, failed }).collect())
    }

    async fn tallies<const N: usize>(
        &self,
        from: Timestamp,
        bucket_ms: u64,
        what: [&'static str; N],
    ) -> Result<Vec<(Timestamp, [u64; N])>, LedgerError> {
        let bucket = i64::try_from(bucket_ms).unwrap_or(i64::MAX).max(MINUTE) / MINUTE * MINUTE;
        let first = from.as_millis().div_euclid(bucket).saturating_mul(bucket);
        let mut reader = self.reader().await?;
        let rows: Vec<(i64, String, i64)> =
            query_as("SELECT minute, what, amount FROM tallies WHERE minute >= $1 ORDER BY minute")
                .bind(first)
                .fetch_all(&mut reader)
                .await
                .map_err(|e| self.explain(&e))?;
        let mut buckets = BTreeMap::new();
        for (minute, word, amount) in rows {
            if let Some(which) = what.iter().position(|w| *w == word) {
                let at = minute.div_euclid(bucket) * bucket;
                buckets.entry(at).or_insert([0; N])[which] += amount.unsigned_abs();
            }
        }
        Ok(buckets.into_iter().map(|(at, numbers)| (Timestamp::from_millis(at), numbers)).collect())
    }
}

/// What an event counts as.
pub(crate) fn tally_of(kind: &str) -> Option<&'static str> {
    match kind {
        "message.sent" => Some(SENT),
        "message.received" => Some(RECEIVED),
        "message.failed" => Some(FAILED),
        _ => None,
    }
}

pub(crate) fn minute(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(MINUTE) * MINUTE
}

type Tally = ((i64, &'static str), i64);

fn summed(tallied: Vec<(i64, &'static str)>) -> Vec<Tally> {
    let mut amounts = BTreeMap::new();
    for key in tallied {
        *amounts.entry(key).or_insert(0i64) += 1;
    }
    amounts.into_iter().collect()
}

const ADD: &str = " ON CONFLICT (minute, what) DO UPDATE SET amount = tallies.amount + excluded.amount";

/// As one statement without values to bind, that can travel with the commit. Numbers and words of our own.
pub(crate) fn as_sql(tallied: Vec<(i64, &'static str)>) -> Option<String> {
    let rows: Vec<String> =
        summed(tallied).into_iter().map(|((minute, what), amount)| format!("({minute}, '{what}', {amount})")).collect();
    (!rows.is_empty()).then(|| format!("INSERT INTO tallies (minute, what, amount) VALUES {}{ADD}", rows.join(", ")))
}

pub(crate) async fn add(batch: &mut Batch, tallied: Vec<(i64, &'static str)>) -> Result<(), LedgerError> {
    let rows = summed(tallied);
    for piece in pieces(&rows) {
        let mut sql = QueryBuilder::new("INSERT INTO tallies (minute, what, amount) ");
        sql.push_values(piece, |row, ((minute, what), amount)| {
            row.push_bind(*minute).push_bind(*what).push_bind(*amount);
        });
        sql.push(ADD);
        sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    Ok(())
}
