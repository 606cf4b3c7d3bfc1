use crate::backoff;
use crate::channel::{Channel, Life, Shred};
use crate::effect::{Effect, News};
use crate::flapping::Flapping;
use crate::slot::{CLOSE_DEADLINE, OPEN_DEADLINE, Slot};
use domain::{Cause, Desired, PairingPrompt, Reason, Setback, State, Timestamp};

/// One step in the making: the channel as it becomes, and the effects so far.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) channel: Channel,
    pub(crate) now: Timestamp,
    pub(crate) jitter: f64,
    effects: Vec<Effect>,
}

impl Turn {
    pub(crate) fn new(channel: Channel, now: Timestamp, jitter: f64) -> Self {
        Turn { channel, now, jitter, effects: Vec::new() }
    }

    /// Opens, shreds or forgets when the slot allows it, and gives the result.
    pub(crate) fn finish(mut self) -> (Channel, Vec<Effect>) {
        self.settle();
        (self.channel, self.effects)
    }

    /// The result as it is: nothing is opened, shredded or forgotten any more.
    pub(crate) fn unfinished(self) -> (Channel, Vec<Effect>) {
        (self.channel, self.effects)
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(crate) fn tell(&mut self, news: News) {
        self.effects.push(Effect::Tell(news));
    }

    pub(crate) fn keep(&mut self) {
        self.effects.push(Effect::Keep);
    }

    pub(crate) fn desire(&mut self, desired: Desired) {
        if self.channel.desired != desired {
            self.channel.desired = desired;
            self.keep();
        }
    }

    /// Goes into `state` and tells it. Leaving `reconnecting` clears the stuck flag; being neither that nor connected, the flapping flag too.
    pub(crate) fn enter(&mut self, state: State) {
        let news = match &state {
            State::Disconnected { reason, .. } => News::Disconnected(*reason),
            State::Pairing { .. } => News::Pairing,
            State::Connected { .. } => News::Connected,
            State::Reconnecting { cause, .. } => News::Reconnecting(*cause),
        };
        let (connected, stays) = match &state {
            State::Connected { .. } => (true, true),
            State::Reconnecting { .. } => (false, true),
            State::Disconnected { .. } | State::Pairing { .. } => (false, false),
        };
        if !stays {
            // Whatever made it flap, it is not reconnecting any more.
            self.channel.flapping = Flapping::default();
        }
        let was_stuck = if connected || !stays { self.channel.stuck_since.take() } else { None };
        self.channel.state = state;
        self.tell(news);
        if let Some(stuck_since) = was_stuck.filter(|_| connected && self.channel.flapping.since.is_none()) {
            self.tell(News::Recovered { stuck_since });
        }
    }

    /// Disconnects for `reason`; told unless nothing changes by it.
    pub(crate) fn disconnect(&mut self, reason: Reason) {
        self.channel.open_at = None;
        let same = match &self.channel.state {
            State::Disconnected { reason: old, .. } => *old == reason,
            State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => false,
        };
        if !same {
            self.enter(State::Disconnected { since: self.now, reason });
        }
    }

    /// Wants a socket at `at` for a session that exists already. A channel that is reconnecting stays so since
    /// the same moment; each new attempt is told, so that everybody sees when it is due.
    pub(crate) fn reconnect(&mut self, cause: Cause, at: Timestamp) {
        self.channel.open_at = Some(at);
        match &mut self.channel.state {
            State::Reconnecting { cause: old, .. } => {
                *old = cause;
                self.tell(News::Reconnecting(cause));
            }
            State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. } => {
                self.enter(State::Reconnecting { since: self.now, attempt: 0, next_attempt_at: Some(at), cause });
            }
        }
    }

    /// When to try again after one more failure.
    pub(crate) fn next_try(&mut self) -> Timestamp {
        let wait =
            if self.channel.online { backoff::delay(self.channel.failures, self.jitter) } else { backoff::OFFLINE_RETRY };
        self.channel.failures = self.channel.failures.saturating_add(1);
        self.now.plus(wait)
    }

    /// Now, or so little later that many channels do not all come in the same instant.
    pub(crate) fn soon(&self) -> Timestamp {
        self.now.plus(backoff::spread(self.jitter))
    }

    /// Asks the socket to close, if there is one that was not asked yet.
    pub(crate) fn close_socket(&mut self) {
        match self.channel.slot {
            Slot::Empty | Slot::Closing { .. } => {}
            Slot::Opening { .. } | Slot::Handshaken { .. } | Slot::Ready | Slot::Leaving { .. } => {
                self.channel.slot = Slot::Closing { by: self.now.plus(CLOSE_DEADLINE) };
                self.effect(Effect::CloseSocket);
            }
        }
    }

    /// The only place that opens a socket, shreds, or forgets: always with an empty slot.
    fn settle(&mut self) {
        match self.channel.slot {
            Slot::Empty => match (self.channel.shred, self.channel.life) {
                (Shred::Wanted { at }, Life::Kept | Life::Leaving) if at <= self.now => {
                    self.channel.shred = Shred::Underway;
                    self.effect(Effect::Shred);
                }
                (Shred::NotNeeded, Life::Leaving) => {
                    self.channel.life = Life::Gone;
                    self.channel.open_at = None;
                    self.effect(Effect::Forget);
                }
                (Shred::NotNeeded, Life::Kept) if self.channel.open_at.is_some_and(|at| at <= self.now) => self.open(),
                (Shred::NotNeeded, Life::Kept)
                | (Shred::Wanted { .. } | Shred::Underway, Life::Kept | Life::Leaving)
                | (Shred::NotNeeded | Shred::Wanted { .. } | Shred::Underway, Life::Gone) => {}
            },
            Slot::Opening { .. } | Slot::Handshaken { .. } | Slot::Ready | Slot::Leaving { .. } => self.channel.open_at = None,
            Slot::Closing { .. } => {}
        }
        match &mut self.channel.state {
            State::Reconnecting { next_attempt_at, .. }
            | State::Pairing {
                prompt: PairingPrompt::Waiting { setback: Some(Setback { next_attempt_at, .. }), .. }, ..
            } => {
                *next_attempt_at = self.channel.open_at;
            }
            State::Pairing { .. } | State::Disconnected { .. } | State::Connected { .. } => {}
        }
    }

    fn open(&mut self) {
        self.channel.open_at = None;
        if let State::Disconnected { reason: Reason::Banned { .. }, .. } = &self.channel.state {
            self.reconnect(Cause::BanEnded, self.now);
            self.channel.open_at = None;
        }
        if let State::Reconnecting { attempt, .. } = &mut self.channel.state {
            *attempt = attempt.saturating_add(1);
        }
        self.channel.slot = Slot::Opening { by: self.now.plus(OPEN_DEADLINE) };
        self.channel.pairing.asked = self.channel.pairing.by_code.clone();
        let pair_by_code = self.channel.pairing.by_code.clone();
        self.effect(Effect::OpenSocket { pair_by_code });
    }
}
