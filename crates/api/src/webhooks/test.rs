use super::sample;
use crate::api::Api;
use crate::body::{JsonBodyOrNone, given};
use crate::events::kinds;
use crate::guard::{Need, permit};
use crate::params::WebhookPath;
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What most receivers are for.
const DEFAULT: &str = "message.received";

/// What to try the receiver with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestIn {
    /// The type of the made-up event; `message.received` when absent.
    #[serde(rename = "type", default, deserialize_with = "given")]
    #[schema(nullable = false, example = "message.received", default = "message.received")]
    kind: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
pub(crate) struct TestOut {
    /// The status that the receiver answered, when it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 200)]
    status: Option<u16>,
    #[schema(example = 12)]
    latency_ms: u64,
    /// The first 2 kB of its answer.
    answer: String,
    /// What went wrong, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Whether it counts as delivered: any 2xx.
    delivered: bool,
}

permit!(test: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Try a webhook
///
/// Sends one made-up event, signed like any other, with `seq` 0 and a sentence that says that it is a test. It is not in the log,
/// is tried once, and changes nothing; a webhook that is paused can be tried too.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "webhooks", operation_id = "test_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = Option<TestIn>,
    responses((status = 200, description = "What came of it, whether the receiver took it or not.", body = TestOut)))]
pub(crate) async fn test(
    State(api): State<Api>,
    WebhookPath(id): WebhookPath,
    JsonBodyOrNone(given): JsonBodyOrNone<TestIn>,
) -> Result<Json<TestOut>, Problem> {
    let endpoint = api.endpoint(id).await?;
    let kind = given.kind.as_deref().unwrap_or(DEFAULT);
    let event = sample::logged(kind, api.now(), endpoint.id, &endpoint.url).ok_or_else(|| {
        let says = kinds::exact(kind).err().unwrap_or_default();
        Problem::invalid(vec![FieldError::at("/type", says)])
    })?;
    let tried = api.webhooks.try_once(&endpoint, &event).await;
    Ok(Json(TestOut {
        status: tried.http_status,
        latency_ms: tried.latency_ms,
        answer: tried.answer,
        error: tried.error,
        delivered: tried.delivered,
    }))
}
