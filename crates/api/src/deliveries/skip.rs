use super::DeliveryOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::DeliveryPath;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use domain::Scope;
use ledger::DeliveryStatus;

permit!(skip: Need::scope(Scope::WebhooksManage).of_delivery("id"));

/// Skip a delivery
///
/// For one that the receiver will never take: what waits behind it goes on. It can be delivered again later.
#[utoipa::path(post, path = "/v1/deliveries/{id}/skip", tag = "webhooks", operation_id = "skip_delivery",
    params(("id" = String, Path, description = "The delivery.", example = "dlv_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "Skipped.", body = DeliveryOut)))]
pub(crate) async fn skip(State(api): State<Api>, DeliveryPath(id): DeliveryPath) -> Result<Json<DeliveryOut>, Problem> {
    let after = api.ledger.skip(id, api.now()).await?;
    if after.status == DeliveryStatus::Skipped {
        Ok(Json(DeliveryOut::from(&after)))
    } else {
        Err(Problem::of(Code::NotPending))
    }
}
