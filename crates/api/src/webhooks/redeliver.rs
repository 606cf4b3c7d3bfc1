use crate::api::Api;
use crate::body::JsonBody;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{Scope, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which span of time to deliver again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeliveryIn {
    /// Events from here on: RFC 3339.
    #[schema(example = "2026-01-31T00:00:00Z")]
    since: String,
    /// Events before this; absent: up to now. RFC 3339.
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false, example = "2026-01-31T12:00:00Z")]
    until: Option<String>,
    /// Only what was not delivered yet; otherwise everything of the span once more.
    #[serde(default)]
    #[schema(default = false)]
    only_undelivered: bool,
}

/// How much is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Redelivery)]
pub(crate) struct RedeliveryOut {
    /// How many deliveries were made or set back to pending.
    #[schema(example = 12)]
    deliveries: u64,
}

permit!(redeliver: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Deliver a span of time again
///
/// Every event of the span that matches the webhook's filter as it is now and is still in the log.
#[utoipa::path(post, path = "/v1/webhooks/{id}/redeliver", tag = "webhooks", operation_id = "redeliver_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = RedeliveryIn,
    responses((status = 202, description = "They wait to be delivered, in order.", body = RedeliveryOut)))]
pub(crate) async fn redeliver(
    State(api): State<Api>,
    WebhookPath(id): WebhookPath,
    JsonBody(given): JsonBody<RedeliveryIn>,
) -> Result<(StatusCode, Json<RedeliveryOut>), Problem> {
    let now = api.now();
    let mut errors = Vec::new();
    let since = time("/since", &given.since, &mut errors);
    let until = given.until.as_deref().map_or(Some(now), |text| time("/until", text, &mut errors));
    if let (Some(since), Some(until)) = (since, until)
        && until <= since
    {
        errors.push(FieldError::at("/until", "must be later than since"));
    }
    let (Some(since), Some(until), true) = (since, until, errors.is_empty()) else { return Err(Problem::invalid(errors)) };
    api.endpoint(id).await?;
    let deliveries = api.ledger.redeliver_range(id, since, until, given.only_undelivered, now).await?;
    Ok((StatusCode::ACCEPTED, Json(RedeliveryOut { deliveries })))
}

fn time(pointer: &str, text: &str, errors: &mut Vec<FieldError>) -> Option<Timestamp> {
    let read = Timestamp::parse(text);
    if read.is_none() {
        errors.push(FieldError::at(pointer, "must be a time such as 2026-01-31T12:00:00Z (RFC 3339)"));
    }
    read
}
