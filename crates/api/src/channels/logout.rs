use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::ChannelOut;

permit!(logout: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Log a channel out
///
/// Tells WhatsApp that this device leaves the account and destroys the credentials. A new QR is needed afterwards.
#[utoipa::path(post, path = "/v1/channels/{id}/logout", tag = "channels", operation_id = "logout_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The channel as it is now.", body = ChannelOut)))]
pub(crate) async fn logout(State(api): State<Api>, ChannelPath(id): ChannelPath) -> Result<Json<ChannelOut>, Problem> {
    let view = api.engine.logout(id).await?;
    Ok(Json(ChannelOut::from(&view)))
}
