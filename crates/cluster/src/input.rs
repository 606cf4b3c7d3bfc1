use crate::Moment;
use crate::census::Census;
use crate::membership::Member;
use domain::{ChannelId, Fence, WorkerId};
use std::sync::Arc;
use std::time::Duration;

/// What happens to a worker.
#[derive(Clone, Debug)]
pub enum Input {
    /// A heartbeat was answered: these are alive.
    Told {
        members: Arc<[Member]>,
    },
    /// A heartbeat was not answered.
    Untold,
    /// Something changed among the workers.
    Rumour,
    /// All channels that there are.
    Listed(Arc<Census>),
    /// Other workers let go of these for us to take.
    Handed(Vec<ChannelId>),
    /// Other workers are ready to take these from us.
    AskedFor(Vec<ChannelId>),
    /// What became of [`Effect::Acquire`](crate::Effect::Acquire): an answer for each channel. `sent` is when it was sent.
    Acquired {
        sent: Moment,
        answers: Vec<(ChannelId, Answer)>,
    },
    /// What became of [`Effect::Renew`](crate::Effect::Renew). Every lease of it is in one of the three.
    Renewed {
        sent: Moment,
        kept: Vec<(ChannelId, Fence)>,
        lost: Vec<(ChannelId, Fence)>,
        unanswered: Vec<(ChannelId, Fence)>,
    },
    /// The host's answers.
    Adopted {
        channel: ChannelId,
        fence: Fence,
    },
    NotAdopted {
        channel: ChannelId,
        fence: Fence,
    },
    Released {
        channel: ChannelId,
        fence: Fence,
    },
    Abandoned {
        channel: ChannelId,
        fence: Fence,
    },
    /// The host found out by itself that somebody else holds this channel.
    GivenUp {
        channel: ChannelId,
    },
    /// [`Holder::due_at`](crate::Holder::due_at) has come, or it does not hurt to look.
    Due,
    /// Let everything go in good order within this time, and leave.
    Drain {
        grace: Duration,
    },
    /// The time for good order is over.
    Hurry,
}

/// What Redis says to who asks for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Granted(Fence),
    /// `by` has it, for `left` at least.
    Refused {
        left: Duration,
        by: Option<WorkerId>,
    },
    /// Nobody knows.
    Unanswered,
}
