use ledger::Delivery;
use serde::Serialize;
use utoipa::ToSchema;

/// One event owed to one webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct DeliveryOut {
    #[schema(example = "dlv_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    id: String,
    #[schema(example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    webhook_id: String,
    #[schema(example = "evt_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    event_id: String,
    /// The event's position in the log.
    #[schema(example = 1234)]
    seq: u64,
    #[serde(rename = "type")]
    #[schema(example = "message.received")]
    kind: String,
    /// Which channel the event is about, when it is about one.
    #[schema(required)]
    channel_id: Option<String>,
    /// `pending`, `delivered` or `skipped`: somebody let go of it, or the webhook's app may not see it any more.
    #[schema(example = "delivered")]
    status: &'static str,
    /// How many tries were made.
    #[schema(example = 1)]
    attempts: u32,
    /// When the next try is due, while it is pending after a failure: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    /// RFC 3339, UTC.
    created_at: String,
    /// When it was delivered or skipped: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
}

impl From<&Delivery> for DeliveryOut {
    fn from(d: &Delivery) -> Self {
        DeliveryOut {
            id: d.id.to_string(),
            webhook_id: d.endpoint.to_string(),
            event_id: d.event_id.to_string(),
            seq: d.seq,
            kind: d.kind.clone(),
            channel_id: d.channel.map(|c| c.to_string()),
            status: d.status.as_str(),
            attempts: d.attempts,
            next_attempt_at: d.next_attempt_at.map(|t| t.to_string()),
            created_at: d.created_at.to_string(),
            finished_at: d.finished_at.map(|t| t.to_string()),
        }
    }
}
