use super::WebhookOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::{PauseReason, Scope};
use ledger::EndpointStatus;

permit!(pause: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Pause a webhook
///
/// Nothing is sent until it is resumed; events go on being collected for it. One that is paused because its app was revoked stays paused
/// then when the app is let in again.
#[utoipa::path(post, path = "/v1/webhooks/{id}/pause", tag = "webhooks", operation_id = "pause_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The webhook as it is now.", body = WebhookOut)))]
pub(crate) async fn pause(State(api): State<Api>, WebhookPath(id): WebhookPath) -> Result<Json<WebhookOut>, Problem> {
    let before = api.endpoint(id).await?;
    let now = api.now();
    let after = match before.status {
        EndpointStatus::Active | EndpointStatus::Paused { reason: PauseReason::AppRevoked, .. } => {
            let paused = EndpointStatus::Paused { reason: PauseReason::ByHand, since: now };
            api.ledger.set_endpoint_status(id, paused, now).await?
        }
        // It rests already, and the reason that it has says more.
        EndpointStatus::Paused { reason: PauseReason::ByHand | PauseReason::Failing, .. } | EndpointStatus::Disabled { .. } => {
            before
        }
    };
    Ok(Json(api.webhook(&after).await?))
}
