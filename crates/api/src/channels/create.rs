use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::ChannelOut;

/// A channel to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelIn {
    /// What people call it: 1 to 64 characters.
    #[schema(example = "Front desk", min_length = 1, max_length = 64)]
    name: String,
    /// How it reaches WhatsApp, when not directly: `http://user:password@host:port` or `socks5://…`.
    #[serde(default)]
    #[schema(example = json!(null))]
    proxy: Option<String>,
    /// Whether to start at once, which asks WhatsApp for a QR.
    #[serde(default = "yes")]
    #[schema(default = true)]
    start: bool,
}

fn yes() -> bool {
    true
}

/// Make a channel
#[utoipa::path(post, path = "/v1/channels", tag = "channels", operation_id = "create_channel",
    request_body = ChannelIn,
    responses((status = 201, description = "Made.", body = ChannelOut, headers(("Location" = String, description = "The channel's address.")))))]
pub(crate) async fn create(State(api): State<Api>, Json(given): Json<ChannelIn>) -> Result<Json<ChannelOut>, Problem> {
    let _ = (api, given.name, given.proxy, given.start);
    Err(Problem::of(Code::Unavailable))
}
