use super::WebhookOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use domain::Scope;
use ledger::{EndpointStatus, LedgerError};

permit!(resume: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Resume a webhook
///
/// What waits is delivered in order. One that was disabled begins with the events from now on. While the app that it belongs to may not
/// come in, nothing is sent for it: `409 conflict`.
#[utoipa::path(post, path = "/v1/webhooks/{id}/resume", tag = "webhooks", operation_id = "resume_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The webhook as it is now.", body = WebhookOut)))]
pub(crate) async fn resume(State(api): State<Api>, WebhookPath(id): WebhookPath) -> Result<Json<WebhookOut>, Problem> {
    let before = api.endpoint(id).await?;
    let after = match before.status {
        EndpointStatus::Active => before,
        EndpointStatus::Paused { .. } | EndpointStatus::Disabled { .. } => {
            let resumed = api.ledger.set_endpoint_status(id, EndpointStatus::Active, api.now()).await;
            resumed.map_err(|error| if error == LedgerError::NoSuchApp { shut_out() } else { error.into() })?
        }
    };
    Ok(Json(api.webhook(&after).await?))
}

fn shut_out() -> Problem {
    let says = "The app that this webhook belongs to may not come in. Let the app in again (enable it, or make it a key), then resume. \
                For events that you want whatever becomes of the app, make a webhook of your own.";
    Problem::new(Code::Conflict, says)
}
