use crate::channel::Shred;
use crate::effect::Effect;
use crate::input::Invalidation;
use crate::turn::Turn;
use domain::Reason;
use std::time::Duration;

/// How soon a shred that failed (a locked keychain, say) is tried again.
const SHRED_RETRY: Duration = Duration::from_secs(30);

impl From<Invalidation> for Reason {
    fn from(invalidation: Invalidation) -> Self {
        match invalidation {
            Invalidation::LoggedOut => Reason::LoggedOut,
            Invalidation::Unlinked => Reason::Unlinked,
            Invalidation::KeysRotated => Reason::KeysRotated,
            Invalidation::AccountLocked => Reason::AccountLocked,
        }
    }
}

impl Turn {
    /// WhatsApp ended the session for good: the auth-state is of no use to us, and to nobody else any more.
    pub(crate) fn invalidate(&mut self, invalidation: Invalidation) {
        self.disconnect(invalidation.into());
        self.channel.failures = 0;
        self.effect(Effect::FailOutbox);
        self.want_shred();
    }

    /// Shreds as soon as the slot is empty.
    pub(crate) fn want_shred(&mut self) {
        match self.channel.shred {
            Shred::NotNeeded | Shred::Wanted { .. } => self.channel.shred = Shred::Wanted { at: self.now },
            Shred::Underway => {}
        }
    }

    pub(crate) fn shredded(&mut self) {
        match self.channel.shred {
            Shred::Underway => {
                self.channel.shred = Shred::NotNeeded;
                if self.channel.holds_auth_state {
                    self.channel.holds_auth_state = false;
                    self.keep();
                }
            }
            Shred::NotNeeded | Shred::Wanted { .. } => {}
        }
    }

    pub(crate) fn shred_failed(&mut self) {
        match self.channel.shred {
            Shred::Underway => self.channel.shred = Shred::Wanted { at: self.now.plus(SHRED_RETRY) },
            Shred::NotNeeded | Shred::Wanted { .. } => {}
        }
    }
}
