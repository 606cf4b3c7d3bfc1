use super::frame::Envelope;
use super::query::{EventsQuery, Filter};
use super::subject;
use crate::api::Api;
use crate::guard::Caller;
use crate::params;
use crate::problem::Problem;
use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger::LoggedEvent;
use serde::Serialize;
use utoipa::ToSchema;
use wire::EventOut;

/// A page of the event log, oldest first.
#[derive(Debug, ToSchema)]
#[schema(as = EventPage)]
#[allow(dead_code, reason = "the OpenAPI face of `Page`")]
pub(crate) struct EventPage {
    items: Vec<EventOut>,
    /// Ask for the next page with `after` set to this; it stays as it is at the end of the log. A page may be shorter than
    /// `limit`, even empty, before that: what a key may not see is left out.
    next_after: u64,
    /// The oldest `seq` that the log still has; the one that comes next when it is empty.
    oldest: u64,
}

#[derive(Serialize)]
struct Page<'a> {
    items: Vec<Envelope<'a>>,
    next_after: u64,
    oldest: u64,
}

/// For an app, what it may not see is left out of the page, which may leave nothing of it while there is more.
pub(super) async fn answer(api: &Api, caller: &Caller, asked: &EventsQuery, filter: &Filter) -> Result<Response, Problem> {
    let limit = params::limit(asked.limit, 100, 1000)?;
    let after = asked.after.unwrap_or(0);
    let seen = *api.ledger.tip().borrow();
    let oldest = api.ledger.oldest_seq().await?;
    let events = api.ledger.events(&filter.query(after, limit)).await?;
    let next_after = next_after(&events, limit, after, seen);
    let events = subject::seen(api, caller, events).await?;
    Ok(Json(Page { items: events.iter().map(Envelope::from).collect(), next_after, oldest }).into_response())
}

/// A page that is not full has looked at everything up to `seen`, also at what the filter left out.
fn next_after(events: &[LoggedEvent], limit: u32, after: u64, seen: u64) -> u64 {
    let last = events.last().map_or(after, |e| e.seq);
    if events.len() < limit as usize { last.max(seen) } else { last }
}
