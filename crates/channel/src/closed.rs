use crate::backoff::STABLE;
use crate::channel::Shred;
use crate::effect::News;
use crate::input::{End, VaultTrouble};
use crate::slot::Slot;
use crate::turn::Turn;
use domain::{Cause, Desired, PairingMethod, Reason, Setback, State, Timestamp};
use std::time::Duration;

/// How often a channel whose key cannot be had looks again.
const VAULT_RETRY: Duration = Duration::from_secs(30);
/// A ban that is over already when we hear of it is not tested sooner than this.
const SHORTEST_BAN: Duration = Duration::from_secs(30);

impl Turn {
    /// The socket is gone. What follows depends on why, and on whether we had asked for it.
    pub(crate) fn closed(&mut self, end: End) {
        let asked = match self.channel.slot {
            Slot::Empty => return,
            Slot::Closing { .. } | Slot::Leaving { .. } => true,
            Slot::Opening { .. } | Slot::Handshaken { .. } | Slot::Ready => false,
        };
        self.channel.slot = Slot::Empty;
        self.forgive_a_stable_connection();
        if self.channel.shred != Shred::NotNeeded {
            // Logged out or invalidated already; nothing that this socket says makes a difference.
            return;
        }
        match end {
            End::Invalidated(invalidation) => self.invalidate(invalidation),
            End::Asked | End::Restart | End::Lost(_) if asked => {}
            End::Asked
            | End::Restart
            | End::Lost(_)
            | End::PairingExpired
            | End::PairingFailed
            | End::Replaced
            | End::Banned { .. }
            | End::ClientOutdated
            | End::Vault(_)
            | End::WrongKey
            | End::Damaged
            | End::StorageFailed => match self.channel.desired {
                Desired::Stopped => {}
                Desired::Running => self.go_on_after(end),
            },
        }
    }

    fn go_on_after(&mut self, end: End) {
        match end {
            End::Restart => self.broke(Self::log_in_again),
            End::Asked => self.broke(|turn| turn.lost(Cause::ConnectionLost)),
            End::Lost(cause) => self.broke(|turn| turn.lost(cause)),
            End::PairingExpired => self.disconnect(Reason::PairingExpired),
            End::PairingFailed => self.disconnect(Reason::PairingFailed),
            End::Invalidated(invalidation) => self.invalidate(invalidation),
            // No fight: whoever has the session now keeps it until a person decides.
            End::Replaced => self.disconnect(Reason::Replaced),
            End::Banned { until } => {
                self.disconnect(Reason::Banned { until });
                let at = until.max(self.now.plus(SHORTEST_BAN));
                self.channel.open_at = Some(at.plus(self.soon().since(self.now)));
            }
            End::ClientOutdated => self.disconnect(Reason::ClientOutdated),
            End::Vault(VaultTrouble::Locked) => self.look_again_later(Reason::VaultLocked),
            End::Vault(VaultTrouble::Missing) => self.look_again_later(Reason::VaultMissing),
            End::Vault(VaultTrouble::Refused) => self.disconnect(Reason::VaultRefused),
            End::WrongKey => self.disconnect(Reason::WrongKey),
            End::Damaged => self.disconnect(Reason::AuthStateDamaged),
            End::StorageFailed => self.disconnect(Reason::StorageFailed),
        }
    }

    /// A connection that nobody asked to end has ended (or an attempt at one): `go_on` says how. Losing one after the other is told.
    fn broke(&mut self, go_on: impl FnOnce(&mut Self)) {
        let flaps = self.note_loss();
        go_on(self);
        if flaps {
            self.tell(News::Flapping);
        }
    }

    /// Stays disconnected and tries quietly: nothing is told until it works.
    fn look_again_later(&mut self, reason: Reason) {
        self.disconnect(reason);
        self.channel.open_at = Some(self.now.plus(VAULT_RETRY));
    }

    /// Stream error 515: at once, unless it comes again and again.
    fn log_in_again(&mut self) {
        match &self.channel.state {
            // How every pairing ends, and no failure.
            State::Pairing { .. } if self.channel.paired() => self.reconnect(Cause::Paired, self.now),
            State::Pairing { .. } | State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. } => {
                let first = self.channel.failures == 0;
                let at = self.next_try();
                self.resume(Cause::ClosedByServer, if first { self.now } else { at });
            }
        }
    }

    /// The connection, or an attempt at one, came to nothing.
    pub(crate) fn lost(&mut self, cause: Cause) {
        let at = self.next_try();
        let cause = if self.channel.online { cause } else { Cause::Offline };
        self.resume(cause, at);
    }

    fn resume(&mut self, cause: Cause, at: Timestamp) {
        match &self.channel.state {
            State::Pairing { .. } if !self.channel.paired() => {
                let method = if self.channel.pairing.by_code.is_some() { PairingMethod::Code } else { PairingMethod::Qr };
                self.channel.open_at = Some(at);
                self.await_prompt(method, Some(Setback { cause, next_attempt_at: Some(at) }));
            }
            // A quiet attempt of a channel that is not linked: whatever stood in its way is gone.
            State::Disconnected { .. } if !self.channel.paired() => {
                self.begin_pairing(None);
                self.channel.open_at = Some(at);
                self.wait_out(Setback { cause, next_attempt_at: Some(at) });
            }
            State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => {
                self.reconnect(cause, at);
            }
        }
    }

    /// A socket that claims to be connected but is silent: a new one, as after any loss.
    pub(crate) fn liveness_lost(&mut self) {
        match &self.channel.state {
            State::Connected { .. } => {
                self.forgive_a_stable_connection();
                self.broke(|turn| turn.lost(Cause::NoAnswer));
                self.close_socket();
            }
            State::Disconnected { .. } | State::Pairing { .. } | State::Reconnecting { .. } => {}
        }
    }

    /// In a loop no connection is stable, however long it lasted: the waits go on growing until the loop is over.
    fn forgive_a_stable_connection(&mut self) {
        if let State::Connected { since, .. } = &self.channel.state
            && self.now.since(*since) >= STABLE
            && self.channel.flapping.since.is_none()
        {
            self.channel.failures = 0;
        }
    }
}
