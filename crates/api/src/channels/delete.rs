use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;

permit!(delete: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Delete a channel with its credentials
///
/// Logs it out, destroys its credentials (the key first) and forgets it with its messages and timeline. Events stay in the log.
#[utoipa::path(delete, path = "/v1/channels/{id}", tag = "channels", operation_id = "delete_channel",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 204, description = "Gone.")))]
pub(crate) async fn delete(State(api): State<Api>, ChannelPath(id): ChannelPath) -> Result<StatusCode, Problem> {
    api.engine.delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
