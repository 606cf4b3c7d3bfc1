use crate::channel::{Channel, Life};
use crate::effect::Effect;
use crate::input::Command;
use crate::slot::{LOGOUT_DEADLINE, Slot};
use crate::turn::Turn;
use domain::{Cause, Desired, PairingMethod, Phone, Reason, State};

/// Why a command makes no sense now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// A code or QR is only for a channel that is not linked.
    AlreadyPaired,
    /// It is being deleted.
    Leaving,
}

impl Channel {
    /// Whether `command` makes sense now. A command that has nothing left to do is welcome.
    pub fn admits(&self, command: &Command) -> Result<(), Refusal> {
        match (self.life, command) {
            (Life::Leaving | Life::Gone, Command::Delete) => Ok(()),
            (
                Life::Leaving | Life::Gone,
                Command::Start | Command::Stop | Command::Restart | Command::Logout | Command::PairByCode(_),
            ) => Err(Refusal::Leaving),
            (Life::Kept, Command::PairByCode(_)) if self.paired() => Err(Refusal::AlreadyPaired),
            (
                Life::Kept,
                Command::Start | Command::Stop | Command::Restart | Command::Logout | Command::Delete | Command::PairByCode(_),
            ) => Ok(()),
        }
    }
}

impl Turn {
    /// Runs from now on. Nothing to do when it runs already, in whatever state that is.
    pub(crate) fn start(&mut self) {
        if self.channel.life != Life::Kept {
            return;
        }
        self.desire(Desired::Running);
        match &self.channel.state {
            State::Disconnected { .. } => self.set_out(),
            State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => {}
        }
    }

    /// A fresh connection now, whatever it was doing; a fresh pairing when it is not linked.
    pub(crate) fn restart(&mut self) {
        if self.channel.life != Life::Kept {
            return;
        }
        self.desire(Desired::Running);
        match &self.channel.state {
            State::Disconnected { .. } => self.set_out(),
            State::Pairing { .. } if !self.channel.paired() => self.begin_pairing(None),
            State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => {
                self.channel.failures = 0;
                self.reconnect(Cause::Requested, self.now);
                self.close_socket();
            }
        }
    }

    fn set_out(&mut self) {
        if self.channel.paired() {
            self.channel.failures = 0;
            self.reconnect(Cause::Requested, self.now);
        } else {
            self.begin_pairing(None);
        }
    }

    /// Lets the session rest; the auth-state stays. A channel that has none keeps the reason why.
    pub(crate) fn stop(&mut self) {
        self.desire(Desired::Stopped);
        let reason = match &self.channel.state {
            State::Disconnected { reason, .. } if !self.channel.paired() => *reason,
            State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. } => Reason::Stopped,
            State::Pairing { .. } if self.channel.paired() => Reason::Stopped,
            State::Pairing { .. } => Reason::New,
        };
        self.disconnect(reason);
        if !matches!(self.channel.slot, Slot::Leaving { .. }) {
            self.close_socket();
        }
    }

    /// Leaves the account. Disconnected at once, so that nothing is sent any more; a live socket tells WhatsApp
    /// first, and the auth-state goes when that socket is gone.
    pub(crate) fn log_out(&mut self) {
        self.desire(Desired::Stopped);
        self.channel.open_at = None;
        let linked = self.channel.paired();
        match &self.channel.state {
            State::Disconnected { .. } if !linked => {}
            State::Pairing { .. } if !linked => self.disconnect(Reason::New),
            State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => {
                self.disconnect(Reason::LoggedOut);
                self.effect(Effect::FailOutbox);
            }
        }
        match self.channel.slot {
            Slot::Ready => {
                self.channel.slot = Slot::Leaving { by: self.now.plus(LOGOUT_DEADLINE) };
                self.effect(Effect::LogoutSocket);
            }
            Slot::Opening { .. } | Slot::Handshaken { .. } => self.close_socket(),
            Slot::Empty | Slot::Leaving { .. } | Slot::Closing { .. } => {}
        }
        self.want_shred();
    }

    /// Logs out, and the channel goes when the auth-state is gone.
    pub(crate) fn delete(&mut self) {
        self.channel.life = Life::Leaving;
        self.log_out();
    }

    /// WhatsApp knows, or will not be told: either way the socket has done its work.
    pub(crate) fn logout_told(&mut self) {
        match self.channel.slot {
            Slot::Leaving { .. } => self.close_socket(),
            Slot::Empty | Slot::Opening { .. } | Slot::Handshaken { .. } | Slot::Ready | Slot::Closing { .. } => {}
        }
    }

    /// Shows a code instead of a QR, on the pairing socket that is there or on a new one.
    pub(crate) fn pair_by_code(&mut self, phone: Phone) {
        if self.channel.life != Life::Kept || self.channel.paired() {
            return;
        }
        self.desire(Desired::Running);
        match &self.channel.state {
            State::Pairing { .. } => {
                self.channel.pairing.by_code = Some(phone);
                self.await_prompt(PairingMethod::Code, None);
                // Before the handshake there is nobody to ask; the first QR says that there is.
                if matches!(self.channel.slot, Slot::Handshaken { .. }) {
                    self.ask_code();
                }
            }
            State::Disconnected { .. } => self.begin_pairing(Some(phone)),
            State::Connected { .. } | State::Reconnecting { .. } => {}
        }
    }
}
