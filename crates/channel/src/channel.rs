use crate::flapping::Flapping;
use crate::slot::{Slot, SlotKind};
use domain::{Desired, Identity, Phone, Reason, State, Timestamp};

/// A channel and everything that decides what it does next.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    pub(crate) desired: Desired,
    pub(crate) state: State,
    /// Paired auth-state lies in the store.
    pub(crate) holds_auth_state: bool,
    pub(crate) shred: Shred,
    pub(crate) identity: Option<Identity>,
    pub(crate) stuck_since: Option<Timestamp>,
    pub(crate) flapping: Flapping,
    pub(crate) slot: Slot,
    /// When the next socket is to be opened, once the slot is empty.
    pub(crate) open_at: Option<Timestamp>,
    /// Failures in a row, which choose the wait before the next attempt.
    pub(crate) failures: u32,
    pub(crate) online: bool,
    pub(crate) pairing: Pairing,
    pub(crate) life: Life,
}

/// What pairing needs to remember beside its prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pairing {
    /// Link by a code typed on this phone instead of a QR.
    pub(crate) by_code: Option<Phone>,
    /// The phone for which the present socket was asked for a code.
    pub(crate) asked: Option<Phone>,
    /// When there was first something to scan or to type.
    pub(crate) shown_since: Option<Timestamp>,
    /// When waiting for the person has no sense any more; never while nothing could be shown to anybody.
    pub(crate) give_up_at: Option<Timestamp>,
}

/// Whether auth-state is to be destroyed. No socket is opened before that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shred {
    NotNeeded,
    Wanted { at: Timestamp },
    Underway,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Kept,
    /// Being deleted; gone as soon as the auth-state is.
    Leaving,
    Gone,
}

impl Channel {
    /// A channel just made: not paired, not started.
    pub fn new(now: Timestamp) -> Self {
        Channel {
            desired: Desired::Stopped,
            state: State::Disconnected { since: now, reason: Reason::New },
            holds_auth_state: false,
            shred: Shred::NotNeeded,
            identity: None,
            stuck_since: None,
            flapping: Flapping::default(),
            slot: Slot::Empty,
            open_at: None,
            failures: 0,
            online: true,
            pairing: Pairing::default(),
            life: Life::Kept,
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn desired(&self) -> Desired {
        self.desired
    }

    /// Whether a start needs no QR, as people see it.
    pub fn paired(&self) -> bool {
        self.holds_auth_state && self.shred == Shred::NotNeeded
    }

    /// Whether paired auth-state still lies in the store, perhaps waiting to be shredded: this is what is
    /// stored, so that a shred survives a crash.
    pub fn holds_auth_state(&self) -> bool {
        self.holds_auth_state
    }

    /// The account it is linked to, or was last.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    pub fn stuck_since(&self) -> Option<Timestamp> {
        self.stuck_since
    }

    /// Whether messages can leave now.
    pub fn is_connected(&self) -> bool {
        self.slot == Slot::Ready
    }

    /// Whether its socket has not shown a sign of life yet.
    pub fn is_opening(&self) -> bool {
        matches!(self.slot, Slot::Opening { .. })
    }

    /// Deleted: takes no input any more.
    pub fn is_gone(&self) -> bool {
        self.life == Life::Gone
    }

    pub fn slot(&self) -> SlotKind {
        self.slot.kind()
    }

    /// Whether `reason` waits for a person; the others resume by themselves.
    pub fn needs_person(reason: Reason) -> bool {
        match reason {
            Reason::Banned { .. } | Reason::VaultLocked | Reason::VaultMissing => false,
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
            | Reason::VaultRefused
            | Reason::WrongKey
            | Reason::AuthStateDamaged
            | Reason::StorageFailed => true,
        }
    }
}
