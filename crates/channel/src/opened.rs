use crate::channel::Pairing;
use crate::slot::{OPEN_DEADLINE, Slot};
use crate::turn::Turn;
use domain::{Cause, Identity, Reason, State};

impl Turn {
    pub(crate) fn handshaken(&mut self) {
        match self.channel.slot {
            Slot::Opening { .. } => {}
            Slot::Empty | Slot::Handshaken { .. } | Slot::Ready | Slot::Leaving { .. } | Slot::Closing { .. } => return,
        }
        let login = Slot::Handshaken { by: Some(self.now.plus(OPEN_DEADLINE)) };
        match &self.channel.state {
            State::Pairing { .. } => {
                self.channel.slot = Slot::Handshaken { by: None };
                self.expect_prompt();
            }
            State::Reconnecting { .. } => self.channel.slot = login,
            // A quiet attempt got this far: the auth-state could be read.
            State::Disconnected { reason, .. } => {
                let cause = quiet_cause(*reason);
                self.channel.slot = login;
                if self.channel.paired() {
                    self.reconnect(cause, self.now);
                }
            }
            State::Connected { .. } => {}
        }
    }

    pub(crate) fn opened(&mut self, identity: Identity) {
        if !self.channel.slot.is_heard() {
            return;
        }
        self.channel.slot = Slot::Ready;
        self.channel.holds_auth_state = true;
        self.channel.pairing = Pairing::default();
        let identity = self.remember(identity);
        match &mut self.channel.state {
            State::Connected { identity: old, .. } => {
                *old = identity;
                self.keep();
            }
            State::Disconnected { .. } | State::Pairing { .. } | State::Reconnecting { .. } => {
                self.enter(State::Connected { since: self.now, identity });
            }
        }
    }

    pub(crate) fn push_name(&mut self, name: String) {
        if !self.channel.slot.is_heard() {
            return;
        }
        let known = self.remember(Identity { phone: None, lid: None, push_name: Some(name) });
        match &mut self.channel.state {
            State::Connected { identity, .. } => *identity = known,
            State::Disconnected { .. } | State::Pairing { .. } | State::Reconnecting { .. } => {}
        }
        self.keep();
    }

    /// Adds what `told` knows to what was known of the account. Another phone number is another account.
    pub(crate) fn remember(&mut self, told: Identity) -> Identity {
        let before = self.channel.identity.take().unwrap_or_default();
        let same = told.phone.is_none() || before.phone.is_none() || told.phone == before.phone;
        let before = if same { before } else { Identity::default() };
        let known = Identity {
            phone: told.phone.or(before.phone),
            lid: told.lid.or(before.lid),
            push_name: told.push_name.or(before.push_name),
        };
        self.channel.identity = Some(known.clone());
        known
    }
}

/// Why a channel that was trying quietly is connecting again.
pub(crate) fn quiet_cause(reason: Reason) -> Cause {
    match reason {
        Reason::VaultLocked | Reason::VaultMissing | Reason::VaultRefused => Cause::VaultUnlocked,
        Reason::Banned { .. } => Cause::BanEnded,
        Reason::New
        | Reason::Stopped
        | Reason::PairingExpired
        | Reason::PairingFailed
        | Reason::LoggedOut
        | Reason::Unlinked
        | Reason::KeysRotated
        | Reason::AccountLocked
        | Reason::Replaced
        | Reason::ClientOutdated
        | Reason::WrongKey
        | Reason::AuthStateDamaged
        | Reason::StorageFailed => Cause::Requested,
    }
}
