use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::{ChannelPath, Params};
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// A month.
const MOST_HOURS: u32 = 744;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UptimeQuery {
    /// How many hours back.
    #[serde(default)]
    #[param(minimum = 1, maximum = 744, default = 24)]
    hours: Option<u32>,
}

/// What a channel was, over a span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Uptime {
    /// RFC 3339, UTC.
    pub from: String,
    /// RFC 3339, UTC.
    pub to: String,
    /// Without gaps or overlaps, oldest first.
    pub segments: Vec<UptimeSegment>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UptimeSegment {
    pub from: String,
    pub to: String,
    /// `connected`, `pairing`, `reconnecting`, `disconnected`; `absent` before the channel was made, `not_running` while WhatIsUp did not run.
    #[schema(example = "connected")]
    pub status: String,
}

permit!(uptime: Need::scope(Scope::ChannelsRead).of_channel("id"));

/// Show a channel's uptime
#[utoipa::path(get, path = "/v1/channels/{id}/uptime", tag = "channels", operation_id = "channel_uptime",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"), UptimeQuery),
    responses((status = 200, description = "The last hours as segments.", body = Uptime)))]
pub(crate) async fn uptime(
    State(api): State<Api>,
    ChannelPath(id): ChannelPath,
    Params(asked): Params<UptimeQuery>,
) -> Result<Json<Uptime>, Problem> {
    api.channel(id)?;
    let hours = asked.hours.unwrap_or(24);
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(Problem::invalid(vec![FieldError::parameter("hours", format!("must be from 1 to {MOST_HOURS}"))]));
    }
    let to = api.now();
    let from = to.minus(Duration::from_secs(u64::from(hours) * 3600));
    let segments = api.ledger.uptime(id, from, to).await?;
    Ok(Json(Uptime {
        from: from.to_string(),
        to: to.to_string(),
        segments: segments.iter().map(UptimeSegment::from).collect(),
    }))
}

impl From<&ledger::Segment> for UptimeSegment {
    fn from(s: &ledger::Segment) -> Self {
        UptimeSegment { from: s.from.to_string(), to: s.to.to_string(), status: s.kind.as_str().to_owned() }
    }
}
