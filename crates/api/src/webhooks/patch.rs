use super::{WebhookOut, field, header};
use crate::api::Api;
use crate::body::{JsonBody, given};
use crate::guard::{Caller, Need, permit};
use crate::params::WebhookPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::{EventFilter, Scope};
use ledger::EndpointPatch;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookPatch {
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 2000)]
    url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 200)]
    description: Option<String>,
    /// The whole list; empty: all channels.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 200)]
    channels: Option<Vec<String>>,
    /// The whole list; empty: all types.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 64)]
    types: Option<Vec<String>>,
    /// Headers to add or replace; one that is null is taken away, one that is not named stays.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Option<String>>, required = false)]
    headers: BTreeMap<String, Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, minimum = 1, maximum = 16)]
    concurrency: Option<u32>,
}

permit!(patch: Need::scope(Scope::WebhooksManage).of_webhook("id"));

/// Change a webhook
///
/// A new filter decides about events that were not matched yet; deliveries that exist stay and go to the new address. The headers
/// go there too when a person names it; when a program does, only those that the same request sets: the others are taken away.
#[utoipa::path(patch, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "patch_webhook",
    params(("id" = String, Path, description = "The webhook.", example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = WebhookPatch,
    responses((status = 200, description = "The webhook as it is now.", body = WebhookOut)))]
pub(crate) async fn patch(
    State(api): State<Api>,
    caller: Caller,
    WebhookPath(id): WebhookPath,
    JsonBody(given): JsonBody<WebhookPatch>,
) -> Result<Json<WebhookOut>, Problem> {
    let before = api.endpoint(id).await?;
    let mut errors = Vec::new();
    let url = given.url.and_then(|url| field::url(&api, &caller, &url, &mut errors));
    let description = given.description.map(|text| field::description(&text, &mut errors));
    let channels = given.channels.map(|all| field::channels(&api, &caller, &all, &mut errors));
    let kinds = given.types.map(|all| field::types(&all, &mut errors));
    let concurrency = given.concurrency.map(|n| field::concurrency(n, &mut errors));
    // What a person trusted with them is the address as it was; which it is then, the ledger knows better.
    let stay = caller.is_person() || url.as_ref().is_none_or(|url| *url == before.url);
    let mut all = if stay { before.headers } else { Vec::new() };
    let headers = header::merge(&mut all, &given.headers, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let filter =
        EventFilter { channels: channels.unwrap_or(before.filter.channels), kinds: kinds.unwrap_or(before.filter.kinds) };
    let by_person = caller.is_person();
    let patch = EndpointPatch { url, description, filter: Some(filter), headers, concurrency, by_person };
    let after = api.ledger.update_endpoint(id, patch, api.now()).await?;
    Ok(Json(api.webhook(&after).await?))
}
