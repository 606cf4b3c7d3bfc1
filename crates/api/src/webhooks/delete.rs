use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;

permit!(delete: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Delete a webhook
///
/// With its deliveries and what was logged of them. Events stay in the log.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "delete_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 204, description = "Gone.")))]
pub(crate) async fn delete(State(api): State<Api>, WebhookPath(id): WebhookPath) -> Result<StatusCode, Problem> {
    api.ledger.delete_endpoint(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
