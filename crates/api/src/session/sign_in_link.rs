use crate::api::{Api, Parts};
use crate::guard::{Need, permit};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// A link that signs one browser in, once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInLink {
    /// Open it in the browser. The part after `#` never leaves the browser in a request line.
    #[schema(example = "http://127.0.0.1:9487/#sign-in=Jq0…")]
    pub url: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

impl Parts {
    pub fn sign_in_link(&self) -> SignInLink {
        let (ticket, until) = self.tickets.issue(self.now());
        SignInLink { url: format!("{}/#sign-in={ticket}", self.base_url()), expires_at: until.to_string() }
    }
}

permit!(sign_in_link: Need::person());

/// Make a sign-in link
#[utoipa::path(post, path = "/v1/sign-in-links", tag = "session", operation_id = "create_sign_in_link",
    responses((status = 201, description = "Made: good once, for five minutes.", body = SignInLink)))]
pub(crate) async fn sign_in_link(State(api): State<Api>) -> (StatusCode, Json<SignInLink>) {
    (StatusCode::CREATED, Json(api.sign_in_link()))
}
