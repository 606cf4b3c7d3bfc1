use crate::guard::{Caller, Need, permit};
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// As whom the caller is known.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionOut {
    /// `key` or `cookie`.
    #[schema(example = "cookie")]
    via: &'static str,
    /// When a cookie ends: RFC 3339, UTC.
    #[schema(required)]
    expires_at: Option<String>,
}

permit!(show: Need::known());

/// Ask whether one is signed in
#[utoipa::path(get, path = "/v1/session", tag = "session", operation_id = "show_session",
    responses((status = 200, description = "Signed in.", body = SessionOut)))]
pub(crate) async fn show(caller: Caller) -> Json<SessionOut> {
    Json(match caller {
        Caller::Admin | Caller::App(_) => SessionOut { via: "key", expires_at: None },
        Caller::Browser(browser) => SessionOut { via: "cookie", expires_at: Some(browser.until.to_string()) },
    })
}
