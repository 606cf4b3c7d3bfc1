use crate::api::Api;
use crate::guard::{Need, permit};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::{App, Message};
use serde::Serialize;
use utoipa::ToSchema;
use wire::MessageOut;

/// More than anybody will look through at once.
const MOST: u32 = 1000;

/// A message that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ask)]
pub(crate) struct AskOut {
    /// What is to be sent, on which channel and to which chat.
    message: MessageOut,
    /// Who wants it sent; null when that app was deleted meanwhile.
    #[schema(required)]
    app: Option<AskingApp>,
    /// When it ends unanswered: RFC 3339, UTC.
    #[schema(required)]
    expires_at: Option<String>,
}

/// The app that proposes a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskingApp {
    #[schema(example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    id: String,
    #[schema(example = "Desk assistant")]
    name: String,
}

/// The messages that wait for a person, the one that has waited longest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskList {
    items: Vec<AskOut>,
    /// Always null: the list comes whole.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl AskOut {
    fn of(message: &Message, apps: &[App]) -> Self {
        let app = message.outbox.app.and_then(|id| apps.iter().find(|app| app.id == id));
        AskOut {
            message: MessageOut::from(message),
            app: app.map(|app| AskingApp { id: app.id.to_string(), name: app.name.clone() }),
            expires_at: message.outbox.ask_until.map(|at| at.to_string()),
        }
    }
}

/// List the messages that wait for a person
///
/// Proposed by apps with `messages:send:ask`, the one that has waited longest first. For a person: no app sees it.
#[utoipa::path(get, path = "/v1/asks", tag = "messages", operation_id = "list_asks",
    responses((status = 200, description = "Those that wait.", body = AskList)))]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<AskList>, Problem> {
    let waiting = api.ledger.asks(MOST).await?;
    let apps = api.access.apps().await?;
    let items = waiting.iter().map(|message| AskOut::of(message, &apps)).collect();
    Ok(Json(AskList { items, next_cursor: None }))
}

permit!(list: Need::person());
