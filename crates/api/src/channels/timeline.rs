use crate::api::Api;
use crate::cursor;
use crate::guard::{Need, permit};
use crate::params::{self, ChannelPath, Params};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::StateOut;

const LIST: &str = "timeline";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineQuery {
    /// How many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// One transition of a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineEntry {
    /// When it happened: RFC 3339, UTC.
    pub at: String,
    /// The state that it came to.
    pub state: StateOut,
    /// Since when it was flagged as stuck, when it was.
    #[schema(required)]
    pub stuck_since: Option<String>,
    /// What happened, for a person.
    pub summary: String,
}

/// A channel's transitions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelinePage {
    pub items: Vec<TimelineEntry>,
    #[schema(required)]
    pub next_cursor: Option<String>,
}

permit!(timeline: Need::scope(Scope::ChannelsRead).of_channel("id"));

/// Show a channel's timeline
#[utoipa::path(get, path = "/v1/channels/{id}/timeline", tag = "channels", operation_id = "channel_timeline",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"), TimelineQuery),
    responses((status = 200, description = "Transitions, newest first.", body = TimelinePage)))]
pub(crate) async fn timeline(
    State(api): State<Api>,
    ChannelPath(id): ChannelPath,
    Params(asked): Params<TimelineQuery>,
) -> Result<Json<TimelinePage>, Problem> {
    api.channel(id)?;
    let limit = params::limit(asked.limit, 50, 200)?;
    let before = asked.cursor.as_deref().map(|c| cursor::read(LIST, c)).transpose()?;
    // One more than asked tells whether there is a next page.
    let mut lines = api.ledger.timeline(id, before, limit + 1).await?;
    let more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let next_cursor = lines.last().filter(|_| more).map(|line| cursor::write(LIST, line.n));
    Ok(Json(TimelinePage { items: lines.iter().map(TimelineEntry::from).collect(), next_cursor }))
}

impl From<&ledger::TimelineEntry> for TimelineEntry {
    fn from(line: &ledger::TimelineEntry) -> Self {
        TimelineEntry {
            at: line.at.to_string(),
            state: StateOut::from(&line.state),
            stuck_since: line.stuck_since.map(|t| t.to_string()),
            summary: line.sentence(),
        }
    }
}
