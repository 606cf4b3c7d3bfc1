use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::MessagePath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use wire::MessageOut;

/// Deny a message that a program proposes
///
/// It never leaves. For a person: no key of an app is good for this; an app that changed its mind withdraws its message by
/// `DELETE /v1/messages/{id}`.
#[utoipa::path(post, path = "/v1/messages/{id}/deny", tag = "messages", operation_id = "deny_message",
    params(("id" = String, Path, description = "The message.", example = "msg_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "Denied; also when it had been before.", body = MessageOut)))]
pub(crate) async fn deny(State(api): State<Api>, MessagePath(id): MessagePath) -> Result<Json<MessageOut>, Problem> {
    let message = api.engine.deny(id).await.map_err(super::refusal)?;
    Ok(Json(MessageOut::from(&message)))
}

permit!(deny: Need::person());
