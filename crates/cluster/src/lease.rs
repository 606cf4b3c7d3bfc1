use crate::Moment;
use crate::proofs::Proofs;
use crate::rules::SELF_FENCE;
use domain::Fence;

/// One channel in the eyes of one worker: it has it or wants it.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    /// Placement says that it is ours to hold.
    pub wanted: bool,
    /// Failures in a row, which choose the wait before the next try.
    pub failures: u32,
    /// Its former holder said that it let go, and we have not asked since, or were asking then.
    pub handed: bool,
    /// Another worker is ready to take it.
    pub asked_for: bool,
    pub grip: Grip,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Grip {
    /// To be asked for from then on.
    Waiting {
        until: Moment,
    },
    /// Asked for; the answer is on its way.
    Asking,
    Held {
        fence: Fence,
        proven: Moment,
        life: Life,
    },
    /// No longer ours: the host was told to drop it, and has so many calls to come back from.
    Ending {
        fence: Fence,
        calls: u8,
        let_go: bool,
    },
}

/// What the host does with a channel that we hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Adopting,
    Running,
    /// Being closed in good order.
    Releasing,
}

impl Lease {
    /// Whether it was held and is not any more, because it could not be renewed in time.
    pub fn has_lapsed(&self, now: Moment) -> bool {
        match self.grip {
            Grip::Held { proven, .. } => now.since(Proofs::rounded(proven)) >= SELF_FENCE,
            Grip::Waiting { .. } | Grip::Asking | Grip::Ending { .. } => false,
        }
    }

    pub fn wanted(until: Moment) -> Lease {
        Lease { wanted: true, failures: 0, handed: false, asked_for: false, grip: Grip::Waiting { until } }
    }
}

/// Doubles with every failure, from `first` up to `last`; spread by `chance` in 0..1 over half above and below.
pub(crate) fn growing(
    first: std::time::Duration,
    last: std::time::Duration,
    failures: u32,
    chance: f64,
) -> std::time::Duration {
    let doubled = first.saturating_mul(1_u32 << failures.saturating_sub(1).min(16)).min(last);
    doubled.mul_f64(0.75 + 0.5 * chance)
}
