use crate::api::Api;
use crate::body::JsonBody;
use crate::channels::field;
use crate::guard::{Caller, Need, permit};
use crate::params::ChannelPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::ChannelOut;

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelPatch {
    /// 1 to 64 characters.
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(example = "Front desk", min_length = 1, max_length = 64, nullable = false)]
    name: Option<String>,
    /// Another proxy; null to connect directly. Takes effect when the channel next connects. For a person to choose: a program's key
    /// cannot.
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(value_type = Option<String>, example = "socks5://127.0.0.1:9050")]
    proxy: Option<Option<String>>,
}

permit!(patch: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Change a channel's name or proxy
#[utoipa::path(patch, path = "/v1/channels/{id}", tag = "channels", operation_id = "patch_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = ChannelPatch,
    responses((status = 200, description = "The channel as it is now.", body = ChannelOut)))]
pub(crate) async fn patch(
    State(api): State<Api>,
    caller: Caller,
    ChannelPath(id): ChannelPath,
    JsonBody(given): JsonBody<ChannelPatch>,
) -> Result<Json<ChannelOut>, Problem> {
    let mut errors = Vec::new();
    let name = given.name.and_then(|n| field::name(&n, &mut errors));
    let proxy = given.proxy.map(|p| match p {
        Some(p) => field::proxy(&caller, &p, &mut errors),
        None => field::may_choose_proxy(&caller, &mut errors).and(None),
    });
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let view = api.engine.patch(id, engine::ChannelPatch { name, proxy }).await?;
    Ok(Json(ChannelOut::from(&view)))
}
