use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A link that signs one browser in, once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignInLink {
    /// Open it in the browser. The part after `#` never leaves the browser in a request line.
    #[schema(example = "http://127.0.0.1:9487/#sign-in=Jq0…")]
    url: String,
    /// RFC 3339, UTC.
    expires_at: String,
}

/// Make a sign-in link
#[utoipa::path(post, path = "/v1/sign-in-links", tag = "session", operation_id = "create_sign_in_link",
    responses((status = 201, description = "Made: good once, for five minutes.", body = SignInLink)))]
pub(crate) async fn sign_in_link(State(api): State<Api>) -> Result<Json<SignInLink>, Problem> {
    let _ = (api, SignInLink { url: String::new(), expires_at: String::new() });
    Err(Problem::of(Code::Unavailable))
}
