use crate::api::Api;
use crate::body::{JsonBodyOrNone, given};
use crate::by::By;
use crate::guard::{Need, permit};
use crate::messages::content::{self, ContentIn};
use crate::params::MessagePath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::{Message, Permit, Reach, Scope};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wire::MessageOut;

/// How to approve.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalIn {
    /// What to send instead; absent: what was proposed.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<ContentIn>, nullable = false)]
    content: Option<Box<RawValue>>,
    /// From now on this app may send to this chat of this channel without asking.
    #[serde(default)]
    #[schema(default = false)]
    always: bool,
}

/// Approve a message that a program proposes
///
/// It enters the outbox now, behind what waits there for the same chat. For a person: no key of an app is good for this.
#[utoipa::path(post, path = "/v1/messages/{id}/approve", tag = "messages", operation_id = "approve_message",
    params(("id" = String, Path, description = "The message.", example = "msg_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = Option<ApprovalIn>,
    responses((status = 200, description = "In the outbox.", body = MessageOut)))]
pub(crate) async fn approve(
    State(api): State<Api>,
    by: By,
    MessagePath(id): MessagePath,
    JsonBodyOrNone(given): JsonBodyOrNone<ApprovalIn>,
) -> Result<Json<MessageOut>, Problem> {
    let content = given.content.as_deref().map(|content| content::read(content, "/content")).transpose()?;
    let message = api.engine.approve(id, content).await.map_err(super::refusal)?;
    if given.always {
        always(&api, &message, by).await?;
    }
    Ok(Json(MessageOut::from(&message)))
}

permit!(approve: Need::person());

/// The app of this message asks no more before it sends to its chat. One that was deleted meanwhile has nothing to be given.
async fn always(api: &Api, message: &Message, by: By) -> Result<(), Problem> {
    let Some(app) = message.outbox.app else { return Ok(()) };
    let (channels, chats) = (Reach::only([message.channel]), Reach::only([message.chat.clone()]));
    let Some(permit) = Permit::new(Scope::MessagesSend, channels, chats) else { return Ok(()) };
    match api.access.widen(app, permit, by.into()).await {
        Ok(_) | Err(access::Error::NoSuchApp) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
