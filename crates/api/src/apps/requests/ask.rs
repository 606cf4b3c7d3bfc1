use crate::api::Api;
use crate::apps::field;
use crate::apps::permit::Asked;
use crate::body::JsonBody;
use crate::far_end::FarEnd;
use crate::guard::{Need, permit};
use crate::problem::{Code, Problem};
use access::NewRequest;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::PermitOut;

/// Seconds between two questions of a program that polls.
const INTERVAL: u32 = 2;

/// What a program asks for: `scopes`, which share `channels` and `recipients`; or `permits`, each with its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppRequestIn {
    /// What the program is called: 1 to 64 visible characters.
    #[schema(example = "Desk assistant", min_length = 1, max_length = 64)]
    name: String,
    /// Why it asks, for the person who decides: 1 to 280 visible characters.
    #[schema(example = "To answer questions about opening hours", min_length = 1, max_length = 280)]
    reason: String,
    /// What it wants to do.
    #[serde(default)]
    #[schema(example = json!(["channels:read", "messages:send:ask"]), max_items = 32)]
    scopes: Option<Vec<String>>,
    /// On these channels only; null or absent: on all.
    #[serde(default)]
    #[schema(example = json!(null), max_items = 200)]
    channels: Option<Vec<String>>,
    /// In these chats only, by phone number or chat id; null or absent: in all.
    #[serde(default)]
    #[schema(example = json!(["+15550100123"]), max_items = 200)]
    recipients: Option<Vec<String>>,
    /// Instead of the three above.
    #[serde(default)]
    #[schema(example = json!(null), max_items = 32)]
    permits: Option<Vec<PermitOut>>,
    /// The origin of the page that is to use the key, when it is one: the key is then good there only.
    #[serde(default)]
    #[schema(example = json!(null), max_length = 255)]
    origin: Option<String>,
}

/// The request, and how to hear what became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppRequestMade {
    #[schema(example = "req_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    id: String,
    /// Show it to the person: WhatIsUp shows the same.
    #[schema(example = "ABC-DEF")]
    code: String,
    /// What to ask with, as `Authorization: Bearer …`, at `status_url`. It is shown this once.
    #[schema(example = "wip_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")]
    poll_token: String,
    /// When it ends unanswered: RFC 3339, UTC.
    expires_at: String,
    /// Relative to this server.
    #[schema(example = "/v1/apps/requests/req_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    status_url: String,
    /// Seconds to leave between two questions, unless they wait by `?wait=` or a stream.
    #[schema(example = 2)]
    interval: u32,
}

/// Ask to be let in
///
/// The one thing that a program may do without a key. The person sees the name, the reason, the program's file as the system names
/// it, what it asks for in words, and the code; and allows it (all of it, or less), or does not. What became of it is at
/// `status_url`, and so is the key, once. A few may wait at a time, and each until `expires_at`.
#[utoipa::path(post, path = "/v1/apps/requests", tag = "apps", operation_id = "ask_for_access",
    request_body = AppRequestIn,
    security(()),
    responses((status = 202, description = "A person is asked.", body = AppRequestMade, headers(("Location" = String, description = "Where to hear what became of it.")))))]
pub(crate) async fn ask(
    State(api): State<Api>,
    far_end: FarEnd,
    JsonBody(given): JsonBody<AppRequestIn>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<AppRequestMade>), Problem> {
    let mut errors = Vec::new();
    let name = field::name(&given.name, &mut errors);
    let reason = field::reason(&given.reason, &mut errors);
    let AppRequestIn { scopes, channels, recipients, permits, .. } = given;
    let permits = Asked { scopes, channels, recipients, permits }.read(&mut errors);
    let origin = given.origin.map(|origin| field::origin(&origin, "/origin", &mut errors));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    // First what costs nothing: nobody's program is looked for in vain.
    api.access.room_to_ask(far_end.is_here())?;
    let peer = far_end.named(&api.looks, api.now()).await.map_err(|wait| Problem::of(Code::AskedTooOften).after(wait))?;
    let (request, token) = api.access.ask(NewRequest { name, reason, permits, origin }, peer).await?;
    let status_url = format!("/v1/apps/requests/{}", request.id);
    let made = AppRequestMade {
        id: request.id.to_string(),
        code: request.code.to_string(),
        poll_token: token.expose().to_owned(),
        expires_at: request.expires_at.to_string(),
        status_url: status_url.clone(),
        interval: INTERVAL,
    };
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, status_url)], Json(made)))
}

permit!(ask: Need::open().audits_itself());
