use super::content::{self, ContentIn};
use super::{idempotency, times};
use crate::api::Api;
use crate::body::{JsonBody, given};
use crate::guard::{Caller, Need, permit};
use crate::params::ChannelPath;
use crate::problem::{Code, FieldError, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{ChannelId, Message, Recipient, Scope, Timestamp};
use engine::NewMessage;
use ledger::{Accepted, Idempotency};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;
use utoipa::ToSchema;
use wire::MessageOut;

/// Tells that this is the answer of before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How long a message waits for a person.
const ASK_FOR: Duration = Duration::from_secs(24 * 3600);

/// A message to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageIn {
    /// A phone number with country code, or a chat id.
    #[schema(example = "+15550100123")]
    to: String,
    #[schema(value_type = ContentIn)]
    content: Box<RawValue>,
    /// When it is to leave, at most a year ahead; absent or past: at once. RFC 3339.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = json!(null))]
    send_at: Option<String>,
    /// When it is of no use any more: if it has not left by then, it never does. RFC 3339.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = json!(null))]
    expires_at: Option<String>,
}

permit!(send: Need::scope(Scope::MessagesSendAsk).of_channel("id"));

/// Send a message
///
/// 202 means that the message is on disk under its final WhatsApp id and will leave as soon as the channel is connected.
/// What becomes of it: `GET /v1/messages/{id}` and the events `message.sent`, `.delivered`, `.read`, `.failed`.
/// With `messages:send:ask` alone it waits for a person first, for a day at most: its status is `asking`, then `queued`, or `denied`.
/// The same `Idempotency-Key` with the same request within 24 hours gives the same answer and sends nothing twice.
#[utoipa::path(post, path = "/v1/channels/{id}/messages", tag = "messages", operation_id = "send_message",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name of this request, good for 24 hours: 1 to 255 printable characters.")),
    request_body = MessageIn,
    responses((status = 202, description = "Accepted and on disk.", body = MessageOut, headers(
        ("Location" = String, description = "The message's address."),
        ("Idempotent-Replayed" = String, description = "`true` when this is the answer of an earlier request with the same key.")))))]
pub(crate) async fn send(
    State(api): State<Api>,
    caller: Caller,
    ChannelPath(id): ChannelPath,
    headers: HeaderMap,
    JsonBody(given): JsonBody<MessageIn>,
) -> Result<Response, Problem> {
    let key = idempotency::key(&headers)?.map(|key| idempotency::of(&caller, key));
    let to = given.to.parse::<Recipient>().map_err(|e| Problem::invalid(vec![FieldError::at("/to", e.to_string())]))?;
    let ask_until = asked_until(&caller, id, &to, api.now())?;
    let content = content::read(&given.content, "/content")?;
    let mut errors = Vec::new();
    let send_at = times::read("/send_at", given.send_at.as_deref(), &mut errors);
    let expires_at = times::read("/expires_at", given.expires_at.as_deref(), &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }

    // Held until the answer is known.
    let _underway = key.as_deref().map(|key| api.in_flight.begin(id, key)).transpose()?;
    let fingerprint = idempotency::fingerprint(&to, &content, send_at, expires_at);
    let idempotency = key.map(|key| Idempotency { key, fingerprint });
    // An answer that was given stays the answer, also when the same request would be refused by now.
    if let Some(known) = &idempotency
        && let Some(accepted) = api.ledger.accepted(id, known, api.now()).await?
    {
        return answer(accepted);
    }
    times::check(send_at, expires_at, api.now(), &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let message =
        api.engine.send(id, NewMessage { to, content, send_at, expires_at, idempotency, app: caller.app(), ask_until }).await?;
    answer(Accepted::New(message))
}

/// Until when a person has to say yes; `None` for who may send without.
fn asked_until(caller: &Caller, channel: ChannelId, to: &Recipient, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let chat = to.clone().into_chat();
    let may = |scope| caller.may(scope, Some(channel), Some(&chat));
    if may(Scope::MessagesSend) {
        Ok(None)
    } else if may(Scope::MessagesSendAsk) {
        Ok(Some(now.plus(ASK_FOR)))
    } else {
        Err(Problem::of(Code::RecipientNotAllowed))
    }
}

fn answer(accepted: Accepted) -> Result<Response, Problem> {
    match accepted {
        Accepted::New(message) => Ok(accept(&message).into_response()),
        Accepted::Again(message) => {
            let mut response = accept(&message).into_response();
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
        Accepted::OtherBody => Err(Problem::of(Code::IdempotencyKeyReused)),
    }
}

fn accept(message: &Message) -> (StatusCode, [(HeaderName, String); 1], Json<MessageOut>) {
    let location = format!("/v1/messages/{}", message.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(MessageOut::from(message)))
}
