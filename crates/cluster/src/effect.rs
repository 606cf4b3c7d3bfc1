use domain::{ChannelId, Fence, WorkerId};

/// What is to be done. All but [`Effect::AskFor`], [`Effect::LetGo`], [`Effect::Hand`] and [`Effect::Leave`] come back as an [`Input`](crate::Input), once each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell Redis that we are here, and ask who else is.
    Heartbeat { leaving: bool, held: usize },
    /// Ask for the leases of these channels.
    Acquire(Vec<ChannelId>),
    /// Prolong these leases.
    Renew(Vec<(ChannelId, Fence)>),
    /// The host runs the channel from now on.
    Adopt(ChannelId, Fence),
    /// The host ends it in good order.
    Release(ChannelId, Fence),
    /// The host drops it at once and writes nothing more for it.
    Abandon(ChannelId, Fence),
    /// Tell this worker, which holds the channel, that we are ready to take it.
    AskFor { channel: ChannelId, of: WorkerId },
    /// Delete the lease if it is still ours, and tell this worker that it can have it.
    LetGo { channel: ChannelId, fence: Fence, to: Option<WorkerId> },
    /// Tell this worker that nobody holds a channel that is its to hold.
    Hand { channel: ChannelId, to: WorkerId },
    /// Nothing is held any more: be gone from among the workers.
    Leave,
}
