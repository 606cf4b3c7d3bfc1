use super::WebhookOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;

permit!(show: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Show a webhook
#[utoipa::path(get, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "show_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The webhook as it is now.", body = WebhookOut)))]
pub(crate) async fn show(State(api): State<Api>, WebhookPath(id): WebhookPath) -> Result<Json<WebhookOut>, Problem> {
    let endpoint = api.endpoint(id).await?;
    Ok(Json(api.webhook(&endpoint).await?))
}
