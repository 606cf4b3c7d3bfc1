use super::endpoint::public_url;
use super::stored::{self, SECRETS_KEPT};
use super::{Endpoint, EndpointPatch, EndpointStatus, SigningSecret};
use crate::batch::{Batch, signed};
use crate::sql::query;
use crate::{Ledger, LedgerError, access};
use domain::{AppId, EndpointId, Event, PauseReason, Timestamp};

impl Ledger {
    /// Adds a receiver; events after now are owed to it, unless it is of an app that may not come in (any more). `AlreadyThere` when
    /// its id is taken.
    pub async fn create_endpoint(&self, endpoint: Endpoint) -> Result<(), LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let from = batch.heads.seq;
                stored::insert(batch, &endpoint, from).await?;
                if let Some(app) = endpoint.app {
                    access::settle(batch, app, endpoint.created_at).await?;
                }
                batch.endpoints_changed = true;
                Ok(())
            })
        })
        .await
    }

    /// Changes settings. A new address that no person names is trusted with nothing that the one before was: neither with addresses
    /// of this machine nor with the headers. `NoSuchEndpoint`.
    pub async fn update_endpoint(&self, id: EndpointId, patch: EndpointPatch, at: Timestamp) -> Result<Endpoint, LedgerError> {
        self.change(id, move |endpoint| {
            let EndpointPatch { url, description, filter, headers, concurrency, by_person } = patch;
            if let Some(url) = url {
                if by_person {
                    endpoint.trusted_addresses = true;
                } else if url != endpoint.url {
                    endpoint.trusted_addresses = false;
                    endpoint.headers.clear();
                }
                endpoint.url = url;
            }
            endpoint.description = description.unwrap_or_else(|| std::mem::take(&mut endpoint.description));
            endpoint.filter = filter.unwrap_or_else(|| std::mem::take(&mut endpoint.filter));
            for (name, value) in headers {
                endpoint.headers.retain(|(known, _)| *known != name);
                endpoint.headers.extend(value.map(|value| (name, value)));
            }
            endpoint.concurrency = concurrency.unwrap_or(endpoint.concurrency);
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
    /// counts as not failing, and what waits for its next try may be tried at once. One that is paused because its app may not come
    /// in can be paused by hand besides: then it stays so when the app may again. `NoSuchEndpoint`; `NoSuchApp`: active while its app
    /// may not come in.
    pub async fn set_endpoint_status(
        &self,
        id: EndpointId,
        status: EndpointStatus,
        at: Timestamp,
    ) -> Result<Endpoint, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let (n, mut endpoint) = find(batch, id).await?;
                if let (EndpointStatus::Active, Some(app)) = (status, endpoint.app)
                    && !access::may_come_in(batch, app, at).await?
                {
                    return Err(LedgerError::NoSuchApp);
                }
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
    let overruled = matches!(
        (endpoint.status, status),
        (
            EndpointStatus::Paused { reason: PauseReason::AppRevoked, .. },
            EndpointStatus::Paused { reason: PauseReason::ByHand, .. }
        )
    );
    if endpoint.status.word() == status.word() && !overruled {
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
