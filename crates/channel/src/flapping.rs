//! Reconnect loops: a channel that comes up again each time and does not stay up.

use crate::channel::Channel;
use crate::effect::News;
use crate::turn::Turn;
use domain::{State, Timestamp};
use std::time::Duration;

/// So many connections lost within [`FLAPPING_WITHIN`] are a loop: a person should know.
pub const FLAPPING_LOSSES: usize = 5;
pub const FLAPPING_WITHIN: Duration = Duration::from_secs(600);
/// A connection that lasted this long ends the loop.
pub const CALM_AFTER: Duration = Duration::from_secs(300);

/// What is remembered of lost connections. Attempts that fail do not count: a channel that does not come up at all is stuck, not
/// flapping; nor does what a person, a sleep or another network ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flapping {
    /// When connections were lost, oldest first; [`FLAPPING_LOSSES`] at most.
    losses: Vec<Timestamp>,
    pub(crate) since: Option<Timestamp>,
}

impl Flapping {
    /// Notes a loss. True when it makes a loop of what was none.
    fn lost(&mut self, now: Timestamp) -> bool {
        self.losses.retain(|at| now.since(*at) < FLAPPING_WITHIN);
        if self.losses.len() == FLAPPING_LOSSES {
            self.losses.remove(0);
        }
        self.losses.push(now);
        let begins = self.since.is_none() && self.losses.len() == FLAPPING_LOSSES;
        if begins {
            self.since = Some(now);
        }
        begins
    }

    /// After the clock was set back nothing lies in the future.
    pub(crate) fn pull_back(&mut self, now: Timestamp) {
        for at in self.losses.iter_mut().chain(&mut self.since) {
            *at = (*at).min(now);
        }
    }
}

/// When a flapping channel in this state has been connected for long enough, if it is connected at all.
pub(crate) fn calm_at(state: &State, flapping: &Flapping) -> Option<Timestamp> {
    match (state, flapping.since) {
        (State::Connected { since, .. }, Some(_)) => Some(since.plus(CALM_AFTER)),
        (State::Connected { .. }, None)
        | (State::Disconnected { .. } | State::Pairing { .. } | State::Reconnecting { .. }, _) => None,
    }
}

impl Channel {
    /// Since when it has been losing one connection after the other.
    pub fn flapping_since(&self) -> Option<Timestamp> {
        self.flapping.since
    }
}

impl Turn {
    /// To be called with the state as it was when the connection broke. True: [`News::Flapping`] is to be told after what
    /// becomes of the channel, so that the state in the event says why this connection was lost.
    #[must_use]
    pub(crate) fn note_loss(&mut self) -> bool {
        match &self.channel.state {
            State::Connected { .. } => self.channel.flapping.lost(self.now),
            State::Disconnected { .. } | State::Pairing { .. } | State::Reconnecting { .. } => false,
        }
    }

    /// Clears the flag after [`CALM_AFTER`], and lets the back-off start anew.
    pub(crate) fn notice_calm(&mut self) {
        if calm_at(&self.channel.state, &self.channel.flapping).is_some_and(|at| at <= self.now) {
            self.channel.failures = 0;
            let was = std::mem::take(&mut self.channel.flapping);
            if let Some(stuck_since) = was.since {
                self.tell(News::Recovered { stuck_since });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(secs: u64) -> Timestamp {
        Timestamp::from_secs(1_000_000).plus(Duration::from_secs(secs))
    }

    fn flags(losses: impl IntoIterator<Item = u64>) -> Vec<bool> {
        let mut flapping = Flapping::default();
        losses.into_iter().map(|secs| flapping.lost(after(secs))).collect()
    }

    #[test]
    fn the_fifth_loss_within_ten_minutes_is_told_once() {
        assert_eq!(flags([0, 1, 2, 3, 4, 5, 6]), [false, false, false, false, true, false, false]);
        assert_eq!(flags([0, 140, 280, 420, 599]), [false, false, false, false, true]);
    }

    #[test]
    fn losses_that_are_far_apart_are_no_loop() {
        assert_eq!(flags((0..100).map(|n| n * 150)), [false; 100]);
    }

    #[test]
    fn a_clock_set_back_neither_makes_a_loop_nor_hides_one() {
        let mut flapping = Flapping::default();
        for secs in [0, 1, 2, 3] {
            assert!(!flapping.lost(after(90_000 + secs)));
        }
        flapping.pull_back(after(0));
        assert!(flapping.lost(after(5)));
        flapping.pull_back(after(0));
        assert_eq!(flapping.since, Some(after(0)));
    }
}
