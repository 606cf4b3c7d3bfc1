use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::Serialize;
use utoipa::ToSchema;
use wire::ChannelOut;

/// All channels, in the order of their creation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelList {
    items: Vec<ChannelOut>,
    /// Always null for now: a list of channels is short and comes whole.
    #[schema(required)]
    next_cursor: Option<String>,
}

permit!(list: Need::scope(Scope::ChannelsRead));

/// List channels
///
/// A program sees those that its key reaches.
#[utoipa::path(get, path = "/v1/channels", tag = "channels", operation_id = "list_channels",
    responses((status = 200, description = "All channels, in the order of their creation.", body = ChannelList)))]
pub(crate) async fn list(State(api): State<Api>, caller: Caller) -> Json<ChannelList> {
    let reach = caller.channels(Scope::ChannelsRead);
    let items = api.overview().channels.iter().filter(|channel| reach.contains(&channel.id)).map(ChannelOut::from).collect();
    Json(ChannelList { items, next_cursor: None })
}
