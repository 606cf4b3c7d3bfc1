use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::ChannelOut;

permit!(start: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Start a channel
///
/// Connects with the stored credentials, or asks WhatsApp for a QR when there are none.
#[utoipa::path(post, path = "/v1/channels/{id}/start", tag = "channels", operation_id = "start_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The channel as it is now; what follows comes as events.", body = ChannelOut)))]
pub(crate) async fn start(State(api): State<Api>, ChannelPath(id): ChannelPath) -> Result<Json<ChannelOut>, Problem> {
    let view = api.engine.start(id).await?;
    Ok(Json(ChannelOut::from(&view)))
}
