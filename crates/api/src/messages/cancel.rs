use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::MessagePath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::MessageOut;

permit!(cancel: Need::scope(Scope::MessagesSend).of_message("id").or_own());

/// Cancel or discard a message
///
/// One that is queued never leaves; one that failed is discarded. One that is leaving just now cannot be called back.
#[utoipa::path(delete, path = "/v1/messages/{id}", tag = "messages", operation_id = "cancel_message",
    params(("id" = String, Path, description = "The message.", example = "msg_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "Cancelled; also when it had been before.", body = MessageOut)))]
pub(crate) async fn cancel(State(api): State<Api>, MessagePath(id): MessagePath) -> Result<Json<MessageOut>, Problem> {
    match api.engine.cancel(id).await {
        Ok(message) => Ok(Json(MessageOut::from(&message))),
        Err(engine::CommandError::NotFound) => Err(Problem::no_such("message")),
        Err(error) => Err(error.into()),
    }
}
