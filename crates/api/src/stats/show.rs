use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use crate::params::Params;
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::{Scope, Timestamp};
use ledger::{DeliveryCount, MessageCount};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// A month.
const MOST_HOURS: u32 = 744;
const BUCKET: Duration = Duration::from_secs(3600);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// How many hours back.
    #[serde(default)]
    #[param(minimum = 1, maximum = 744, default = 24)]
    hours: Option<u32>,
}

/// How many of what happened, hour by hour, oldest first; hours in which nothing happened are zeros.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// When the first bucket begins: RFC 3339, UTC.
    from: String,
    /// How long each bucket is; the last one is not over yet.
    #[schema(example = 3600)]
    bucket_seconds: u64,
    messages: Vec<MessageBucket>,
    deliveries: Vec<DeliveryBucket>,
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct MessageBucket {
    /// When it begins: RFC 3339, UTC.
    at: String,
    #[schema(example = 12)]
    sent: u64,
    #[schema(example = 7)]
    received: u64,
    #[schema(example = 0)]
    failed: u64,
}

/// Tries at webhooks.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DeliveryBucket {
    /// When it begins: RFC 3339, UTC.
    at: String,
    #[schema(example = 19)]
    delivered: u64,
    #[schema(example = 0)]
    failed: u64,
}

permit!(show: Need::scope(Scope::MessagesRead));

/// Show numbers over time
///
/// For a program: of the messages that its key reaches. Deliveries are counted for people only.
#[utoipa::path(get, path = "/v1/stats", tag = "ops", operation_id = "show_stats",
    params(StatsQuery),
    responses((status = 200, description = "Messages and deliveries, hour by hour.", body = Stats)))]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Params(asked): Params<StatsQuery>,
) -> Result<Json<Stats>, Problem> {
    let hours = asked.hours.unwrap_or(24);
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(Problem::invalid(vec![FieldError::parameter("hours", format!("must be from 1 to {MOST_HOURS}"))]));
    }
    let starts = starts(api.now(), hours);
    let from = starts.first().copied().unwrap_or(Timestamp::EPOCH);
    let bucket_ms = u64::try_from(BUCKET.as_millis()).unwrap_or(u64::MAX);
    let (messages, deliveries) = if caller.is_person() {
        (api.ledger.message_counts(from, bucket_ms).await?, api.ledger.delivery_counts(from, bucket_ms).await?)
    } else {
        let within = caller.messages(Scope::MessagesRead);
        (api.ledger.message_counts_within(from, bucket_ms, &within).await?, Vec::new())
    };
    Ok(Json(Stats {
        from: from.to_string(),
        bucket_seconds: BUCKET.as_secs(),
        messages: starts.iter().map(|at| MessageBucket::of(*at, messages.iter().find(|c| c.at == *at))).collect(),
        deliveries: starts.iter().map(|at| DeliveryBucket::of(*at, deliveries.iter().find(|c| c.at == *at))).collect(),
    }))
}

/// When each bucket begins: whole hours, the last of them the one that is under way.
fn starts(now: Timestamp, hours: u32) -> Vec<Timestamp> {
    let into_the_hour = u64::try_from(now.as_millis().rem_euclid(3_600_000)).unwrap_or(0);
    let last = now.minus(Duration::from_millis(into_the_hour));
    (0..hours).rev().map(|back| last.minus(BUCKET * back)).collect()
}

impl MessageBucket {
    fn of(at: Timestamp, count: Option<&MessageCount>) -> Self {
        let (sent, received, failed) = count.map_or((0, 0, 0), |c| (c.sent, c.received, c.failed));
        MessageBucket { at: at.to_string(), sent, received, failed }
    }
}

impl DeliveryBucket {
    fn of(at: Timestamp, count: Option<&DeliveryCount>) -> Self {
        let (delivered, failed) = count.map_or((0, 0), |c| (c.delivered, c.failed));
        DeliveryBucket { at: at.to_string(), delivered, failed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_with_whole_hours_and_end_with_the_present_one() {
        let now = Timestamp::parse("2026-01-31T01:30:00Z").unwrap_or(Timestamp::EPOCH);
        let told: Vec<String> = starts(now, 3).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["2026-01-30T23:00:00.000Z", "2026-01-31T00:00:00.000Z", "2026-01-31T01:00:00.000Z"]);
    }
}
