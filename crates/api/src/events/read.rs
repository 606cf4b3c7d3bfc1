use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::EventOut;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only events after this `seq`. A stream without it (and without `Last-Event-ID`) begins now; a page begins with the oldest.
    #[serde(default)]
    after: Option<u64>,
    /// Only these types, separated by commas; `message.*` takes all of a kind.
    #[serde(default)]
    #[param(example = "message.received,channel.*")]
    types: Option<String>,
    /// Only this channel.
    #[serde(default)]
    #[param(example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    channel: Option<String>,
    /// Pages only: how many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// A page of the event log, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    pub items: Vec<EventOut>,
    /// Ask for the next page with `after` set to this.
    pub next_after: u64,
    /// The oldest `seq` that the log still has; null when it is empty.
    #[schema(required)]
    pub oldest: Option<u64>,
}

/// Follow or read the event log
///
/// With `Accept: application/json` a page; otherwise a stream (server-sent events): first `snapshot` (all channels, and the
/// `seq` at which they were so), then each event under its type with its `seq` as id, in order and without a hole.
/// `Last-Event-ID` or `after` replays from there. `gap` tells that the log no longer reaches back that far.
/// A comment comes every 15 seconds; a reader that does not keep up is disconnected and resumes where it was.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "read_events",
    params(EventsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "Where a stream goes on; browsers send it by themselves.")),
    responses((status = 200, description = "Events.", content(
        (EventPage = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn read(State(api): State<Api>) -> Result<Response, Problem> {
    let _ = api;
    Err(Problem::of(Code::Unavailable))
}
