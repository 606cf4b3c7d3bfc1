use std::time::Duration;

/// A moment by the clock of one worker: the time since that clock began. It goes on while the process is stopped, is never set,
/// and says nothing to another worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Enough for 584 years.
    nanoseconds: u64,
}

impl Moment {
    pub const START: Moment = Moment { nanoseconds: 0 };
    pub const NEVER: Moment = Moment { nanoseconds: u64::MAX };

    pub fn after_start(passed: Duration) -> Self {
        Moment::START.plus(passed)
    }

    pub const fn passed(self) -> Duration {
        Duration::from_nanos(self.nanoseconds)
    }

    /// This moment and `span` after it, saturating.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Moment { nanoseconds: self.nanoseconds.saturating_add(span) }
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.nanoseconds.saturating_sub(earlier.nanoseconds))
    }
}
