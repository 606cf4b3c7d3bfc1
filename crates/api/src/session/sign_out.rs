use super::cookie;
use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use domain::Peer;

permit!(sign_out: Need::person());

/// Sign this browser out
#[utoipa::path(delete, path = "/v1/session", tag = "session", operation_id = "sign_out",
    responses((status = 204, description = "Signed out; the cookie is void.")))]
pub(crate) async fn sign_out(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    caller: Caller,
) -> (StatusCode, [(HeaderName, HeaderValue); 1]) {
    if let Caller::Browser(browser) = &caller {
        api.sessions.close(browser);
        api.keep_sessions().await;
    }
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::void(api.port(), peer.door))])
}
