//! Webhook receivers that belong to apps.

use super::stored::permits_from;
use crate::batch::Batch;
use crate::sql::{query, query_scalar};
use crate::webhooks::{self, EndpointStatus};
use crate::{Ledger, LedgerError};
use domain::{AppId, PauseReason, Permits, Timestamp};
use std::collections::HashMap;

/// What every app may do that there is.
pub(crate) type Owners = HashMap<AppId, Permits>;

pub(crate) async fn owners(batch: &mut Batch) -> Result<Owners, LedgerError> {
    permits_of(batch, "SELECT id, permits FROM apps").await
}

/// Of those that are not disabled.
pub(crate) async fn enabled(batch: &mut Batch) -> Result<Owners, LedgerError> {
    permits_of(batch, "SELECT id, permits FROM apps WHERE disabled_at IS NULL").await
}

async fn permits_of(batch: &mut Batch, sql: &'static str) -> Result<Owners, LedgerError> {
    let rows = query(sql).fetch_all(&mut batch.connection).await;
    let rows = rows.map_err(|e| batch.explain(&e))?;
    rows.iter()
        .map(|row| {
            let id = row.get::<&str>("id").parse().map_err(|_| crate::stored::unreadable("an app's id"))?;
            Ok((id, permits_from(row.get("permits"))?))
        })
        .collect()
}

impl Ledger {
    /// What an app may do; `None`: it is gone.
    pub(crate) async fn permits(&self, app: AppId) -> Result<Option<Permits>, LedgerError> {
        const PERMITS: &str = "SELECT permits FROM apps WHERE id = $1";
        let mut reader = self.reader().await?;
        let row = query(PERMITS).bind(app.to_string()).fetch_optional(&mut reader).await.map_err(|e| self.explain(&e))?;
        row.map(|row| permits_from(row.get("permits"))).transpose()
    }

    /// Pauses the webhooks of apps that may not come in any more because time has passed: their last key has expired. How many
    /// apps there are that have any.
    pub async fn settle_endpoints(&self, at: Timestamp) -> Result<u64, LedgerError> {
        const OWNERS: &str = "SELECT DISTINCT app_id FROM endpoints WHERE app_id IS NOT NULL";
        let mut reader = self.reader().await?;
        let owners: Vec<String> = query_scalar(OWNERS).fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        drop(reader);
        if owners.is_empty() {
            return Ok(0);
        }
        self.write_firmly(move |batch| {
            Box::pin(async move {
                for owner in &owners {
                    let owner = owner.parse().map_err(|_| crate::stored::unreadable("a webhook's app"))?;
                    rest_or_resume(batch, owner, at).await?;
                }
                Ok(owners.len() as u64)
            })
        })
        .await
    }
}

/// Whether it is there, enabled, and has a key that works or a program that is let in.
pub(crate) async fn may_come_in(batch: &mut Batch, app: AppId, at: Timestamp) -> Result<bool, LedgerError> {
    const MAY_COME_IN: &str = "SELECT EXISTS (SELECT 1 FROM apps WHERE id = $1 AND disabled_at IS NULL AND (programs <> '[]' OR \
         EXISTS (SELECT 1 FROM app_keys WHERE app_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2))))";
    query_scalar(MAY_COME_IN)
        .bind(app.to_string())
        .bind(at.as_millis())
        .fetch_one(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))
}

/// After a change of what an app may do or of who comes in as it: pauses its receivers when it may not come in, and resumes what was
/// paused for that when it may. Whoever delivers is told either way: what is owed to them may be for them no more.
pub(crate) async fn settle(batch: &mut Batch, app: AppId, at: Timestamp) -> Result<(), LedgerError> {
    batch.endpoints_changed |= rest_or_resume(batch, app, at).await?;
    Ok(())
}

/// Whether it has any.
async fn rest_or_resume(batch: &mut Batch, app: AppId, at: Timestamp) -> Result<bool, LedgerError> {
    let paused = EndpointStatus::Paused { reason: PauseReason::AppRevoked, since: at };
    let endpoints = webhooks::of_app(batch, app).await?;
    if endpoints.is_empty() {
        return Ok(false);
    }
    let may = may_come_in(batch, app, at).await?;
    for (n, mut endpoint) in endpoints {
        let wanted = match (may, endpoint.status) {
            (false, EndpointStatus::Active) => paused,
            (true, EndpointStatus::Paused { reason: PauseReason::AppRevoked, .. }) => EndpointStatus::Active,
            (_, EndpointStatus::Active | EndpointStatus::Paused { .. } | EndpointStatus::Disabled { .. }) => continue,
        };
        webhooks::set_status(batch, n, &mut endpoint, wanted, at).await?;
        batch.endpoints_changed = true;
    }
    Ok(true)
}
