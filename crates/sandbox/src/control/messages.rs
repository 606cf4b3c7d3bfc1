//! Messages of a phone: what it decrypted and sent, how often it came; writing, editing, reading.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::Body;
use super::problem::Problem;
use super::view::{ConversationOut, MessageOut};
use crate::phone::{Arrivals, Direction, PhoneMessage, Phones, ReceiptKind};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageIn {
    /// A number in any usual way of writing, or an address (`…@s.whatsapp.net`, `…@lid`).
    #[schema(example = "+1 555 0100 102")]
    pub to: String,
    pub text: String,
    /// `true` keeps it back until `…/release`: what is sent meanwhile overtakes it.
    #[serde(default)]
    pub hold: bool,
}

/// Many texts to one chat. Either `texts` or `count`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkIn {
    pub to: String,
    pub texts: Option<Vec<String>>,
    /// So many made-up texts: `prefix` and a number from 1.
    pub count: Option<usize>,
    pub prefix: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditIn {
    pub text: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReactionIn {
    /// Empty takes an earlier reaction back.
    #[schema(example = "👍")]
    pub emoji: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptIn {
    /// Who sent the messages.
    pub to: String,
    /// Messages that need not have arrived here.
    pub ids: Vec<String>,
    /// `delivered`, `read` or `played`.
    #[schema(value_type = String, example = "read")]
    pub kind: ReceiptKind,
}

/// Which messages; all of them if nothing is said.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Only those of this chat, by its address.
    pub chat: Option<String>,
    /// Only `in` or `out`.
    #[param(value_type = Option<String>)]
    pub direction: Option<Direction>,
    /// Only from this `place` on.
    pub from: Option<usize>,
    /// At most so many.
    pub limit: Option<usize>,
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

#[derive(Debug, Serialize, ToSchema)]
pub struct BulkOut {
    /// In the order of the texts.
    pub ids: Vec<String>,
}

/// Texts that one call may send.
const BULK: usize = 10_000;

/// Messages of a phone, both directions, in the order in which their first copies came.
#[utoipa::path(get, path = "/phones/{number}/messages", params(Which),
    responses((status = 200, body = Vec<MessageOut>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Vec<MessageOut>>, Problem> {
    let Query(which) =
        which.map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", error.body_text()))?;
    let messages = phones.get(&number)?.messages().await;
    let fits = |message: &PhoneMessage| {
        which.chat.as_ref().is_none_or(|chat| message.chat.to_string() == *chat)
            && which.direction.is_none_or(|direction| message.direction == direction)
    };
    let wanted = messages.iter().enumerate().skip(which.from.unwrap_or(0)).filter(|(_, message)| fits(message));
    let out = wanted.map(|(place, message)| MessageOut { place: Some(place), ..MessageOut::from(message) });
    Ok(Json(out.take(which.limit.unwrap_or(usize::MAX)).collect()))
}

/// What has reached a phone: each message once, in the order of their first copies, with how often it came.
#[utoipa::path(get, path = "/phones/{number}/arrivals",
    responses((status = 200, body = Arrivals), (status = 404, body = Problem)))]
pub async fn arrivals(State(phones): State<Phones>, Path(number): Path<String>) -> Result<Json<Arrivals>, Problem> {
    Ok(Json(phones.get(&number)?.arrivals().await))
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
    let phone = phones.get(&number)?;
    let id = if message.hold {
        phone.hold_text(&message.to, &message.text).await?
    } else {
        phone.send_text(&message.to, &message.text).await?
    };
    Ok((StatusCode::CREATED, Json(SentOut { id })))
}

/// The phone writes many texts to one chat, as fast as it goes. Answers when the network has taken them all.
#[utoipa::path(post, path = "/phones/{number}/messages/bulk", request_body = BulkIn,
    responses((status = 201, body = BulkOut), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn send_many(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    Body(bulk): Body<BulkIn>,
) -> Result<(StatusCode, Json<BulkOut>), Problem> {
    let refuse = |detail: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", detail);
    let prefix = bulk.prefix.unwrap_or_else(|| "message ".to_owned());
    let count = bulk.texts.as_ref().map_or(bulk.count, |texts| Some(texts.len()));
    let count = count.ok_or_else(|| refuse("say either texts or count".to_owned()))?;
    if count > BULK {
        return Err(refuse(format!("no more than {BULK} texts in one call")));
    }
    let texts = bulk.texts.unwrap_or_else(|| (1..=count).map(|n| format!("{prefix}{n}")).collect());
    let ids = phones.get(&number)?.send_texts(&bulk.to, &texts).await?;
    Ok((StatusCode::CREATED, Json(BulkOut { ids })))
}

/// Sends a text that was kept back with `hold`.
#[utoipa::path(post, path = "/phones/{number}/messages/{id}/release",
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn release(State(phones): State<Phones>, Path((number, id)): Path<(String, String)>) -> Result<StatusCode, Problem> {
    phones.get(&number)?.release(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The phone puts another text in place of a message's.
#[utoipa::path(post, path = "/phones/{number}/messages/{id}/edit", request_body = EditIn,
    responses((status = 201, body = SentOut), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn edit(
    State(phones): State<Phones>,
    Path((number, id)): Path<(String, String)>,
    Body(edit): Body<EditIn>,
) -> Result<(StatusCode, Json<SentOut>), Problem> {
    let id = phones.get(&number)?.edit(&id, &edit.text).await?;
    Ok((StatusCode::CREATED, Json(SentOut { id })))
}

/// The phone deletes a message for everyone.
#[utoipa::path(post, path = "/phones/{number}/messages/{id}/revoke",
    responses((status = 201, body = SentOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn revoke(
    State(phones): State<Phones>,
    Path((number, id)): Path<(String, String)>,
) -> Result<(StatusCode, Json<SentOut>), Problem> {
    let id = phones.get(&number)?.revoke(&id).await?;
    Ok((StatusCode::CREATED, Json(SentOut { id })))
}

/// The phone reacts to a message.
#[utoipa::path(post, path = "/phones/{number}/messages/{id}/reaction", request_body = ReactionIn,
    responses((status = 201, body = SentOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn react(
    State(phones): State<Phones>,
    Path((number, id)): Path<(String, String)>,
    Body(reaction): Body<ReactionIn>,
) -> Result<(StatusCode, Json<SentOut>), Problem> {
    let id = phones.get(&number)?.react(&id, &reaction.emoji).await?;
    Ok((StatusCode::CREATED, Json(SentOut { id })))
}

/// The phone tells a receipt of messages, whether they have arrived or not.
#[utoipa::path(post, path = "/phones/{number}/receipts", request_body = ReceiptIn,
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn tell_receipt(
    State(phones): State<Phones>,
    Path(number): Path<String>,
    Body(receipt): Body<ReceiptIn>,
) -> Result<StatusCode, Problem> {
    phones.get(&number)?.tell_receipt(&receipt.to, &receipt.ids, receipt.kind)?;
    Ok(StatusCode::NO_CONTENT)
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
