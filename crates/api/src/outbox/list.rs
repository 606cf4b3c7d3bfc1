use crate::api::Api;
use crate::cursor;
use crate::guard::{Caller, Need, permit};
use crate::params::{self, Params};
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::{ChannelId, IdError, Scope};
use ledger::{OutboxCounts, OutboxPart, OutboxQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::MessageOut;

const LIST: &str = "outbox";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OutboxQueryIn {
    /// Only this channel.
    #[serde(default)]
    #[param(example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    channel: Option<String>,
    /// Only those that are `queued` (due or waiting for another try), `sending`, `scheduled` (their time has not come) or `failed`
    /// (waiting for a person to retry or discard them).
    #[serde(default)]
    #[param(example = "failed")]
    status: Option<String>,
    /// How many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// What has not left, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outbox {
    items: Vec<MessageOut>,
    /// What `cursor` takes for the next page; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
    counts: OutboxCountsOut,
}

/// How many there are of each, whatever page and status were asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxCounts)]
pub(crate) struct OutboxCountsOut {
    #[schema(example = 0)]
    queued: u64,
    #[schema(example = 0)]
    sending: u64,
    #[schema(example = 0)]
    scheduled: u64,
    #[schema(example = 0)]
    failed: u64,
}

permit!(list: Need::scope(Scope::MessagesRead));

/// Show the outbox
///
/// Everything that was accepted and has not left, and what failed and waits for a person. A program sees, and is told the number of,
/// what its key reaches.
#[utoipa::path(get, path = "/v1/outbox", tag = "messages", operation_id = "show_outbox",
    params(OutboxQueryIn),
    responses((status = 200, description = "Newest first, with how many there are of each status.", body = Outbox),
        (status = 404, description = "There is no such channel.")))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(asked): Params<OutboxQueryIn>,
) -> Result<Json<Outbox>, Problem> {
    let limit = params::limit(asked.limit, 50, 200)?;
    let before = asked.cursor.as_deref().map(|c| cursor::read(LIST, c)).transpose()?;
    let status = asked.status.as_deref().map(status).transpose()?;
    let channel = asked.channel.as_deref().map(|id| channel(&api, &caller, id)).transpose()?;
    let within = caller.messages(Scope::MessagesRead);
    let now = api.now();
    let page = api.ledger.outbox_page_within(&OutboxQuery { channel, status, before, limit, now }, &within).await?;
    let counts = api.ledger.outbox_counts_within(channel, &within, now).await?;
    let next_cursor = page.next.map(|n| cursor::write(LIST, n));
    Ok(Json(Outbox { items: page.messages.iter().map(MessageOut::from).collect(), next_cursor, counts: counts.into() }))
}

fn channel(api: &Api, caller: &Caller, text: &str) -> Result<ChannelId, Problem> {
    let id: ChannelId =
        text.parse().map_err(|e: IdError| Problem::invalid(vec![FieldError::parameter("channel", e.to_string())]))?;
    // Out of reach is as if it were not there.
    if !caller.may(Scope::MessagesRead, Some(id), None) {
        return Err(Problem::no_such("channel"));
    }
    api.channel(id).map(|view| view.id)
}

fn status(text: &str) -> Result<OutboxPart, Problem> {
    match text {
        "queued" => Ok(OutboxPart::Queued),
        "sending" => Ok(OutboxPart::Sending),
        "scheduled" => Ok(OutboxPart::Scheduled),
        "failed" => Ok(OutboxPart::Failed),
        _ => Err(Problem::invalid(vec![FieldError::parameter("status", "must be queued, sending, scheduled or failed")])),
    }
}

impl From<OutboxCounts> for OutboxCountsOut {
    fn from(c: OutboxCounts) -> Self {
        OutboxCountsOut { queued: c.queued, sending: c.sending, scheduled: c.scheduled, failed: c.failed }
    }
}
