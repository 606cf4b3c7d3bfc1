use super::KeyMade;
use crate::api::Api;
use crate::apps::field;
use crate::body::{JsonBodyOrNone, given};
use crate::by::By;
use crate::guard::{Need, permit};
use crate::params::AppPath;
use crate::problem::Problem;
use access::KeySpec;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// A further key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyIn {
    /// For people: at most 64 visible characters.
    #[serde(default)]
    #[schema(example = "laptop", max_length = 64)]
    label: String,
    /// For how many seconds it is good; absent: without an end.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = json!(null), minimum = 60)]
    expires_in: Option<u64>,
}

/// Make a further key for an app
///
/// For a person: no key of an app is good for this. The key in the answer is shown this once.
#[utoipa::path(post, path = "/v1/apps/{id}/keys", tag = "apps", operation_id = "create_key",
    params(("id" = String, Path, description = "The app.", example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = Option<KeyIn>,
    responses((status = 201, description = "Made.", body = KeyMade)))]
pub(crate) async fn create(
    State(api): State<Api>,
    by: By,
    AppPath(id): AppPath,
    JsonBodyOrNone(given): JsonBodyOrNone<KeyIn>,
) -> Result<(StatusCode, Json<KeyMade>), Problem> {
    let mut errors = Vec::new();
    let new = KeySpec {
        label: field::label(&given.label, &mut errors),
        expires_in: given.expires_in.map(|seconds| field::life(seconds, &mut errors)),
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let made = api.access.create_key(id, new, by.into()).await?;
    Ok((StatusCode::CREATED, Json(KeyMade::of(&made, api.now()))))
}

permit!(create: Need::person().audits_itself());
