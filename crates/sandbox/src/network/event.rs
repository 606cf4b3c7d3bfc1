//! What happens in the network, told as it happens, so that tests and the control panel wait instead of sleeping.

use std::time::Duration;

use wacore_binary::Jid;

use super::{Fault, Target};

/// How a client opened its Noise session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Full handshake, the first login and every one without a cached certificate.
    Xx,
    /// Resumed with the cached server key.
    Ik,
    /// Asked for IK, was turned to a full handshake by the server.
    XxFallback,
}

/// Why a device's socket or link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketEnd {
    /// The other side closed or vanished.
    ByPeer,
    /// The network closed it: 515 after pairing, unlink, replaced, shutdown.
    ByNetwork,
    /// A fault did.
    ByFault,
    /// The reader lagged further behind than its queue holds.
    TooSlow,
}

/// One happening. Devices are named by their phone-number jid with the device number, e.g. `15550100001:1@s.whatsapp.net`.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkEvent {
    AccountCreated {
        account: Jid,
    },
    /// A socket has passed the handshake as a device that is not paired yet and was shown pairing references.
    AwaitingPairing {
        socket: u64,
    },
    /// A companion asked to be paired by code on this account's phone.
    CodeRequested {
        account: Jid,
    },
    /// A companion answered a passkey challenge.
    PasskeyAnswered {
        socket: u64,
    },
    DevicePaired {
        device: Jid,
    },
    LoggedIn {
        device: Jid,
        handshake: Option<Handshake>,
    },
    /// A device logged in while an older socket of it was open, which was told so and closed. `silent`: how long nothing had
    /// been heard on the older one; long when its holder was stopped or cut off, short when two fight over an account.
    Replaced {
        device: Jid,
        silent: Duration,
    },
    LoginRefused {
        device: Option<Jid>,
        code: u16,
    },
    SocketClosed {
        device: Option<Jid>,
        end: SocketEnd,
    },
    DeviceUnlinked {
        device: Jid,
    },
    /// `<message>` accepted from a device; `recipients` is how many devices it was queued for.
    MessageRouted {
        id: String,
        from: Jid,
        recipients: usize,
    },
    /// `<message>` refused with this nack code.
    MessageRefused {
        id: String,
        from: Jid,
        code: u16,
    },
    /// A device took a message out of its queue by a receipt or an ack.
    MessageTaken {
        id: String,
        device: Jid,
    },
    /// A receipt went from one device to another account. `kind` is `delivered`, `read`, `retry`, …
    ReceiptRouted {
        id: String,
        from: Jid,
        kind: String,
    },
    PreKeysUploaded {
        device: Jid,
        count: usize,
    },
    /// App-state patch stored; `version` is the collection's new version.
    PatchStored {
        account: Jid,
        collection: String,
        version: u64,
    },
    FaultHit {
        device: Option<Jid>,
        fault: Fault,
    },
    /// The lasting faults of this target have ended.
    Healed {
        target: Target,
    },
    /// A stanza that the network does not know; also counted.
    UnknownStanza {
        device: Option<Jid>,
        what: String,
    },
}

impl NetworkEvent {
    /// Whether it tells of a device that is linked, logged in, unlinked, or has keys again.
    pub(crate) fn is_milestone(&self) -> bool {
        matches!(
            self,
            Self::DevicePaired { .. }
                | Self::LoggedIn { .. }
                | Self::Replaced { .. }
                | Self::DeviceUnlinked { .. }
                | Self::PreKeysUploaded { .. }
        )
    }
}
