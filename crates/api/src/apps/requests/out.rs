use crate::apps::permit;
use domain::{AppRequest, Overview, RequestState};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{PeerOut, PermitOut};

/// A program asks to be let in.
#[derive(Serialize, ToSchema)]
#[schema(as = AppRequest)]
pub(crate) struct AppRequestOut {
    #[schema(example = "req_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    id: String,
    /// As the program calls itself: a claim.
    #[schema(example = "Desk assistant")]
    name: String,
    /// Why, in its own words.
    #[schema(example = "To answer questions about opening hours")]
    reason: String,
    /// What it asks for.
    permits: Vec<PermitOut>,
    /// The same for a person, a sentence for each.
    #[schema(example = json!(["Propose messages; each is sent only after you have approved it"]))]
    words: Vec<String>,
    /// The origin of the page that its key is for; null when it is no page.
    #[schema(required)]
    origin: Option<String>,
    /// What the system tells of the program that asks.
    peer: PeerOut,
    /// The program shows the same: allow it only if both are alike.
    #[schema(example = "ABC-DEF")]
    code: String,
    /// RFC 3339, UTC.
    made_at: String,
    /// When it ends unanswered: RFC 3339, UTC.
    expires_at: String,
    /// `waiting`, `allowed`, `denied`, `expired` or `collected`.
    #[schema(example = "waiting")]
    state: &'static str,
    /// Once it is allowed: the app that it became.
    #[schema(required)]
    app_id: Option<String>,
}

impl AppRequestOut {
    pub fn of(request: &AppRequest, overview: &Overview) -> Self {
        let app = match request.state {
            RequestState::Allowed { app, .. } => Some(app),
            RequestState::Waiting | RequestState::Denied | RequestState::Expired | RequestState::Collected => None,
        };
        AppRequestOut {
            id: request.id.to_string(),
            name: request.name.clone(),
            reason: request.reason.clone(),
            permits: PermitOut::all(&request.permits),
            words: permit::words(&request.permits, overview),
            origin: request.origin.clone(),
            peer: PeerOut::from(&request.peer),
            code: request.code.to_string(),
            made_at: request.made_at.to_string(),
            expires_at: request.expires_at.to_string(),
            state: request.state.as_str(),
            app_id: app.map(|id| id.to_string()),
        }
    }
}
