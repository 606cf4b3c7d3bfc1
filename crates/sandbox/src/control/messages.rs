//! Messages of a phone: what it decrypted and sent, writing one, reading one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::problem::Problem;
use super::view::{ConversationOut, MessageOut};
use crate::phone::Phones;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageIn {
    /// A number in any usual way of writing, or an address (`…@s.whatsapp.net`, `…@lid`).
    #[schema(example = "+1 555 0100 102")]
    pub to: String,
    pub text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypingIn {
    pub to: String,
    pub typing: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SentOut {
    pub id: String,
}

/// All messages of a phone, both directions, oldest first.
#[utoipa::path(get, path = "/phones/{number}/messages",
    responses((status = 200, body = Vec<MessageOut>), (status = 404, body = Problem)))]
pub async fn list(State(phones): State<Phones>, Path(number): Path<String>) -> Result<Json<Vec<MessageOut>>, Problem> {
    let messages = phones.get(&number)?.messages().await;
    Ok(Json(messages.iter().map(MessageOut::from).collect()))
}

/// The chats of a phone, the newest first.
#[utoipa::path(get, path = "/phones/{number}/conversations",
    responses((status = 200, body = Vec<ConversationOut>), (status = 404, body = Problem)))]
pub async fn conversations(
    State(phones): State<Phones>,
    Path(number): Path<String>,
) -> Result<Json<Vec<ConversationOut>>, Problem> {
    let conversations = phones.get(&number)?.conversations().await;
    Ok(Json(conversations.iter().map(ConversationOut::from).collect()))
}

/// The phone writes a text. Answers when the network has taken it.
#[utoipa::path(post, path = "/phones/{number}/messages", request_body = MessageIn,
    responses((status = 201, body = SentOut), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn send(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    Body(message): Body<MessageIn>,
) -> Result<(StatusCode, Json<SentOut>), Problem> {
    let id = phones.get(&number)?.send_text(&message.to, &message.text).await?;
    Ok((StatusCode::CREATED, Json(SentOut { id })))
}

/// The person opens a message: its sender gets a read receipt.
#[utoipa::path(post, path = "/phones/{number}/messages/{id}/read",
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn read(State(phones): State<Phones>, Path((number, id)): Path<(String, String)>) -> Result<StatusCode, Problem> {
    phones.get(&number)?.read(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The phone shows somebody that it is typing, or no longer.
#[utoipa::path(post, path = "/phones/{number}/typing", request_body = TypingIn,
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn typing(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    Body(wish): Body<TypingIn>,
) -> Result<StatusCode, Problem> {
    phones.get(&number)?.set_typing(&wish.to, wish.typing)?;
    Ok(StatusCode::NO_CONTENT)
}
