use super::permit::Asked;
use super::{AppOut, field};
use crate::api::Api;
use crate::body::{JsonBody, given};
use crate::by::By;
use crate::guard::{Need, permit};
use crate::problem::Problem;
use access::NewApp;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::PermitOut;

/// An app to make by hand: `scopes`, which share `channels` and `recipients`; or `permits`, each with its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppIn {
    /// 1 to 64 visible characters.
    #[schema(example = "Desk assistant", min_length = 1, max_length = 64)]
    name: String,
    /// What it may do.
    #[serde(default)]
    #[schema(example = json!(["channels:read", "messages:send:ask"]), max_items = 32)]
    scopes: Option<Vec<String>>,
    /// On these channels only; null or absent: on all.
    #[serde(default)]
    #[schema(example = json!(null), max_items = 200)]
    channels: Option<Vec<String>>,
    /// In these chats only, by phone number or chat id; null or absent: in all.
    #[serde(default)]
    #[schema(example = json!(null), max_items = 200)]
    recipients: Option<Vec<String>>,
    /// Instead of the three above.
    #[serde(default)]
    #[schema(example = json!(null), max_items = 32)]
    permits: Option<Vec<PermitOut>>,
    /// The origins of pages that may use its keys, as browsers write them.
    #[serde(default)]
    #[schema(example = json!([]), max_items = 16)]
    origins: Vec<String>,
    /// The programs of this machine that are let in over the Unix socket without a key: full paths.
    #[serde(default)]
    #[schema(example = json!([]), max_items = 16)]
    programs: Vec<String>,
    /// How many requests each of its keys may make in a minute; null or absent: as many as any.
    #[serde(default)]
    #[schema(example = json!(null), minimum = 1, maximum = 100000)]
    limits: Option<u32>,
    /// For how many seconds its first key is good; absent: without an end.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = json!(null), minimum = 60)]
    expires_in: Option<u64>,
}

/// An app that was just made, with its first key: keep it, it is not shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppMade {
    app: AppOut,
    /// Send it as `Authorization: Bearer wiu_…`.
    #[schema(example = "wiu_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")]
    key: String,
    #[schema(example = "key_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    key_id: String,
}

/// Make an app
///
/// By hand, for a program that does not ask by itself. For a person: no key of an app is good for this.
#[utoipa::path(post, path = "/v1/apps", tag = "apps", operation_id = "create_app",
    request_body = AppIn,
    responses((status = 201, description = "Made, with its first key.", body = AppMade, headers(("Location" = String, description = "The app's address.")))))]
pub(crate) async fn create(
    State(api): State<Api>,
    by: By,
    JsonBody(given): JsonBody<AppIn>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<AppMade>), Problem> {
    let mut errors = Vec::new();
    let name = field::name(&given.name, &mut errors);
    let AppIn { scopes, channels, recipients, permits, .. } = given;
    let permits = Asked { scopes, channels, recipients, permits }.read(&mut errors);
    let origins = field::origins(&given.origins, &mut errors);
    let programs = field::programs(given.programs, &mut errors).await;
    let limits = given.limits.map(|n| field::limit(n, &mut errors));
    let expires_in = given.expires_in.map(|seconds| field::life(seconds, &mut errors));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let new = NewApp { name, permits, origins, programs, limits, expires_in };
    let (app, made) = api.access.create_app(new, by.into()).await?;
    let made = AppMade { app: api.app_out(&app).await?, key: made.secret.expose().to_owned(), key_id: made.key.id.to_string() };
    Ok((StatusCode::CREATED, [(header::LOCATION, AppOut::location(app.id))], Json(made)))
}

permit!(create: Need::person().audits_itself());
