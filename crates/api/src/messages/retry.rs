use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::MessagePath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;
use wire::MessageOut;

permit!(retry: Need::scope(Scope::MessagesSend).of_message("id"));

/// Retry a message that failed
///
/// It is queued again, behind what waits already, under the same WhatsApp id.
#[utoipa::path(post, path = "/v1/messages/{id}/retry", tag = "messages", operation_id = "retry_message",
    params(("id" = String, Path, description = "The message.", example = "msg_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 202, description = "Queued again.", body = MessageOut)))]
pub(crate) async fn retry(
    State(api): State<Api>,
    MessagePath(id): MessagePath,
) -> Result<(StatusCode, Json<MessageOut>), Problem> {
    match api.engine.retry(id).await {
        Ok(message) => Ok((StatusCode::ACCEPTED, Json(MessageOut::from(&message)))),
        Err(engine::CommandError::NotFound) => Err(Problem::no_such("message")),
        Err(error) => Err(error.into()),
    }
}
