use crate::api::Api;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether it can do its work, check by check.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Check {
    /// `ledger`, `channels` or `vault`.
    #[schema(example = "ledger")]
    name: String,
    ok: bool,
    /// For a person.
    detail: String,
}

/// Whether it can do its work
#[utoipa::path(get, path = "/readyz", tag = "ops", operation_id = "readyz",
    responses((status = 200, description = "It can.", body = Readiness), (status = 503, description = "It cannot; `checks` says why.", body = Readiness)))]
pub(crate) async fn readyz(State(api): State<Api>) -> (StatusCode, Json<Readiness>) {
    let _ = (api, Check { name: String::new(), ok: false, detail: String::new() });
    (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { ready: false, checks: Vec::new() }))
}
