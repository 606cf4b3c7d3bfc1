use super::WebhookOut;
use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::Serialize;
use utoipa::ToSchema;

/// All webhooks, in the order of their creation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    items: Vec<WebhookOut>,
}

permit!(list: Need::scope(Scope::WebhooksManage));

/// List webhooks
///
/// A program sees those that it made itself.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    responses((status = 200, description = "All webhooks, in the order of their creation.", body = WebhookList)))]
pub(crate) async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<WebhookList>, Problem> {
    let endpoints = api.ledger.endpoints().await?;
    let pending = api.ledger.pending_counts().await?;
    let own = endpoints.iter().filter(|endpoint| caller.is_person() || endpoint.app == caller.app());
    let items = own.map(|endpoint| WebhookOut::of(endpoint, &pending)).collect();
    Ok(Json(WebhookList { items }))
}
