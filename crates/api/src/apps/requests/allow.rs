use super::out::AppRequestOut;
use crate::api::Api;
use crate::apps::{field, permit};
use crate::body::{JsonBodyOrNone, given};
use crate::by::By;
use crate::guard::{Need, permit};
use crate::params::AppRequestName;
use crate::problem::Problem;
use access::Allowance;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::PermitOut;

/// What the program gets; what is absent is as it asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowIn {
    /// Less than it asked for, never more.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = json!([{"scope": "messages:send:ask", "channels": null, "recipients": ["15550100123@s.whatsapp.net"]}]))]
    permits: Option<Vec<PermitOut>>,
    /// Only until WhatIsUp quits.
    #[serde(default)]
    once: bool,
    /// For how many seconds its key is good; absent: without an end.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = json!(null), minimum = 60)]
    expires_in: Option<u64>,
    /// What to call it; absent: what it calls itself.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, min_length = 1, max_length = 64)]
    name: Option<String>,
}

/// Let a program in
///
/// For a person: no key of an app is good for this. Instead of the id the code will do.
#[utoipa::path(post, path = "/v1/apps/requests/{id}/allow", tag = "apps", operation_id = "allow_access",
    params(("id" = String, Path, description = "The request, or its code.", example = "req_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = Option<AllowIn>,
    responses((status = 200, description = "Allowed: the program collects its key.", body = AppRequestOut)))]
pub(crate) async fn allow(
    State(api): State<Api>,
    by: By,
    AppRequestName(name): AppRequestName,
    JsonBodyOrNone(given): JsonBodyOrNone<AllowIn>,
) -> Result<Json<AppRequestOut>, Problem> {
    let mut errors = Vec::new();
    let allowance = Allowance {
        permits: given.permits.map(|permits| permit::read(&permits, "/permits", &mut errors)),
        once: given.once,
        expires_in: given.expires_in.map(|seconds| field::life(seconds, &mut errors)),
        name: given.name.map(|name| field::name(&name, &mut errors)),
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let request = api.access.allow(name, allowance, by.into()).await?;
    Ok(Json(AppRequestOut::of(&request, &api.overview())))
}

permit!(allow: Need::person().audits_itself());
