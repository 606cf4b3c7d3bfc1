use super::WebhookOut;
use crate::api::Api;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// All webhooks, in the order of their creation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    items: Vec<WebhookOut>,
}

/// List webhooks
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    responses((status = 200, description = "All webhooks, in the order of their creation.", body = WebhookList)))]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<WebhookList>, Problem> {
    let endpoints = api.ledger.endpoints().await?;
    let pending = api.ledger.pending_counts().await?;
    let items = endpoints.iter().map(|endpoint| WebhookOut::of(endpoint, &pending)).collect();
    Ok(Json(WebhookList { items }))
}
