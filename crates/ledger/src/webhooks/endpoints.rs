use super::endpoint::public_url;
use super::stored::{self, SECRETS_KEPT};
use super::{Endpoint, EndpointPatch, EndpointStatus, SigningSecret};
use crate::batch::{Batch, signed};
use crate::sql::query;
use crate::{Ledger, LedgerError};
use domain::{AppId, EndpointId, Event, Timestamp};

impl Ledger {
    /// Adds a receiver; events after now are owed to it. `AlreadyThere` when its id is taken.
    pub async fn create_endpoint(&self, endpoint: Endpoint) -> Result<(), LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let from = batch.heads.seq;
                stored::insert(batch, &endpoint, from).await?;
                batch.endpoints_changed = true;
                Ok(())
            })
        })
        .await
    }

    /// Changes settings. `NoSuchEndpoint`.
    pub async fn update_endpoint(&self, id: EndpointId, patch: EndpointPatch, at: Timestamp) -> Result<Endpoint, LedgerError> {
        self.change(id, move |endpoint| {
            let EndpointPatch { url, description, filter, headers, concurrency, trusted_addresses } = patch;
            endpoint.url = url.unwrap_or_else(|| std::mem::take(&mut endpoint.url));
            endpoint.description = description.unwrap_or_else(|| std::mem::take(&mut endpoint.description));
            endpoint.filter = filter.unwrap_or_else(|| std::mem::take(&mut endpoint.filter));
            endpoint.headers = headers.unwrap_or_else(|| std::mem::take(&mut endpoint.headers));
            endpoint.concurrency = concurrency.unwrap_or(endpoint.concurrency);
            endpoint.trusted_addresses = trusted_addresses.unwrap_or(endpoint.trusted_addresses);
            endpoint.updated_at = at;
        })
        .await
    }

    /// Makes `new` the secret that signs; the one before it signs too until `old_expires_at`, any older one no longer.
    /// `NoSuchEndpoint`.
    pub async fn rotate_secret(
        &self,
        id: EndpointId,
        new: SigningSecret,
        old_expires_at: Timestamp,
        at: Timestamp,
    ) -> Result<Endpoint, LedgerError> {
        self.change(id, move |endpoint| {
            if let Some(old) = endpoint.secrets.first_mut() {
                old.expires_at = Some(old_expires_at);
            }
            endpoint.secrets.insert(0, new);
            endpoint.secrets.truncate(SECRETS_KEPT);
            endpoint.updated_at = at;
        })
        .await
    }

    async fn change(&self, id: EndpointId, act: impl FnOnce(&mut Endpoint) + Send + 'static) -> Result<Endpoint, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let (n, mut endpoint) = find(batch, id).await?;
                act(&mut endpoint);
                stored::update(batch, n, &endpoint).await?;
                batch.endpoints_changed = true;
                Ok(endpoint)
            })
        })
        .await
    }

    pub async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, LedgerError> {
        let mut reader = self.reader().await?;
        let row = query(stored::BY_ID).bind(id.to_string()).fetch_optional(&mut reader).await;
        row.map_err(|e| self.explain(&e))?.as_ref().map(|row| stored::endpoint(row, &self.inner.sealing)).transpose()
    }

    /// All receivers in the order of their creation.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(stored::ALL).fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        rows.iter().map(|row| stored::endpoint(row, &self.inner.sealing)).collect()
    }

    /// Removes a receiver with everything that was owed to it. `NoSuchEndpoint`.
    pub async fn delete_endpoint(&self, id: EndpointId) -> Result<(), LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let gone = query("DELETE FROM endpoints WHERE id = $1")
                    .bind(id.to_string())
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                if gone == 0 {
                    return Err(LedgerError::NoSuchEndpoint);
                }
                batch.endpoints_changed = true;
                Ok(())
            })
        })
        .await
    }

    /// Pauses, resumes, disables or enables a receiver, told by a `webhook.*` event; the same status again changes nothing.
    /// Whoever resumes it is owed what came meanwhile; who enables a disabled one is owed what comes from now on. Active: it
    /// counts as not failing, and what waits for its next try may be tried at once. `NoSuchEndpoint`.
    pub async fn set_endpoint_status(
        &self,
        id: EndpointId,
        status: EndpointStatus,
        at: Timestamp,
    ) -> Result<Endpoint, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let (n, mut endpoint) = find(batch, id).await?;
                set_status(batch, n, &mut endpoint, status, at).await?;
                batch.endpoints_changed = true;
                Ok(endpoint)
            })
        })
        .await
    }
}

pub(super) async fn find(batch: &mut Batch, id: EndpointId) -> Result<(i64, Endpoint), LedgerError> {
    let row = query(stored::BY_ID).bind(id.to_string()).fetch_optional(&mut batch.connection).await;
    let row = row.map_err(|e| batch.explain(&e))?.ok_or(LedgerError::NoSuchEndpoint)?;
    Ok((row.get("n"), stored::endpoint(&row, &batch.sealing)?))
}

/// The receivers that belong to this app.
pub(crate) async fn of_app(batch: &mut Batch, app: AppId) -> Result<Vec<(i64, Endpoint)>, LedgerError> {
    let rows = query(stored::OF_APP).bind(app.to_string()).fetch_all(&mut batch.connection).await;
    let rows = rows.map_err(|e| batch.explain(&e))?;
    rows.iter().map(|row| Ok((row.get("n"), stored::endpoint(row, &batch.sealing)?))).collect()
}

pub(crate) async fn set_status(
    batch: &mut Batch,
    n: i64,
    endpoint: &mut Endpoint,
    status: EndpointStatus,
    at: Timestamp,
) -> Result<(), LedgerError> {
    if endpoint.status.word() == status.word() {
        return Ok(());
    }
    let (id, url) = (endpoint.id, public_url(&endpoint.url));
    let event = match status {
        EndpointStatus::Active => Event::WebhookResumed { endpoint: id, url, since: at },
        EndpointStatus::Paused { reason, since } => Event::WebhookPaused { endpoint: id, url, reason, since },
        EndpointStatus::Disabled { since } => Event::WebhookDisabled { endpoint: id, url, since },
    };
    let was = std::mem::replace(&mut endpoint.status, status);
    endpoint.updated_at = at;
    if status == EndpointStatus::Active {
        endpoint.failing_since = None;
        query("UPDATE deliveries SET next_attempt_at = NULL, attempts = 0 WHERE endpoint = $1 AND status = 'pending' AND attempts > 0")
            .bind(n)
            .execute(&mut batch.connection)
            .await
            .map_err(|e| batch.explain(&e))?;
        if let EndpointStatus::Disabled { .. } = was {
            let tip = batch.heads.seq;
            query("UPDATE endpoints SET planned_through = $2 WHERE n = $1")
                .bind(n)
                .bind(signed(tip))
                .execute(&mut batch.connection)
                .await
                .map_err(|e| batch.explain(&e))?;
        }
    }
    stored::update(batch, n, endpoint).await?;
    batch.told.endpoints = true;
    batch.log(&event, at)?;
    Ok(())
}
