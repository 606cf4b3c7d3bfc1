use crate::sql::query;
use crate::{Ledger, LedgerError};
use domain::{KeyId, Timestamp};

/// How a key was used since this was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    pub key: KeyId,
    /// The last time.
    pub at: Timestamp,
    /// Where from, then.
    pub from: Option<String>,
    /// How often, on the day of `at`.
    pub requests: u64,
}

impl Ledger {
    /// Adds up how keys were used, whoever tells it: several processes may. Told to nobody.
    pub async fn usage(&self, uses: Vec<KeyUse>) -> Result<(), LedgerError> {
        const ADD: &str = "UPDATE app_keys SET \
             requests_today = CASE WHEN day = $4 THEN requests_today + $5 WHEN day < $4 THEN $5 ELSE requests_today END, \
             day = CASE WHEN day < $4 THEN $4 ELSE day END, \
             last_from = CASE WHEN last_used_at IS NULL OR last_used_at <= $2 THEN coalesce($3, last_from) ELSE last_from END, \
             last_used_at = CASE WHEN last_used_at IS NULL OR last_used_at <= $2 THEN $2 ELSE last_used_at END WHERE id = $1";
        if uses.is_empty() {
            return Ok(());
        }
        self.write_firmly(move |batch| {
            Box::pin(async move {
                for KeyUse { key, at, from, requests } in uses {
                    query(ADD)
                        .bind(key.to_string())
                        .bind(at.as_millis())
                        .bind(from)
                        .bind(at.day())
                        .bind(crate::batch::signed(requests))
                        .execute(&mut batch.connection)
                        .await
                        .map_err(|e| batch.explain(&e))?;
                }
                Ok(())
            })
        })
        .await
    }
}
