use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::ChannelOut;

permit!(show: Need::scope(Scope::ChannelsRead).of_channel("id"));

/// Show a channel
#[utoipa::path(get, path = "/v1/channels/{id}", tag = "channels", operation_id = "show_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The channel as it is now.", body = ChannelOut)))]
pub(crate) async fn show(State(api): State<Api>, ChannelPath(id): ChannelPath) -> Result<Json<ChannelOut>, Problem> {
    api.channel(id).map(|view| Json(ChannelOut::from(&view)))
}
