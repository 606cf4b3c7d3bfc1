use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::MessagePath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use wire::MessageOut;

permit!(show: Need::scope(Scope::MessagesRead).of_message("id").or_own());

/// Show a message
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", operation_id = "show_message",
    params(("id" = String, Path, description = "The message.", example = "msg_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The message with its present status.", body = MessageOut)))]
pub(crate) async fn show(State(api): State<Api>, MessagePath(id): MessagePath) -> Result<Json<MessageOut>, Problem> {
    let message = api.ledger.message(id).await?.ok_or_else(|| Problem::no_such("message"))?;
    Ok(Json(MessageOut::from(&message)))
}
