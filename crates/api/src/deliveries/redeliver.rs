use super::DeliveryOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::DeliveryPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;

permit!(redeliver: Need::scope(Scope::WebhooksManage).of_delivery("id"));

/// Deliver once more
///
/// Sets the delivery back to pending, whatever became of it, and begins its schedule anew.
#[utoipa::path(post, path = "/v1/deliveries/{id}/redeliver", tag = "webhooks", operation_id = "redeliver",
    params(("id" = String, Path, description = "The delivery.", example = "dlv_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 202, description = "It waits to be delivered.", body = DeliveryOut)))]
pub(crate) async fn redeliver(
    State(api): State<Api>,
    DeliveryPath(id): DeliveryPath,
) -> Result<(StatusCode, Json<DeliveryOut>), Problem> {
    let delivery = api.ledger.redeliver(id, api.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryOut::from(&delivery))))
}
