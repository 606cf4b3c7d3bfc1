use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::ChannelOut;

permit!(stop: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Stop a channel
///
/// Closes the session in good order and keeps the credentials: the next start needs no QR.
#[utoipa::path(post, path = "/v1/channels/{id}/stop", tag = "channels", operation_id = "stop_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The channel as it is now.", body = ChannelOut)))]
pub(crate) async fn stop(State(api): State<Api>, ChannelPath(id): ChannelPath) -> Result<Json<ChannelOut>, Problem> {
    let view = api.engine.stop(id).await?;
    Ok(Json(ChannelOut::from(&view)))
}
