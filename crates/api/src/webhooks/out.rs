use domain::{EndpointId, PauseReason};
use ledger::{Endpoint, EndpointStatus, PendingCount, SigningSecret};
use serde::Serialize;
use utoipa::ToSchema;

/// A receiver of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookOut {
    #[schema(example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    id: String,
    #[schema(example = "http://127.0.0.1:8080/hooks/whatsapp")]
    url: String,
    /// For people; may be empty.
    #[schema(example = "Orders to the till")]
    description: String,
    /// Only events of these channels; empty: all, also those that are about no channel.
    channels: Vec<String>,
    /// Only these types or families; empty: all.
    #[schema(example = json!(["message.*"]))]
    types: Vec<String>,
    /// The headers that are sent along, by name. Their values are never shown.
    #[schema(example = json!(["authorization"]))]
    header_names: Vec<String>,
    /// How many deliveries may be under way at once. With 1, events arrive in their order.
    #[schema(example = 1)]
    concurrency: u32,
    /// `active`, `paused` (events go on being collected for it) or `disabled` (they are not).
    #[schema(example = "active")]
    status: &'static str,
    /// Why it is paused or disabled: `by_hand`, `failing`, `app_revoked` or `gone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<&'static str>,
    /// Since when it is paused or disabled: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_since: Option<String>,
    /// How it stands and what to do, for a person.
    #[schema(example = "Events are delivered as they happen.")]
    summary: String,
    /// Since when every attempt has failed: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<String>,
    /// How many deliveries wait.
    #[schema(example = 0)]
    pending: u64,
    /// When the oldest of them was made: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_pending_at: Option<String>,
    /// The secrets that sign just now, newest first; two while a rotation overlaps. They are shown when they are made, never again.
    secrets: Vec<SecretOut>,
    /// The app that made it, and sees it: it is owed what that app may see. Null: a person's.
    #[schema(required)]
    app_id: Option<String>,
    /// Whether it may be on this machine or in its networks, because a person named the address.
    trusted_addresses: bool,
    /// RFC 3339, UTC.
    created_at: String,
    /// RFC 3339, UTC.
    updated_at: String,
}

/// That there is a signing secret, not what it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub(crate) struct SecretOut {
    /// RFC 3339, UTC.
    created_at: String,
    /// When it stops signing: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// A webhook that was just made, with its secret: keep it, it is not shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookMade {
    #[serde(flatten)]
    pub webhook: WebhookOut,
    /// For the receiver, to check signatures with (Standard Webhooks).
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub secret: String,
}

impl WebhookOut {
    pub fn of(endpoint: &Endpoint, pending: &[PendingCount]) -> Self {
        let pending = pending.iter().find(|count| count.endpoint == endpoint.id);
        let (status, reason, since) = match endpoint.status {
            EndpointStatus::Active => ("active", None, None),
            EndpointStatus::Paused { reason, since } => ("paused", Some(reason.as_str()), Some(since)),
            EndpointStatus::Disabled { since } => ("disabled", Some("gone"), Some(since)),
        };
        let many = pending.map_or(0, |p| p.pending);
        WebhookOut {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            channels: endpoint.filter.channels.iter().map(ToString::to_string).collect(),
            types: endpoint.filter.kinds.clone(),
            header_names: endpoint.headers.iter().map(|(name, _)| name.clone()).collect(),
            concurrency: endpoint.concurrency,
            status,
            status_reason: reason,
            status_since: since.map(|t| t.to_string()),
            summary: summary(endpoint, many),
            failing_since: endpoint.failing_since.map(|t| t.to_string()),
            pending: many,
            oldest_pending_at: pending.and_then(|p| p.oldest).map(|t| t.to_string()),
            secrets: endpoint.secrets.iter().map(SecretOut::from).collect(),
            app_id: endpoint.app.map(|app| app.to_string()),
            trusted_addresses: endpoint.trusted_addresses,
            created_at: endpoint.created_at.to_string(),
            updated_at: endpoint.updated_at.to_string(),
        }
    }

    pub fn location(id: EndpointId) -> String {
        format!("/v1/webhooks/{id}")
    }
}

impl From<&SigningSecret> for SecretOut {
    fn from(secret: &SigningSecret) -> Self {
        SecretOut { created_at: secret.created_at.to_string(), expires_at: secret.expires_at.map(|t| t.to_string()) }
    }
}

fn summary(endpoint: &Endpoint, pending: u64) -> String {
    let waiting = match pending {
        0 => "nothing waits".to_owned(),
        1 => "1 event waits".to_owned(),
        n => format!("{n} events wait"),
    };
    match (endpoint.status, endpoint.failing_since) {
        (EndpointStatus::Active, None) if pending == 0 => "Events are delivered as they happen.".to_owned(),
        (EndpointStatus::Active, None) => format!("Events are being delivered; {waiting}."),
        (EndpointStatus::Active, Some(_)) => {
            format!("The receiver does not take events just now; {waiting} and will be tried again. Its deliveries say why.")
        }
        (EndpointStatus::Paused { reason: PauseReason::ByHand, .. }, _) => {
            format!("Paused by hand; {waiting}. Resume it to deliver them in order.")
        }
        (EndpointStatus::Paused { reason: PauseReason::Failing, .. }, _) => {
            format!(
                "Paused because the receiver failed for too long; {waiting}, and none is lost. Mend the receiver, then resume."
            )
        }
        (EndpointStatus::Paused { reason: PauseReason::AppRevoked, .. }, _) => {
            format!(
                "Paused because the app that it belongs to may not come in; {waiting}. It goes on by itself when you let the app in \
                 again, unless you pause it by hand; or delete it."
            )
        }
        (EndpointStatus::Disabled { .. }, _) => {
            "Disabled because the receiver answered 410 Gone. Events are no longer collected for it; resume it to begin anew."
                .to_owned()
        }
    }
}
