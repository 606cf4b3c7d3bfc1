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
    let rows = query("SELECT id, permits FROM apps").fetch_all(&mut batch.connection).await;
    let rows = rows.map_err(|e| batch.explain(&e))?;
    rows.iter()
        .map(|row| {
            let id = row.get::<&str>("id").parse().map_err(|_| crate::stored::unreadable("an app's id"))?;
            Ok((id, permits_from(row.get("permits"))?))
        })
        .collect()
}

impl Ledger {
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
                    settle(batch, owner, at).await?;
                }
                Ok(owners.len() as u64)
            })
        })
        .await
    }
}

/// Pauses the receivers of an app that may not come in, and resumes what was paused for that when it may.
pub(super) async fn settle(batch: &mut Batch, app: AppId, at: Timestamp) -> Result<(), LedgerError> {
    const MAY_COME_IN: &str = "SELECT EXISTS (SELECT 1 FROM apps WHERE id = $1 AND disabled_at IS NULL AND (programs <> '[]' OR \
         EXISTS (SELECT 1 FROM app_keys WHERE app_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2))))";
    let paused = EndpointStatus::Paused { reason: PauseReason::AppRevoked, since: at };
    let endpoints = webhooks::of_app(batch, app).await?;
    if endpoints.is_empty() {
        return Ok(());
    }
    let may: bool = query_scalar(MAY_COME_IN)
        .bind(app.to_string())
        .bind(at.as_millis())
        .fetch_one(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    for (n, mut endpoint) in endpoints {
        let wanted = match (may, endpoint.status) {
            (false, EndpointStatus::Active) => paused,
            (true, EndpointStatus::Paused { reason: PauseReason::AppRevoked, .. }) => EndpointStatus::Active,
            (_, EndpointStatus::Active | EndpointStatus::Paused { .. } | EndpointStatus::Disabled { .. }) => continue,
        };
        webhooks::set_status(batch, n, &mut endpoint, wanted, at).await?;
        batch.endpoints_changed = true;
    }
    Ok(())
}
