use crate::api::Api;
use crate::cursor;
use crate::deliveries::DeliveryOut;
use crate::events::kinds;
use crate::guard::{Need, permit};
use crate::params::{self, Params, WebhookPath};
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::Scope;
use ledger::{DeliveryQuery, DeliveryStatus};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const LIST: &str = "deliveries";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// Only those that are `pending`, `delivered` or `skipped`.
    #[serde(default)]
    #[param(example = "pending")]
    status: Option<String>,
    /// Only this type of event.
    #[serde(default, rename = "type")]
    #[param(example = "message.received")]
    kind: Option<String>,
    /// How many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// Deliveries, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    items: Vec<DeliveryOut>,
    /// What `cursor` takes for the next page; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

permit!(deliveries: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// List a webhook's deliveries
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "list_deliveries",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2"), DeliveriesQuery),
    responses((status = 200, description = "Newest first.", body = DeliveryPage)))]
pub(crate) async fn deliveries(
    State(api): State<Api>,
    WebhookPath(id): WebhookPath,
    Params(asked): Params<DeliveriesQuery>,
) -> Result<Json<DeliveryPage>, Problem> {
    let limit = params::limit(asked.limit, 50, 200)?;
    let status = asked.status.as_deref().map(status).transpose()?;
    let before = asked.cursor.as_deref().map(|c| cursor::read(LIST, c)).transpose()?;
    let refused = |says| Problem::invalid(vec![FieldError::parameter("type", says)]);
    asked.kind.as_deref().map(kinds::exact).transpose().map_err(refused)?;
    api.endpoint(id).await?;
    let page = api.ledger.deliveries(&DeliveryQuery { endpoint: Some(id), status, kind: asked.kind, before, limit }).await?;
    let next_cursor = page.next.map(|n| cursor::write(LIST, n));
    Ok(Json(DeliveryPage { items: page.deliveries.iter().map(DeliveryOut::from).collect(), next_cursor }))
}

fn status(text: &str) -> Result<DeliveryStatus, Problem> {
    [DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Skipped]
        .into_iter()
        .find(|s| s.as_str() == text)
        .ok_or_else(|| Problem::invalid(vec![FieldError::parameter("status", "must be pending, delivered or skipped")]))
}
