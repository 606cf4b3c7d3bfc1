use super::content::ContentIn;
use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wire::MessageOut;

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageIn {
    /// A phone number with country code, or a chat id.
    #[schema(example = "+15550100123")]
    to: String,
    #[schema(value_type = ContentIn)]
    content: Box<RawValue>,
}

/// Send a message
///
/// 202 means that the message is on disk under its final WhatsApp id and will leave as soon as the channel is connected.
/// What becomes of it: `GET /v1/messages/{id}` and the events `message.sent`, `.delivered`, `.read`, `.failed`.
#[utoipa::path(post, path = "/v1/channels/{id}/messages", tag = "messages", operation_id = "send_message",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = MessageIn,
    responses((status = 202, description = "Accepted and on disk.", body = MessageOut, headers(("Location" = String, description = "The message's address.")))))]
pub(crate) async fn send(State(api): State<Api>, Json(given): Json<MessageIn>) -> Result<Json<MessageOut>, Problem> {
    let _ = (api, given.to, given.content);
    Err(Problem::of(Code::Unavailable))
}
