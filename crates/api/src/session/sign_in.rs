use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

/// The ticket of a sign-in link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionIn {
    /// What follows `#sign-in=` in the link.
    ticket: String,
}

/// Sign this browser in
#[utoipa::path(post, path = "/v1/session", tag = "session", operation_id = "sign_in",
    request_body = SessionIn,
    security(()),
    responses((status = 204, description = "Signed in; the cookie is HttpOnly and SameSite=Strict.", headers(("Set-Cookie" = String, description = "The session.")))))]
pub(crate) async fn sign_in(State(api): State<Api>, Json(given): Json<SessionIn>) -> Result<Response, Problem> {
    let _ = (api, given.ticket);
    Err(Problem::of(Code::Unavailable))
}
