use super::{cookie, sessions};
use crate::api::{Api, Parts};
use crate::body::JsonBody;
use crate::guard::{Need, permit};
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::{Extension, Json};
use domain::Peer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The ticket of a sign-in link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionIn {
    /// What follows `#sign-in=` in the link.
    ticket: String,
}

/// What the page keeps to itself.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInOut {
    /// To be sent as `X-WhatIsUp` with every request, beside the cookie, which is nobody's without it. Browsers send the cookie to
    /// every port of this host; what a page has kept (`localStorage`) they show to pages of its own port alone.
    secret: String,
    /// RFC 3339, UTC.
    expires_at: String,
}

impl Parts {
    /// Keeps the sessions over a restart, and tells other workers. That this fails keeps nobody out now, and it is tried again.
    pub async fn keep_sessions(&self) {
        if let Err(error) = self.sessions.keep(&self.ledger, self.now()).await {
            tracing::warn!(%error, "who is signed in could not be noted; it is tried again");
        }
    }
}

permit!(sign_in: Need::sign_in());

/// Sign this browser in
#[utoipa::path(post, path = "/v1/session", tag = "session", operation_id = "sign_in",
    request_body = SessionIn,
    security(()),
    responses((status = 200, description = "Signed in; the cookie is HttpOnly and SameSite=Strict, and half of what it takes.", body = SignedInOut, headers(("Set-Cookie" = String, description = "The session.")))))]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    JsonBody(given): JsonBody<SessionIn>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SignedInOut>), Problem> {
    let now = api.now();
    if !api.tickets.redeem(&given.ticket, now) {
        return Err(Problem::of(Code::TicketInvalid));
    }
    let opened = api.sessions.open(now);
    api.keep_sessions().await;
    let cookie = cookie::write(api.port(), &opened.cookie, sessions::LIFE, peer.door);
    let told = SignedInOut { secret: opened.page, expires_at: opened.until.to_string() };
    Ok(([(header::SET_COOKIE, cookie)], Json(told)))
}
