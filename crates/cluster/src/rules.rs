use std::time::Duration;

/// How long a lease lives in Redis after its last renewal.
pub const LEASE_TTL: Duration = Duration::from_secs(12);
/// Between two renewals of one lease.
pub const RENEW: Duration = Duration::from_secs(4);
/// A lease that was not renewed for so long is given up by its holder, well before anybody else can get it. Counted from when
/// the last renewal that succeeded was sent: Redis cannot have begun to count before.
pub const SELF_FENCE: Duration = Duration::from_secs(8);
/// Renewals that are due within this of each other travel together.
pub(crate) const TOGETHER: Duration = Duration::from_millis(400);
/// A renewal that got no answer is sent again after this.
pub(crate) const RENEW_AGAIN: Duration = Duration::from_millis(500);

/// Between two heartbeats.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// Between two heartbeats while Redis does not answer.
pub(crate) const HEARTBEAT_AGAIN: Duration = Duration::from_millis(500);
/// A worker whose heartbeat is older is taken for dead.
pub const MEMBER_TTL: Duration = Duration::from_secs(8);
/// Who heard nothing for longer than this cannot tell who died meanwhile from who heard nothing either …
pub(crate) const GAP: Duration = Duration::from_secs(4);
/// … and believes for so long that those it knew are still there: they come back in any order.
pub(crate) const BELIEF: Duration = Duration::from_secs(3);
/// After the first answer: others that start at the same time want to be seen before anything is shared out.
pub(crate) const SETTLING: Duration = Duration::from_millis(500);

/// A channel that another living worker holds is asked for again after this, in case its handing over went unheard; doubled
/// each time up to the other.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(2);
pub(crate) const ASK_AGAIN_AT_LAST: Duration = Duration::from_secs(8);
/// After a host could not adopt a channel; doubled each time up to the other.
pub(crate) const ADOPT_AGAIN: Duration = Duration::from_secs(1);
pub(crate) const ADOPT_AGAIN_AT_LAST: Duration = Duration::from_secs(30);
/// After Redis said nothing to a request for leases.
pub(crate) const UNANSWERED: Duration = Duration::from_secs(1);

/// How fast channels are started: what comes back after an outage comes back to machines, databases and WhatsApp that have
/// other things to do as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Channels that this worker starts in a second.
    pub per_second: f64,
    /// As many at once, after a time with nothing to start.
    pub burst: f64,
    /// Being started at the same time.
    pub under_way: usize,
    /// Channels that all workers together start in a second: each takes its part of it.
    pub in_all: f64,
}

impl Pace {
    pub const DEFAULT: Pace = Pace { per_second: 50.0, burst: 50.0, under_way: 200, in_all: 2000.0 };

    /// Everything at once.
    pub const NONE: Pace = Pace { per_second: 1e12, burst: 1e12, under_way: usize::MAX, in_all: 1e12 };

    /// What one of so many workers starts in a second.
    pub fn among(&self, workers: usize) -> f64 {
        self.per_second.min(self.in_all / workers.max(1) as f64)
    }

    /// What one of so many workers starts at once after a time with nothing to start.
    pub fn burst_among(&self, workers: usize) -> f64 {
        self.burst.min(self.in_all / workers.max(1) as f64).max(1.0)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Pace::DEFAULT
    }
}
