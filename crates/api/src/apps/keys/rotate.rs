use super::KeyMade;
use crate::api::Api;
use crate::body::JsonBodyOrNone;
use crate::by::By;
use crate::guard::{Need, permit};
use crate::params::KeyPath;
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;

/// A week: longer than that, a key that should go is still good.
const LONGEST_OVERLAP: u64 = 7 * 24 * 3600;

/// How to rotate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRotationIn {
    /// For how long the key of before goes on, in seconds; 0 ends it at once.
    #[serde(default = "a_day")]
    #[schema(minimum = 0, maximum = 604800, default = 86400)]
    overlap_seconds: u64,
}

fn a_day() -> u64 {
    24 * 3600
}

/// Rotate a key
///
/// The new key is shown this once. The one of before goes on until the overlap is over, so that the program can be changed without a
/// hurry. For a person: no key of an app is good for this.
#[utoipa::path(post, path = "/v1/apps/{id}/keys/{key}/rotate", tag = "apps", operation_id = "rotate_key",
    params(("id" = String, Path, description = "The app.", example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2"),
        ("key" = String, Path, description = "The key.", example = "key_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = Option<KeyRotationIn>,
    responses((status = 201, description = "The new key.", body = KeyMade)))]
pub(crate) async fn rotate(
    State(api): State<Api>,
    by: By,
    KeyPath(app, key): KeyPath,
    JsonBodyOrNone(given): JsonBodyOrNone<KeyRotationIn>,
) -> Result<(StatusCode, Json<KeyMade>), Problem> {
    if given.overlap_seconds > LONGEST_OVERLAP {
        let says = format!("must be at most {LONGEST_OVERLAP} (a week)");
        return Err(Problem::invalid(vec![FieldError::at("/overlap_seconds", says)]));
    }
    let made = api.access.rotate_key(app, key, Duration::from_secs(given.overlap_seconds), by.into()).await?;
    Ok((StatusCode::CREATED, Json(KeyMade::of(&made, api.now()))))
}

permit!(rotate: Need::person().audits_itself());
