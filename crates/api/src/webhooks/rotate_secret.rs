use crate::api::Api;
use crate::body::JsonBodyOrNone;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::Scope;
use ledger::SigningSecret;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// A week: longer than that, a secret that should go is still good.
const LONGEST_OVERLAP: u64 = 7 * 24 * 3600;

/// How to rotate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotationIn {
    /// For how long the secret of before signs along, in seconds; 0 ends it at once.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 604800, default = 86400)]
    overlap_seconds: u64,
}

fn a_day() -> u64 {
    24 * 3600
}

/// The new secret: keep it, it is not shown again.
#[derive(Serialize, ToSchema)]
#[schema(as = Rotation)]
pub(crate) struct RotationOut {
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// Until when the secret of before signs along: RFC 3339, UTC.
    previous_expires_at: String,
}

permit!(rotate_secret: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Rotate the signing secret
///
/// Until the overlap is over each delivery carries two signatures, so that the receiver can be changed without a hurry. A third
/// secret, of a rotation before, ends at once.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate-secret", tag = "webhooks", operation_id = "rotate_webhook_secret",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = Option<RotationIn>,
    responses((status = 200, description = "Rotated.", body = RotationOut)))]
pub(crate) async fn rotate_secret(
    State(api): State<Api>,
    WebhookPath(id): WebhookPath,
    JsonBodyOrNone(given): JsonBodyOrNone<RotationIn>,
) -> Result<Json<RotationOut>, Problem> {
    if given.overlap_seconds > LONGEST_OVERLAP {
        let says = format!("must be at most {LONGEST_OVERLAP} (a week)");
        return Err(Problem::invalid(vec![FieldError::at("/overlap_seconds", says)]));
    }
    let now = api.now();
    let until = now.plus(Duration::from_secs(given.overlap_seconds));
    let shown = ::webhooks::fresh_secret();
    let secret = SigningSecret { secret: SecretString::from(shown.as_str()), created_at: now, expires_at: None };
    api.ledger.rotate_secret(id, secret, until, now).await?;
    Ok(Json(RotationOut { secret: shown.to_string(), previous_expires_at: until.to_string() }))
}
