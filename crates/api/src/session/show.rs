use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// As whom the caller is known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionOut {
    /// `key` or `cookie`.
    #[schema(example = "cookie")]
    via: String,
    /// When a cookie ends: RFC 3339, UTC.
    #[schema(required)]
    expires_at: Option<String>,
}

/// Ask whether one is signed in
#[utoipa::path(get, path = "/v1/session", tag = "session", operation_id = "show_session",
    responses((status = 200, description = "Signed in.", body = SessionOut)))]
pub(crate) async fn show(State(api): State<Api>) -> Result<Json<SessionOut>, Problem> {
    let _ = (api, SessionOut { via: String::new(), expires_at: None });
    Err(Problem::of(Code::Unavailable))
}
