use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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
    /// `connected`, `pairing`, `reconnecting`, `disconnected`; `absent` before the channel was made, `off` while the application did not run.
    #[schema(example = "connected")]
    pub status: String,
}

/// Show a channel's uptime
#[utoipa::path(get, path = "/v1/channels/{id}/uptime", tag = "channels", operation_id = "channel_uptime",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"), UptimeQuery),
    responses((status = 200, description = "The last hours as segments.", body = Uptime)))]
pub(crate) async fn uptime(State(api): State<Api>) -> Result<Json<Uptime>, Problem> {
    let _ = api;
    Err(Problem::of(Code::Unavailable))
}
