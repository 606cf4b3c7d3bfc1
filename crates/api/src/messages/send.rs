use super::content::{self, ContentIn};
use crate::api::Api;
use crate::body::JsonBody;
use crate::params::ChannelPath;
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use domain::Recipient;
use engine::NewMessage;
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
pub(crate) async fn send(
    State(api): State<Api>,
    ChannelPath(id): ChannelPath,
    JsonBody(given): JsonBody<MessageIn>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<MessageOut>), Problem> {
    let to = given.to.parse::<Recipient>().map_err(|e| Problem::invalid(vec![FieldError::at("/to", e.to_string())]))?;
    let content = content::read(&given.content, "/content")?;
    let message = api.engine.send(id, NewMessage { to, content }).await?;
    let location = format!("/v1/messages/{}", message.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(MessageOut::from(&message))))
}
