use super::{cookie, sessions};
use crate::api::{Api, Parts};
use crate::body::JsonBody;
use crate::guard::{Need, permit};
use crate::problem::{Code, Problem};
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use domain::Peer;
use serde::Deserialize;
use utoipa::ToSchema;

/// The ticket of a sign-in link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionIn {
    /// What follows `#sign-in=` in the link.
    ticket: String,
}

/// The ledger's name for the list of sessions.
pub(crate) const SETTING: &str = "browser_sessions";

impl Parts {
    /// Keeps the sessions over a restart. That this fails keeps nobody out now.
    pub async fn keep_sessions(&self) {
        if let Err(error) = self.ledger.set_setting(SETTING, &self.sessions.to_stored()).await {
            tracing::warn!(%error, "signed-in browsers could not be noted; a restart signs them out");
        }
    }
}

permit!(sign_in: Need::sign_in());

/// Sign this browser in
#[utoipa::path(post, path = "/v1/session", tag = "session", operation_id = "sign_in",
    request_body = SessionIn,
    security(()),
    responses((status = 204, description = "Signed in; the cookie is HttpOnly and SameSite=Strict.", headers(("Set-Cookie" = String, description = "The session.")))))]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    JsonBody(given): JsonBody<SessionIn>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1]), Problem> {
    let now = api.now();
    if !api.tickets.redeem(&given.ticket, now) {
        return Err(Problem::of(Code::TicketInvalid));
    }
    let (token, _) = api.sessions.open(now);
    api.keep_sessions().await;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::write(api.port(), &token, sessions::LIFE, peer.door))]))
}
