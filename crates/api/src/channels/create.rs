use crate::api::Api;
use crate::body::JsonBody;
use crate::channels::field;
use crate::guard::{Caller, Need, permit};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::Scope;
use engine::NewChannel;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::ChannelOut;

/// A channel to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelIn {
    /// What people call it: 1 to 64 characters.
    #[schema(example = "Front desk", min_length = 1, max_length = 64)]
    name: String,
    /// How it reaches WhatsApp, when not directly: `http://user:password@host:port` or `socks5://…`. For a person to
    /// choose: a program's key cannot.
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

permit!(create: Need::scope(Scope::ChannelsManage).over_every_channel());

/// Make a channel
#[utoipa::path(post, path = "/v1/channels", tag = "channels", operation_id = "create_channel",
    request_body = ChannelIn,
    responses((status = 201, description = "Made.", body = ChannelOut, headers(("Location" = String, description = "The channel's address.")))))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(given): JsonBody<ChannelIn>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ChannelOut>), Problem> {
    let mut errors = Vec::new();
    let name = field::name(&given.name, &mut errors);
    let proxy = given.proxy.as_deref().and_then(|p| field::proxy(&caller, p, &mut errors));
    let (Some(name), true) = (name, errors.is_empty()) else { return Err(Problem::invalid(errors)) };
    let view = api.engine.create(NewChannel { name, proxy, start: given.start }).await?;
    let location = format!("/v1/channels/{}", view.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(ChannelOut::from(&view))))
}
