use crate::api::Api;
use crate::cursor;
use crate::guard::{Caller, Need, permit};
use crate::params::{self, ChannelPath, Params};
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::{ChatId, Direction, Recipient, RecipientError, Scope};
use ledger::MessageQuery;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::MessageOut;

const LIST: &str = "messages";

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
    /// Only those of this status: `received`, `asking`, `queued`, `sending`, `sent`, `delivered`, `read`, `played`, `failed`,
    /// `cancelled`, `expired`, `denied`.
    #[serde(default)]
    #[param(example = "failed")]
    status: Option<String>,
    /// Only `inbound` or `outbound` ones.
    #[serde(default)]
    #[param(example = "inbound")]
    direction: Option<String>,
}

/// Messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagePage {
    pub items: Vec<MessageOut>,
    #[schema(required)]
    pub next_cursor: Option<String>,
}

permit!(list: Need::scope(Scope::MessagesRead).of_channel("id"));

/// List a channel's messages
///
/// A program sees those of the chats that its key reaches.
#[utoipa::path(get, path = "/v1/channels/{id}/messages", tag = "messages", operation_id = "list_messages",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"), MessagesQuery),
    responses((status = 200, description = "Sent and received ones, newest first.", body = MessagePage)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    ChannelPath(id): ChannelPath,
    Params(asked): Params<MessagesQuery>,
) -> Result<Json<MessagePage>, Problem> {
    api.channel(id)?;
    let limit = params::limit(asked.limit, 50, 200)?;
    let before = asked.cursor.as_deref().map(|c| cursor::read(LIST, c)).transpose()?;
    let chat = asked.chat.as_deref().map(chat).transpose()?;
    let status = asked.status.as_deref().map(status).transpose()?;
    let direction = asked.direction.as_deref().map(direction).transpose()?;
    let query = MessageQuery { chat, status, direction, before, limit };
    let page = api.ledger.messages_within(id, &query, &caller.messages(Scope::MessagesRead)).await?;
    let next_cursor = page.next.map(|n| cursor::write(LIST, n));
    Ok(Json(MessagePage { items: page.messages.iter().map(MessageOut::from).collect(), next_cursor }))
}

fn chat(text: &str) -> Result<ChatId, Problem> {
    let refused = |e: RecipientError| Problem::invalid(vec![FieldError::parameter("chat", e.to_string())]);
    text.parse::<Recipient>().map(Recipient::into_chat).map_err(refused)
}

const STATUSES: [&str; 12] = [
    "received",
    "asking",
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "played",
    "failed",
    "cancelled",
    "expired",
    "denied",
];

fn status(text: &str) -> Result<String, Problem> {
    let says = || format!("must be one of {}", STATUSES.join(", "));
    let known = STATUSES.contains(&text).then(|| text.to_owned());
    known.ok_or_else(|| Problem::invalid(vec![FieldError::parameter("status", says())]))
}

fn direction(text: &str) -> Result<Direction, Problem> {
    match text {
        "inbound" => Ok(Direction::Inbound),
        "outbound" => Ok(Direction::Outbound),
        _ => Err(Problem::invalid(vec![FieldError::parameter("direction", "must be inbound or outbound")])),
    }
}
