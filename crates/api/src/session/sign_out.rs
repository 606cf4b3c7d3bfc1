use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::response::Response;

/// Sign this browser out
#[utoipa::path(delete, path = "/v1/session", tag = "session", operation_id = "sign_out",
    responses((status = 204, description = "Signed out; the cookie is void.")))]
pub(crate) async fn sign_out(State(api): State<Api>) -> Result<Response, Problem> {
    let _ = api;
    Err(Problem::of(Code::Unavailable))
}
