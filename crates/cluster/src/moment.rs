use std::time::Duration;

/// A moment by the clock of one worker: the time since that clock began. It goes on while the process is stopped, is never set,
/// and says nothing to another worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    pub const START: Moment = Moment(Duration::ZERO);

    pub const fn after_start(passed: Duration) -> Self {
        Moment(passed)
    }

    pub const fn passed(self) -> Duration {
        self.0
    }

    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Moment(self.0.saturating_add(span))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
