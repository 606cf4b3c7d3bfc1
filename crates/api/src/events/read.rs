use super::page::{self, EventPage};
use super::query::{EventsQuery, Filter};
use super::reader::Reader;
use crate::accept;
use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use crate::params::Params;
use crate::problem::{Code, FieldError, Problem};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::Scope;

const STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

permit!(read: Need::scope(Scope::EventsRead).or_ticket());

/// Follow or read the event log
///
/// With `Accept: application/json` a page; otherwise a stream (server-sent events): first `snapshot` (all channels, and the
/// `seq` at which they were so), then each event under its type with its `seq` as id, in order and without a hole.
/// `Last-Event-ID` or `after` replays from there. `gap` tells that the log no longer reaches back that far.
/// A comment comes every 15 seconds; a reader that does not keep up is disconnected and resumes where it was.
/// A program hears of the channels for which it has `events:read`, of messages where it has `messages:read` besides, and the stream
/// ends when its key does, or when it may do less than before.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "read_events",
    params(EventsQuery, ("ticket" = Option<String>, Query, description = "Instead of a key: a one-use ticket for exactly this address, from `POST /v1/tickets`."), ("Last-Event-ID" = Option<u64>, Header, description = "Where a stream goes on; browsers send it by themselves.")),
    responses((status = 200, description = "Events.", content(
        (EventPage = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Params(asked): Params<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = Filter::of(&asked)?;
    let form = accept::choose(&headers, &[STREAM, JSON]).ok_or_else(|| Problem::of(Code::NotAcceptable))?;
    let mut response = if form == JSON {
        page::answer(&api, &caller, &asked, &filter).await?
    } else {
        // A browser that resumes sends both; what it heard last is the later of the two.
        let after = last_event_id(&headers)?.max(asked.after);
        ([(header::CONTENT_TYPE, STREAM)], Reader::open(api, caller, filter, after).await?.into_body()).into_response()
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id").filter(|v| !v.is_empty()) else { return Ok(None) };
    let refused = || Problem::invalid(vec![FieldError::parameter("Last-Event-ID", "must be the `seq` of an event")]);
    value.to_str().ok().and_then(|v| v.parse().ok()).map(Some).ok_or_else(refused)
}
