use super::WebhookOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use ledger::EndpointStatus;

permit!(resume: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Resume a webhook
///
/// What waits is delivered in order. One that was disabled begins with the events from now on.
#[utoipa::path(post, path = "/v1/webhooks/{id}/resume", tag = "webhooks", operation_id = "resume_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The webhook as it is now.", body = WebhookOut)))]
pub(crate) async fn resume(State(api): State<Api>, WebhookPath(id): WebhookPath) -> Result<Json<WebhookOut>, Problem> {
    let before = api.endpoint(id).await?;
    let after = match before.status {
        EndpointStatus::Active => before,
        EndpointStatus::Paused { .. } | EndpointStatus::Disabled { .. } => {
            api.ledger.set_endpoint_status(id, EndpointStatus::Active, api.now()).await?
        }
    };
    Ok(Json(api.webhook(&after).await?))
}
