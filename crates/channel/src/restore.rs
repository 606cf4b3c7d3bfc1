use crate::channel::{Channel, Shred};
use crate::effect::Effect;
use crate::turn::Turn;
use domain::{Cause, Desired, Identity, PairingMethod, Reason, State, Timestamp};

/// What is stored of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub desired: Desired,
    pub state: State,
    /// [`Channel::holds_auth_state`].
    pub holds_auth_state: bool,
    pub identity: Option<Identity>,
    /// Why it is taken up now: [`Cause::Starting`] with the application, [`Cause::Moving`] from another worker.
    pub cause: Cause,
}

/// A channel at the start of the process, or as another worker left it, and what is to be done about it.
///
/// What should run and is linked resumes; what was showing a QR shows a new one. Everything that waits for a
/// person waits on: a start of the application does not fight for a replaced session and asks WhatsApp for no QR
/// that nobody wants.
#[must_use]
pub fn restore(stored: Stored, now: Timestamp, jitter: f64) -> (Channel, Vec<Effect>) {
    let mut channel = Channel::new(now);
    channel.desired = stored.desired;
    channel.holds_auth_state = stored.holds_auth_state;
    channel.identity = stored.identity;
    channel.state = stored.state;
    let mut turn = Turn::new(channel, now, jitter);
    match stored.desired {
        Desired::Running => turn.take_up(stored.cause),
        Desired::Stopped => turn.let_rest(),
    }
    turn.finish()
}

impl Turn {
    fn take_up(&mut self, cause: Cause) {
        let linked = self.channel.holds_auth_state;
        match &self.channel.state {
            State::Connected { .. } | State::Reconnecting { .. } => self.resume_or_rest(cause),
            State::Pairing { .. } if linked => self.resume_or_rest(cause),
            State::Pairing { prompt, .. } => match prompt.method() {
                // The phone for the code is not kept; the person is asked again.
                PairingMethod::Qr | PairingMethod::Code | PairingMethod::Passkey => self.begin_pairing(None),
            },
            State::Disconnected { reason, .. } => match *reason {
                Reason::LoggedOut | Reason::Unlinked | Reason::KeysRotated | Reason::AccountLocked => self.finish_shredding(),
                Reason::Replaced => {}
                Reason::Banned { until } if until > self.now => self.channel.open_at = Some(until.max(self.soon())),
                Reason::Banned { .. } => self.reconnect(Cause::BanEnded, self.soon()),
                Reason::New | Reason::Stopped | Reason::PairingExpired | Reason::PairingFailed => {
                    if linked {
                        self.resume_or_rest(cause);
                    }
                }
                // What stood in the way may be mended by now; one attempt tells.
                Reason::ClientOutdated
                | Reason::VaultLocked
                | Reason::VaultMissing
                | Reason::VaultRefused
                | Reason::WrongKey
                | Reason::AuthStateDamaged
                | Reason::StorageFailed => self.resume_or_rest(cause),
            },
        }
    }

    fn resume_or_rest(&mut self, cause: Cause) {
        if self.channel.holds_auth_state {
            // A new time of reconnecting, whatever it was doing when the process ended. A hand-over is the beginning of one.
            self.channel.open_at = Some(self.soon());
            let next_attempt_at = self.channel.open_at;
            let since = match &self.channel.state {
                State::Reconnecting { since, cause: Cause::Moving, .. } => *since,
                State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => {
                    self.now
                }
            };
            self.enter(State::Reconnecting { since, attempt: 0, next_attempt_at, cause });
        } else if !matches!(self.channel.state, State::Disconnected { .. }) {
            self.disconnect(Reason::New);
        }
    }

    fn let_rest(&mut self) {
        match &self.channel.state {
            State::Disconnected { reason, .. } => {
                if reason.invalidates() {
                    self.finish_shredding();
                }
            }
            State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => {
                let reason = if self.channel.holds_auth_state { Reason::Stopped } else { Reason::New };
                self.disconnect(reason);
            }
        }
    }

    /// The process ended between the end of the session and that of its auth-state, or of what its outbox held: a message
    /// that waits on must not leave by the next account that is linked here.
    fn finish_shredding(&mut self) {
        self.effect(Effect::FailOutbox);
        if self.channel.holds_auth_state {
            self.channel.shred = Shred::Wanted { at: self.now };
        }
    }
}
