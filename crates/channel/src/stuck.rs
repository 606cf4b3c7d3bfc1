use crate::effect::News;
use crate::turn::Turn;
use domain::{State, Timestamp};
use std::time::Duration;

/// A channel that has been reconnecting for longer than this is stuck: a person should know.
pub const STUCK_AFTER: Duration = Duration::from_secs(30);

/// When a channel in this state becomes stuck, if it is not yet.
pub(crate) fn stuck_at(state: &State, stuck_since: Option<Timestamp>) -> Option<Timestamp> {
    match (state, stuck_since) {
        (State::Reconnecting { since, .. }, None) => Some(since.plus(STUCK_AFTER)),
        (State::Reconnecting { .. }, Some(_))
        | (State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. }, _) => None,
    }
}

impl Turn {
    /// Raises the flag once per time of reconnecting. [`Turn::enter`] clears it.
    pub(crate) fn notice_stuck(&mut self) {
        if stuck_at(&self.channel.state, self.channel.stuck_since).is_some_and(|at| at <= self.now) {
            self.channel.stuck_since = Some(self.now);
            self.tell(News::Stuck);
        }
    }
}
