use crate::backoff::OFFLINE_RETRY;
use crate::channel::Shred;
use crate::slot::Slot;
use crate::turn::Turn;
use domain::{Cause, Desired, Reason, State};

impl Turn {
    /// The machine slept, or its clock was set: no connection from before is to be trusted.
    pub(crate) fn woke(&mut self) {
        self.pull_deadlines_near();
        if let Shred::Wanted { .. } = self.channel.shred {
            self.want_shred();
        }
        match &self.channel.state {
            // Whoever was kept out by a locked keychain looks again; a ban keeps its own time.
            State::Disconnected { reason, .. } => {
                if matches!(reason, Reason::VaultLocked | Reason::VaultMissing) && self.channel.slot == Slot::Empty {
                    self.channel.open_at = self.channel.open_at.map(|_| self.soon());
                }
            }
            State::Reconnecting { .. } => {
                self.begin_afresh(Cause::Woke);
                self.count_from_now();
            }
            State::Pairing { .. } | State::Connected { .. } => self.begin_afresh(Cause::Woke),
        }
    }

    /// The hours asleep are no time of trying: nobody is to be told of a stuck channel because of them.
    fn count_from_now(&mut self) {
        if let (State::Reconnecting { since, .. }, None) = (&mut self.channel.state, self.channel.stuck_since) {
            *since = self.now;
        }
    }

    /// The network under the connection is another one.
    pub(crate) fn network_changed(&mut self) {
        self.channel.online = true;
        self.begin_afresh(Cause::NetworkChanged);
    }

    fn begin_afresh(&mut self, cause: Cause) {
        match &self.channel.state {
            State::Connected { .. } | State::Reconnecting { .. } => {
                self.channel.failures = 0;
                self.reconnect(cause, self.soon());
                self.close_socket();
            }
            State::Pairing { .. } => self.retry_pairing_soon(),
            State::Disconnected { .. } => {}
        }
    }

    /// An address came up. What works is left alone; what waits tries at once.
    pub(crate) fn network_up(&mut self) {
        let was_offline = !self.channel.online;
        self.channel.online = true;
        match &self.channel.state {
            State::Reconnecting { cause, .. } => {
                let cause = if *cause == Cause::Offline { Cause::NetworkChanged } else { *cause };
                if self.channel.slot == Slot::Empty || was_offline {
                    self.channel.failures = 0;
                    self.reconnect(cause, self.soon());
                    self.close_socket();
                }
            }
            State::Pairing { .. } => self.retry_pairing_soon(),
            State::Disconnected { .. } | State::Connected { .. } => {}
        }
    }

    /// No address is left. A connection may outlive it (to this very machine, say), so only waiting changes.
    pub(crate) fn network_down(&mut self) {
        self.channel.online = false;
        match &self.channel.state {
            State::Reconnecting { .. } if self.channel.slot == Slot::Empty => {
                self.reconnect(Cause::Offline, self.now.plus(OFFLINE_RETRY));
            }
            State::Reconnecting { .. } | State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. } => {}
        }
    }

    pub(crate) fn vault_unlocked(&mut self) {
        if let Shred::Wanted { .. } = self.channel.shred {
            self.want_shred();
        }
        let waited = match &self.channel.state {
            State::Disconnected { reason, .. } => {
                matches!(reason, Reason::VaultLocked | Reason::VaultMissing | Reason::VaultRefused)
            }
            State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => false,
        };
        if waited && self.channel.desired == Desired::Running && self.channel.slot == Slot::Empty {
            if self.channel.paired() {
                self.channel.failures = 0;
                self.reconnect(Cause::VaultUnlocked, self.soon());
            } else {
                self.channel.open_at = Some(self.soon());
            }
        }
    }
}
