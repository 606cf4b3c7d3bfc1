use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::MessageOut;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// How many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Only this chat: a chat id or a phone number.
    #[serde(default)]
    #[param(example = "15550100123@s.whatsapp.net")]
    chat: Option<String>,
}

/// Messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagePage {
    pub items: Vec<MessageOut>,
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// List a channel's messages
#[utoipa::path(get, path = "/v1/channels/{id}/messages", tag = "messages", operation_id = "list_messages",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"), MessagesQuery),
    responses((status = 200, description = "Sent and received ones, newest first.", body = MessagePage)))]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<MessagePage>, Problem> {
    let _ = api;
    Err(Problem::of(Code::Unavailable))
}
