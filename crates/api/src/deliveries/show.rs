use super::DeliveryOut;
use crate::api::Api;
use crate::events::{envelope, seen};
use crate::guard::{Caller, Need, permit};
use crate::params::DeliveryPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use ledger::Attempt;
use serde::Serialize;
use utoipa::ToSchema;
use wire::EventOut;

/// A delivery with what is sent and what came of every try.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryDetail {
    #[serde(flatten)]
    delivery: DeliveryOut,
    /// The body that is posted; null when the event is older than what the log keeps, or is not for the
    /// program that asks.
    #[schema(required)]
    payload: Option<EventOut>,
    /// Every try, oldest first.
    attempts_log: Vec<AttemptOut>,
}

/// One try.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptOut {
    /// RFC 3339, UTC.
    at: String,
    #[schema(example = 12)]
    latency_ms: u64,
    /// The status that the receiver answered, when it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 200)]
    status: Option<u16>,
    /// The first 2 kB of its answer.
    answer: String,
    /// What went wrong, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    delivered: bool,
}

impl From<&Attempt> for AttemptOut {
    fn from(a: &Attempt) -> Self {
        AttemptOut {
            at: a.at.to_string(),
            latency_ms: a.latency_ms,
            status: a.http_status,
            answer: a.answer.clone(),
            error: a.error.clone(),
            delivered: a.delivered,
        }
    }
}

permit!(show: Need::scope(Scope::WebhooksManage).of_delivery("id"));

/// Show a delivery
#[utoipa::path(get, path = "/v1/deliveries/{id}", tag = "webhooks", operation_id = "show_delivery",
    params(("id" = String, Path, description = "The delivery.", example = "dlv_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The delivery, what is sent, and every try.", body = DeliveryDetail)))]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    DeliveryPath(id): DeliveryPath,
) -> Result<Json<DeliveryDetail>, Problem> {
    let (delivery, event, attempts) = api.ledger.delivery(id).await?.ok_or_else(|| Problem::no_such("delivery"))?;
    Ok(Json(DeliveryDetail {
        delivery: DeliveryOut::from(&delivery),
        // A program that may less by now sees less of what it was owed before.
        payload: seen(&api, &caller, event.into_iter().collect()).await?.pop().map(envelope),
        attempts_log: attempts.iter().map(AttemptOut::from).collect(),
    }))
}
