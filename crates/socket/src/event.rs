use crate::Kept;
use domain::{Cause, ChatId, Identity, Person, Phone, Timestamp};

/// What a socket tells, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketEvent {
    /// The encrypted connection stands; pairing or login comes next.
    Handshaken,
    /// Show this QR until `expires_at`; the next one follows by itself.
    PairingQr { code: Secret, expires_at: Timestamp },
    /// Show these eight characters, to be typed on `phone`.
    PairingCode { code: Secret, expires_at: Timestamp, phone: Phone },
    /// WhatsApp demands a passkey of the account: the WebAuthn request as JSON.
    PasskeyRequested { challenge: Secret, expires_at: Option<Timestamp> },
    /// The phone agreed and the keys are stored. A `Closed(Restart)` follows: WhatsApp wants a fresh login.
    Paired { identity: Identity },
    /// Logged in and able to send and receive.
    Opened { identity: Identity },
    /// The account's own name changed.
    PushName { name: String },
    /// The server accepted (`error: None`) or refused a message of ours.
    ServerAck { whatsapp_id: String, error: Option<u16>, at: Timestamp },
    /// A recipient's device tells what became of messages of ours. WhatsApp gets its ack when `kept` is settled.
    Receipt { chat: ChatId, by: Person, whatsapp_ids: Vec<String>, kind: ReceiptKind, at: Timestamp, kept: Kept },
    /// The end of this socket; nothing follows.
    Closed(Close),
}

/// A text that links a device; kept out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiptKind {
    Delivered,
    Read,
    Played,
}

/// Why a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// We asked it to.
    Asked,
    /// WhatsApp wants a fresh login at once (stream error 515, after pairing).
    Restart,
    /// Worth another try after a while.
    Lost(Cause),
    /// All QR rounds passed, or the code ran out.
    PairingExpired,
    /// WhatsApp refused the pairing.
    PairingFailed,
    /// This session is over for good.
    Invalidated(Invalidation),
    /// The same auth-state logged in elsewhere.
    Replaced,
    Banned {
        until: Timestamp,
    },
    ClientOutdated,
    /// The key could not be had, so nothing was opened.
    Vault(VaultTrouble),
    WrongKey,
    Damaged,
    Storage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invalidation {
    LoggedOut,
    Unlinked,
    KeysRotated,
    AccountLocked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VaultTrouble {
    Locked,
    Missing,
    Refused,
}
