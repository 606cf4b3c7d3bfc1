use crate::backoff::CAP;
use crate::channel::{Channel, Life, Shred};
use crate::effect::Effect;
use crate::flapping::calm_at;
use crate::pairing::LONGEST;
use crate::slot::{CLOSE_DEADLINE, LOGOUT_DEADLINE, OPEN_DEADLINE, Slot};
use crate::stuck::stuck_at;
use crate::turn::Turn;
use domain::{Cause, Reason, State, Timestamp};
use std::time::Duration;

impl Channel {
    /// When the channel next wants [`crate::Input::Due`], if ever. Changes with every step.
    pub fn due_at(&self) -> Option<Timestamp> {
        if self.life == Life::Gone {
            return None;
        }
        let give_up_at = match self.state {
            State::Pairing { .. } => self.pairing.give_up_at,
            State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. } => None,
        };
        let when_empty = match (self.slot, self.shred) {
            (Slot::Empty, Shred::NotNeeded) => self.open_at,
            (Slot::Empty, Shred::Wanted { at }) => Some(at),
            (Slot::Empty, Shred::Underway) => None,
            (
                Slot::Opening { .. } | Slot::Handshaken { .. } | Slot::Ready | Slot::Leaving { .. } | Slot::Closing { .. },
                Shred::NotNeeded | Shred::Wanted { .. } | Shred::Underway,
            ) => None,
        };
        let notices = [stuck_at(&self.state, self.stuck_since), calm_at(&self.state, &self.flapping), give_up_at];
        notices.into_iter().chain([self.slot.deadline(), when_empty]).flatten().min()
    }
}

impl Turn {
    /// Looks at every deadline; those that have not come stay as they are. Opening and shredding follow in
    /// [`Turn::finish`].
    pub(crate) fn due(&mut self) {
        self.notice_stuck();
        self.notice_calm();
        self.notice_expiry();
        match self.channel.slot {
            Slot::Empty | Slot::Ready => {}
            Slot::Opening { by } | Slot::Handshaken { by: Some(by) } if by <= self.now => {
                self.lost(Cause::NoAnswer);
                self.close_socket();
            }
            Slot::Leaving { by } if by <= self.now => self.close_socket(),
            Slot::Closing { by } if by <= self.now => {
                self.channel.slot = Slot::Empty;
                self.effect(Effect::AbandonSocket);
            }
            Slot::Opening { .. } | Slot::Handshaken { .. } | Slot::Leaving { .. } | Slot::Closing { .. } => {}
        }
    }

    /// After the clock was set back, what was promised for soon would be far away: bring it near again.
    pub(crate) fn pull_deadlines_near(&mut self) {
        let now = self.now;
        let near = |by: Timestamp, span: Duration| by.min(now.plus(span));
        self.channel.slot = match self.channel.slot {
            Slot::Empty => Slot::Empty,
            Slot::Opening { by } => Slot::Opening { by: near(by, OPEN_DEADLINE) },
            Slot::Handshaken { by } => Slot::Handshaken { by: by.map(|by| near(by, OPEN_DEADLINE)) },
            Slot::Ready => Slot::Ready,
            Slot::Leaving { by } => Slot::Leaving { by: near(by, LOGOUT_DEADLINE) },
            Slot::Closing { by } => Slot::Closing { by: near(by, CLOSE_DEADLINE) },
        };
        self.channel.flapping.pull_back(now);
        self.channel.pairing.give_up_at = self.channel.pairing.give_up_at.map(|at| near(at, LONGEST));
        let longest_wait = match &self.channel.state {
            // A ban keeps its own time.
            State::Disconnected { reason: Reason::Banned { .. }, .. } => None,
            State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => {
                Some(CAP)
            }
        };
        if let Some(longest_wait) = longest_wait {
            self.channel.open_at = self.channel.open_at.map(|at| near(at, longest_wait));
        }
        match &mut self.channel.state {
            State::Disconnected { since, .. }
            | State::Pairing { since, .. }
            | State::Connected { since, .. }
            | State::Reconnecting { since, .. } => *since = (*since).min(now),
        }
    }
}
