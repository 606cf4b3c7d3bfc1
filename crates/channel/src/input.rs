use domain::{Cause, Identity, Phone, Timestamp};

/// Everything that can happen to a channel. Socket inputs are those of its present socket only; the
/// engine lets nothing of an earlier one through.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A person or program wants something.
    Command(Command),

    /// The encrypted connection stands; pairing or login comes next.
    Handshaken,
    PairingQr {
        code: String,
        expires_at: Timestamp,
    },
    PairingCode {
        code: String,
        expires_at: Timestamp,
        phone: Phone,
    },
    PasskeyRequested {
        challenge: String,
        expires_at: Option<Timestamp>,
    },
    /// The phone agreed; the auth-state is paired from now on.
    Paired {
        identity: Identity,
    },
    /// Logged in.
    Opened {
        identity: Identity,
    },
    PushName {
        name: String,
    },
    /// The socket is gone.
    Closed(End),

    /// WhatsApp was told of the logout, or could not be.
    LogoutTold,
    /// The socket could not ask for a pairing code.
    PairingCodeRefused,
    /// Connected, but nothing was heard within the deadline.
    LivenessLost,
    Shredded,
    ShredFailed,

    /// The moment of [`crate::Channel::due_at`] has come (asking too early does no harm).
    Due,
    /// The machine slept (or its clock was set ahead, which looks the same).
    Woke,
    /// The clock was set back.
    ClockSetBack,
    /// An address came up: the first, or another one.
    NetworkUp,
    /// The last address went away.
    NetworkDown,
    /// An address went away and others remain.
    NetworkChanged,
    /// The keychain can be read again.
    VaultUnlocked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Start,
    Stop,
    Restart,
    /// Leave the account: tell WhatsApp when possible, then shred.
    Logout,
    /// Logout, and the channel itself goes too.
    Delete,
    /// Show a code to be typed on this phone instead of a QR.
    PairByCode(Phone),
}

/// Why a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// We asked it to.
    Asked,
    /// WhatsApp wants a fresh login at once.
    Restart,
    Lost(Cause),
    PairingExpired,
    PairingFailed,
    Invalidated(Invalidation),
    Replaced,
    Banned {
        until: Timestamp,
    },
    ClientOutdated,
    Vault(VaultTrouble),
    WrongKey,
    Damaged,
    StorageFailed,
}

/// How a session ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    LoggedOut,
    Unlinked,
    KeysRotated,
    AccountLocked,
}

/// Why the key of the auth-state could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultTrouble {
    Locked,
    Missing,
    Refused,
}
