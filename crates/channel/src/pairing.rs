use crate::channel::{Pairing, Shred};
use crate::effect::{Effect, News};
use crate::flapping::Flapping;
use crate::slot::{OPEN_DEADLINE, Slot};
use crate::turn::Turn;
use domain::{Cause, Desired, Identity, PairingMethod, PairingPrompt, Phone, Reason, Setback, State, Timestamp};
use std::time::Duration;

/// Without anything new to show for so long, pairing is over.
const PATIENCE: Duration = Duration::from_secs(180);
/// What is on show may be used up to its expiry, and WhatsApp has this long to send the next.
const GRACE: Duration = Duration::from_secs(20);
/// However many rounds come: nobody looks at this QR any more.
pub(crate) const LONGEST: Duration = Duration::from_secs(600);

impl Turn {
    /// Shows a QR, or a code for `by_code`, as soon as WhatsApp gives one.
    pub(crate) fn begin_pairing(&mut self, by_code: Option<Phone>) {
        let method = if by_code.is_some() { PairingMethod::Code } else { PairingMethod::Qr };
        self.channel.failures = 0;
        self.channel.open_at = Some(self.now);
        self.channel.pairing = Pairing { by_code, asked: None, shown_since: None, give_up_at: Some(self.now.plus(PATIENCE)) };
        self.enter(State::Pairing { since: self.now, prompt: PairingPrompt::Waiting { method, setback: None }, round: 0 });
        // What is open was opened for something else.
        self.close_socket();
    }

    /// The socket shows a QR: what it opened is not paired.
    pub(crate) fn show_qr(&mut self, code: String, expires_at: Timestamp) {
        if !self.pairing_socket() {
            return;
        }
        if self.channel.pairing.by_code.is_some() {
            self.ask_code();
            return;
        }
        self.show(PairingPrompt::Qr { code, expires_at });
    }

    pub(crate) fn show_code(&mut self, code: String, expires_at: Timestamp, phone: Phone) {
        if !self.pairing_socket() {
            return;
        }
        match &self.channel.pairing.by_code {
            Some(wanted) if *wanted != phone => self.ask_code(),
            Some(_) | None => self.show(PairingPrompt::Code { code, expires_at, phone }),
        }
    }

    pub(crate) fn show_passkey(&mut self, challenge: String, expires_at: Option<Timestamp>) {
        if self.pairing_socket() {
            self.show(PairingPrompt::Passkey { challenge, expires_at });
        }
    }

    /// Makes sure that the channel is pairing when its socket is. False: what the socket says does not count.
    fn pairing_socket(&mut self) -> bool {
        match self.channel.slot {
            Slot::Opening { .. } | Slot::Handshaken { .. } => self.channel.slot = Slot::Handshaken { by: None },
            Slot::Empty | Slot::Ready | Slot::Leaving { .. } | Slot::Closing { .. } => return false,
        }
        match &self.channel.state {
            State::Pairing { prompt, .. } => {
                // Scanned already: a late QR of the same socket.
                let wanted = !matches!(prompt, PairingPrompt::Scanned { .. });
                if wanted {
                    self.expect_prompt();
                }
                wanted
            }
            // It should have resumed, but there was nothing to resume from.
            State::Disconnected { .. } | State::Reconnecting { .. } => {
                self.channel.holds_auth_state = false;
                self.channel.pairing = Pairing { asked: self.channel.pairing.asked.clone(), ..Pairing::default() };
                let prompt = PairingPrompt::Waiting { method: PairingMethod::Qr, setback: None };
                self.channel.state = State::Pairing { since: self.now, prompt, round: 0 };
                self.channel.stuck_since = None;
                self.channel.flapping = Flapping::default();
                true
            }
            State::Connected { .. } => false,
        }
    }

    fn show(&mut self, next: PairingPrompt) {
        if let State::Pairing { prompt, round, .. } = &mut self.channel.state {
            let seen = next.expires_at().map_or(self.now.plus(PATIENCE), |at| at.plus(GRACE));
            let shown_since = *self.channel.pairing.shown_since.get_or_insert(self.now);
            self.channel.pairing.give_up_at = Some(seen.min(shown_since.plus(LONGEST)));
            *prompt = next;
            *round = round.saturating_add(1);
            self.channel.failures = 0;
            self.tell(News::Pairing);
        }
    }

