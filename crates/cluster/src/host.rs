use crate::holder::Counts;
use async_trait::async_trait;
use domain::{ChannelId, Fence, Timestamp, WorkerId};

/// Whoever runs channels. For one channel no `adopt` begins before all earlier calls have come back; `abandon` may come while
/// another call is under way, and ends it.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// Runs the channel from now on. It counts as being started until this returns, and only so many are started at a time
    /// ([`Pace`](crate::Pace)): so a host does well to return when it is up, or has turned out not to come up soon.
    ///
    /// # Errors
    /// When it could not be done; nothing is run then, and it is asked again later with another fence.
    async fn adopt(&self, channel: ChannelId, fence: Fence) -> Result<(), NotAdopted>;

    /// Ends it in good order: everything is written when this returns.
    async fn release(&self, channel: ChannelId);

    /// Drops it at once: the lease is gone, and nothing may be written any more.
    async fn abandon(&self, channel: ChannelId);
}

/// Why a host did not take a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAdopted(pub String);

/// Where all channels are written down.
#[async_trait]
pub trait Directory: Send + Sync + 'static {
    /// All that there are, whoever holds them.
    ///
    /// # Errors
    /// When it cannot be read now; what was known stays in force.
    async fn channels(&self) -> Result<Vec<ChannelId>, Unlisted>;

    /// Returns when there may have been a change since `channels` was last called, also one from before this call.
    async fn changed(&self);
}

/// Why the channels could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channels cannot be listed: {0}")]
pub struct Unlisted(pub String);

/// How this worker stands among the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub worker: WorkerId,
    /// Whether it takes channels: Redis answers, and it is not about to go.
    pub able: bool,
    /// What keeps it from that, or from knowing the channels, in words.
    pub trouble: Option<String>,
    /// All that are alive, this one included, in the order of their ids; as last heard.
    pub workers: Vec<WorkerInfo>,
    /// Leases that it has, those of channels that are being started included.
    pub held: usize,
    /// Channels that fall to it.
    pub wanted: usize,
    /// Channels that are being started.
    pub adopting: usize,
    /// Channels that there are in all.
    pub channels: usize,
    pub counts: Counts,
}

/// What is known of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    pub id: WorkerId,
    pub name: String,
    pub address: Option<String>,
    /// When it was last heard of, by the clock of Redis.
    pub seen: Timestamp,
    /// Leases that it had then.
    pub channels: usize,
    pub weight: u32,
    /// Whether it takes channels.
    pub able: bool,
    /// Gives away what it has, and goes.
    pub leaving: bool,
}
