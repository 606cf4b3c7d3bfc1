use domain::{ChannelId, DeliveryId, EndpointId, EventId, Timestamp};
use std::fmt;

/// One event owed to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub endpoint: EndpointId,
    /// Of the event in the log.
    pub seq: u64,
    pub event_id: EventId,
    /// The event's type.
    pub kind: String,
    pub channel: Option<ChannelId>,
    pub status: DeliveryStatus,
    /// Tries so far, since it was owed or since somebody had it delivered anew.
    pub attempts: u32,
    /// When the next try is due; `None`: as soon as its turn comes.
    pub next_attempt_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// When it was delivered or skipped.
    pub finished_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    Pending,
    Delivered,
    /// A person decided that it need not be delivered, or the receiver's app may not see it any more.
    Skipped,
}

impl DeliveryStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryStatus::Pending => "pending",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Skipped => "skipped",
        }
    }
}

/// One HTTP try, as it is to be noted.
#[derive(Clone)]
pub struct AttemptRecord {
    pub delivery: DeliveryId,
    /// When it began.
    pub at: Timestamp,
    pub latency_ms: u64,
    pub outcome: AttemptOutcome,
    pub http_status: Option<u16>,
    /// What the receiver said, at most 2 kB of it.
    pub answer: String,
    /// Why there was no answer.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    Delivered,
    /// `next_attempt_at` `None`: as soon as its turn comes again (when the endpoint is resumed, say).
    Failed {
        next_attempt_at: Option<Timestamp>,
    },
}

/// One HTTP try, as it was noted.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    pub at: Timestamp,
    pub latency_ms: u64,
    pub delivered: bool,
    pub http_status: Option<u16>,
    pub answer: String,
    pub error: Option<String>,
}

// What a receiver answers is its own affair: it may repeat what it was sent.
impl fmt::Debug for AttemptRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRecord")
            .field("delivery", &self.delivery)
            .field("at", &self.at)
            .field("latency_ms", &self.latency_ms)
            .field("outcome", &self.outcome)
            .field("http_status", &self.http_status)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("at", &self.at)
            .field("latency_ms", &self.latency_ms)
            .field("delivered", &self.delivered)
            .field("http_status", &self.http_status)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Which deliveries to read, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    pub endpoint: Option<EndpointId>,
    pub status: Option<DeliveryStatus>,
    /// An event's type, exactly.
    pub kind: Option<String>,
    /// The `next` of the page before.
    pub before: Option<u64>,
    /// At most this many (1 to 1000).
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryPage {
    pub deliveries: Vec<Delivery>,
    /// What `before` takes for the next page; `None` at the end.
    pub next: Option<u64>,
}

/// What [`plan_deliveries`](crate::Ledger::plan_deliveries) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Deliveries that are owed now and were not before.
    pub made: u64,
    /// Whether there are events left to look at.
    pub more: bool,
}

/// What waits for one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingCount {
    pub endpoint: EndpointId,
    pub pending: u64,
    /// Since when the first of them has been owed.
    pub oldest: Option<Timestamp>,
}