    /// Nothing to show at the moment; told when there was something, and with each attempt that failed.
    pub(crate) fn await_prompt(&mut self, method: PairingMethod, setback: Option<Setback>) {
        let State::Pairing { prompt, .. } = &mut self.channel.state else { return };
        // Another way of linking makes no connection better.
        let waiting = PairingPrompt::Waiting { method, setback: setback.or(prompt.setback()) };
        if *prompt == waiting && setback.is_none() {
            return;
        }
        let was_shown = !matches!(prompt, PairingPrompt::Waiting { .. });
        *prompt = waiting;
        let pairing = &mut self.channel.pairing;
        match pairing.shown_since {
            Some(shown_since) if was_shown => {
                pairing.give_up_at = Some(self.now.plus(PATIENCE).min(shown_since.plus(LONGEST)));
            }
            // Nobody could have scanned anything yet, so nobody is late.
            None if setback.is_some() => pairing.give_up_at = None,
            Some(_) | None => {}
        }
        self.tell(News::Pairing);
    }

    /// As [`Turn::await_prompt`] after a setback, for a pairing that this very step has begun and told.
    pub(crate) fn wait_out(&mut self, after: Setback) {
        if let State::Pairing { prompt: PairingPrompt::Waiting { setback, .. }, .. } = &mut self.channel.state {
            *setback = Some(after);
            self.channel.pairing.give_up_at = None;
        }
    }

    /// WhatsApp is reached: from now on it has to give something to show, and somebody has to come.
    pub(crate) fn expect_prompt(&mut self) {
        let patience = self.now.plus(PATIENCE);
        self.channel.pairing.give_up_at.get_or_insert(patience);
    }

    /// The QR on show stays on show; only a pairing that waits for its next socket is hurried.
    pub(crate) fn retry_pairing_soon(&mut self) {
        if self.channel.slot != Slot::Empty {
            return;
        }
        self.channel.failures = 0;
        self.channel.open_at = Some(self.soon());
        if let State::Pairing { prompt: PairingPrompt::Waiting { setback: Some(setback), .. }, .. } = &mut self.channel.state {
            if setback.cause == Cause::Offline {
                setback.cause = Cause::NetworkChanged;
            }
            self.tell(News::Pairing);
        }
    }

    /// Asks the present socket for the wanted code, once per phone.
    pub(crate) fn ask_code(&mut self) {
        let pairing = &mut self.channel.pairing;
        if pairing.asked != pairing.by_code
            && let Some(phone) = pairing.by_code.clone()
        {
            pairing.asked = Some(phone.clone());
            self.effect(Effect::AskPairingCode(phone));
        }
    }

    /// Tries once more on a new socket that asks for the code from the start.
    pub(crate) fn code_refused(&mut self) {
        match &self.channel.state {
            State::Pairing { .. } if self.channel.slot.is_attempt() => {
                let at = self.next_try();
                self.channel.open_at = Some(at);
                self.close_socket();
            }
            State::Pairing { .. } | State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. } => {}
        }
    }

    /// The phone agreed. Counts whatever else is going on: the auth-state is paired now.
    pub(crate) fn paired(&mut self, identity: Identity) {
        if self.channel.slot == Slot::Empty {
            return;
        }
        self.channel.holds_auth_state = true;
        self.remember(identity);
        if self.channel.slot.is_attempt() {
            self.channel.slot = Slot::Handshaken { by: Some(self.now.plus(OPEN_DEADLINE)) };
        }
        match &mut self.channel.state {
            State::Pairing { prompt, .. } => {
                *prompt = PairingPrompt::Scanned { method: prompt.method() };
                self.channel.pairing = Pairing::default();
                self.tell(News::Pairing);
            }
            // Given up or stopped in the very moment of the scan: it is paired all the same.
            State::Disconnected { .. } => match (self.channel.shred, self.channel.desired) {
                (Shred::NotNeeded, Desired::Running) => self.reconnect(Cause::Paired, self.now),
                (Shred::NotNeeded, Desired::Stopped) => self.disconnect(Reason::Stopped),
                (Shred::Wanted { .. } | Shred::Underway, Desired::Running | Desired::Stopped) => self.keep(),
            },
            State::Connected { .. } | State::Reconnecting { .. } => self.keep(),
        }
    }

    /// Waiting for the person is over.
    pub(crate) fn notice_expiry(&mut self) {
        if let State::Pairing { .. } = &self.channel.state
            && self.channel.pairing.give_up_at.is_some_and(|at| at <= self.now)
        {
            self.close_socket();
            self.disconnect(Reason::PairingExpired);
        }
    }
}
