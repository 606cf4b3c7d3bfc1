use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::ChannelOut;

permit!(restart: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Restart a channel
///
/// Closes the connection and opens a new one with the same credentials.
#[utoipa::path(post, path = "/v1/channels/{id}/restart", tag = "channels", operation_id = "restart_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The channel as it is now; what follows comes as events.", body = ChannelOut)))]
pub(crate) async fn restart(State(api): State<Api>, ChannelPath(id): ChannelPath) -> Result<Json<ChannelOut>, Problem> {
    let view = api.engine.restart(id).await?;
    Ok(Json(ChannelOut::from(&view)))
}
