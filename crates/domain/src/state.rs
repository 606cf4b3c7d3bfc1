use crate::{Lid, Person, Phone, Timestamp};
use std::fmt;

/// What a channel is, right now. Each variant carries only what that state has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Disconnected { since: Timestamp, reason: Reason },
    Pairing { since: Timestamp, prompt: PairingPrompt, round: u32 },
    Connected { since: Timestamp, identity: Identity },
    Reconnecting { since: Timestamp, attempt: u32, next_attempt_at: Option<Timestamp>, cause: Cause },
}

/// A state without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateKind {
    Disconnected,
    Pairing,
    Connected,
    Reconnecting,
}

impl State {
    pub fn kind(&self) -> StateKind {
        match self {
            State::Disconnected { .. } => StateKind::Disconnected,
            State::Pairing { .. } => StateKind::Pairing,
            State::Connected { .. } => StateKind::Connected,
            State::Reconnecting { .. } => StateKind::Reconnecting,
        }
    }

    /// When this state began.
    pub fn since(&self) -> Timestamp {
        match self {
            State::Disconnected { since, .. }
            | State::Pairing { since, .. }
            | State::Connected { since, .. }
            | State::Reconnecting { since, .. } => *since,
        }
    }
}

impl StateKind {
    pub fn as_str(self) -> &'static str {
        match self {
            StateKind::Disconnected => "disconnected",
            StateKind::Pairing => "pairing",
            StateKind::Connected => "connected",
            StateKind::Reconnecting => "reconnecting",
        }
    }
}

/// Who the channel is on WhatsApp, as the last login told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub phone: Option<Phone>,
    pub lid: Option<Lid>,
    pub push_name: Option<String>,
}

impl Identity {
    pub fn person(&self) -> Person {
        Person { phone: self.phone.clone(), lid: self.lid.clone(), name: self.push_name.clone() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairingMethod {
    Qr,
    Code,
    Passkey,
}

impl PairingMethod {
    pub fn as_str(self) -> &'static str {
        match self {
            PairingMethod::Qr => "qr",
            PairingMethod::Code => "code",
            PairingMethod::Passkey => "passkey",
        }
    }
}

/// An attempt that came to nothing, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setback {
    pub cause: Cause,
    /// `None` while the next attempt is under way.
    pub next_attempt_at: Option<Timestamp>,
}

/// What the person has to do next to link the phone.
#[derive(Clone, PartialEq, Eq)]
pub enum PairingPrompt {
    /// Asked WhatsApp for something to show; nothing yet, and why when asking has failed.
    Waiting { method: PairingMethod, setback: Option<Setback> },
    /// The text that the QR encodes.
    Qr { code: String, expires_at: Timestamp },
    /// Eight characters to type on the phone.
    Code { code: String, expires_at: Timestamp, phone: Phone },
    /// WhatsApp wants a passkey of the account: the WebAuthn request as JSON.
    Passkey { challenge: String, expires_at: Option<Timestamp> },
    /// The phone has agreed; WhatsApp is setting the link up.
    Scanned { method: PairingMethod },
}

impl PairingPrompt {
    pub fn method(&self) -> PairingMethod {
        match self {
            PairingPrompt::Waiting { method, .. } | PairingPrompt::Scanned { method } => *method,
            PairingPrompt::Qr { .. } => PairingMethod::Qr,
            PairingPrompt::Code { .. } => PairingMethod::Code,
            PairingPrompt::Passkey { .. } => PairingMethod::Passkey,
        }
    }

    /// What the last attempt to reach WhatsApp came to, while there is nothing to show because of it.
    pub fn setback(&self) -> Option<Setback> {
        match self {
            PairingPrompt::Waiting { setback, .. } => *setback,
            PairingPrompt::Qr { .. }
            | PairingPrompt::Code { .. }
            | PairingPrompt::Passkey { .. }
            | PairingPrompt::Scanned { .. } => None,
        }
    }

    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            PairingPrompt::Qr { expires_at, .. } | PairingPrompt::Code { expires_at, .. } => Some(*expires_at),
            PairingPrompt::Passkey { expires_at, .. } => *expires_at,
            PairingPrompt::Waiting { .. } | PairingPrompt::Scanned { .. } => None,
        }
    }
}

// A QR or code in a log would let its reader link a device.
impl fmt::Debug for PairingPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = match self {
            PairingPrompt::Waiting { .. } => "waiting",
            PairingPrompt::Qr { .. } | PairingPrompt::Code { .. } | PairingPrompt::Passkey { .. } => "shown",
            PairingPrompt::Scanned { .. } => "scanned",
        };
        write!(f, "{}:{shape}", self.method().as_str())
    }
}

/// Why a channel is disconnected. Closed: every consumer handles each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Made, and never paired.
    New,
    /// Stopped by a person or program; the auth-state is kept.
    Stopped,
    /// Nobody scanned within the rounds that WhatsApp gives.
    PairingExpired,
    /// WhatsApp refused the pairing.
    PairingFailed,
    /// Logged out from here: the phone no longer lists this device, the auth-state is shredded.
    LoggedOut,
    /// Unlinked on the phone: shredded.
    Unlinked,
    /// WhatsApp no longer accepts the keys of this session: shredded.
    KeysRotated,
    /// WhatsApp locked or banned the account for good: shredded.
    AccountLocked,
    /// The same auth-state came up elsewhere; kept, the user decides.
    Replaced,
    /// A temporary ban; resumes by itself after `until`.
    Banned { until: Timestamp },
    /// This version of the client is no longer accepted; an update is needed.
    ClientOutdated,
    /// The keychain is locked.
    VaultLocked,
    /// There is no keychain to ask.
    VaultMissing,
    /// The keychain refused to answer.
    VaultRefused,
    /// The key in the keychain does not open this auth-state. Nothing was wiped.
    WrongKey,
    /// The auth-state on disk is damaged. Nothing was wiped.
    AuthStateDamaged,
    /// The auth-state could not be read or written (disk full, permissions). Nothing was wiped.
    StorageFailed,
}

impl Reason {
    pub fn as_str(&self) -> &'static str {
        match self {
            Reason::New => "new",
            Reason::Stopped => "stopped",
            Reason::PairingExpired => "pairing_expired",
            Reason::PairingFailed => "pairing_failed",
            Reason::LoggedOut => "logged_out",
            Reason::Unlinked => "unlinked",
            Reason::KeysRotated => "keys_rotated",
            Reason::AccountLocked => "account_locked",
            Reason::Replaced => "replaced",
            Reason::Banned { .. } => "banned",
            Reason::ClientOutdated => "client_outdated",
            Reason::VaultLocked => "vault_locked",
            Reason::VaultMissing => "vault_missing",
            Reason::VaultRefused => "vault_refused",
            Reason::WrongKey => "wrong_key",
            Reason::AuthStateDamaged => "auth_state_damaged",
            Reason::StorageFailed => "storage_failed",
        }
    }

    /// What happened and what to do, for a person.
    pub fn sentence(&self) -> &'static str {
        match self {
            Reason::New => "Not paired yet. Show the QR and scan it with the phone.",
            Reason::Stopped => "Stopped. Start it to connect again; no new QR is needed.",
            Reason::PairingExpired => "Nobody scanned the QR in time. Ask for a new one when the phone is at hand.",
            Reason::PairingFailed => "WhatsApp refused to link this device. Try again with a new QR.",
            Reason::LoggedOut => "Logged out from here; the credentials are gone. Pair again to use this channel.",
            Reason::Unlinked => "Unlinked on the phone; the credentials are gone. Scan a new QR to link it again.",
            Reason::KeysRotated => "WhatsApp no longer accepts this session's keys; the credentials are gone. Scan a new QR.",
            Reason::AccountLocked => {
                "WhatsApp locked this account; the credentials are gone. Check the phone before you pair again."
            }
            Reason::Replaced => {
                "The same session was opened somewhere else. Nothing is lost: start it here if this is the place you want."
            }
            Reason::Banned { .. } => "WhatsApp has banned this account for a while. It resumes by itself when the ban ends.",
            Reason::ClientOutdated => "WhatsApp no longer accepts this version. Update the application.",
            Reason::VaultLocked => {
                "The keychain is locked, so the credentials cannot be read. Unlock it; the channel resumes then."
            }
            Reason::VaultMissing => "There is no keychain on this system. Start one, or choose a key file in the settings.",
            Reason::VaultRefused => "The keychain refused to hand out the key. Allow access, then start the channel.",
            Reason::WrongKey => "The key does not open this channel's credentials. Nothing was deleted; restore the right key.",
            Reason::AuthStateDamaged => {
                "This channel's credentials are damaged on disk. Nothing was deleted; restore a backup or pair again."
            }
            Reason::StorageFailed => {
                "This channel's credentials cannot be read or written. Check disk space and permissions, then start it."
            }
        }
    }

    /// Whether the auth-state is gone, so that only a new QR helps.
    pub fn invalidates(&self) -> bool {
        match self {
            Reason::LoggedOut | Reason::Unlinked | Reason::KeysRotated | Reason::AccountLocked => true,
            Reason::New
            | Reason::Stopped
            | Reason::PairingExpired
            | Reason::PairingFailed
            | Reason::Replaced
            | Reason::Banned { .. }
            | Reason::ClientOutdated
            | Reason::VaultLocked
            | Reason::VaultMissing
            | Reason::VaultRefused
            | Reason::WrongKey
            | Reason::AuthStateDamaged
            | Reason::StorageFailed => false,
        }
    }
}

/// Why a channel is reconnecting. Closed, like [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// This process has just started and resumes what ran before.
    Starting,
    /// Started or restarted by a person or program.
    Requested,
    /// WhatsApp closed the connection, as it does now and then.
    ClosedByServer,
    /// The connection broke.
    ConnectionLost,
    /// Nothing was heard within the deadline.
    NoAnswer,
    /// The machine has no network.
    Offline,
    /// The network changed under the connection.
    NetworkChanged,
    /// The machine slept.
    Woke,
    /// WhatsApp could not be reached.
    Unreachable,
    /// The proxy refused or could not be reached.
    ProxyFailed,
    /// WhatsApp said it is overloaded.
    ServiceUnavailable,
    /// The encrypted handshake failed.
    HandshakeFailed,
    /// Paired; WhatsApp wants a fresh login.
    Paired,
    /// The ban is over.
    BanEnded,
    /// The keychain can be read again.
    VaultUnlocked,
    /// What came in, or the session itself, could not be written to the disk.
    StorageFailed,
    /// Another worker takes it over.
    Moving,
}

impl Cause {
    pub fn as_str(&self) -> &'static str {
        match self {
            Cause::Starting => "starting",
            Cause::Requested => "requested",
            Cause::ClosedByServer => "closed_by_server",
            Cause::ConnectionLost => "connection_lost",
            Cause::NoAnswer => "no_answer",
            Cause::Offline => "offline",
            Cause::NetworkChanged => "network_changed",
            Cause::Woke => "woke",
            Cause::Unreachable => "unreachable",
            Cause::ProxyFailed => "proxy_failed",
            Cause::ServiceUnavailable => "service_unavailable",
            Cause::HandshakeFailed => "handshake_failed",
            Cause::Paired => "paired",
            Cause::BanEnded => "ban_ended",
            Cause::VaultUnlocked => "vault_unlocked",
            Cause::StorageFailed => "storage_failed",
            Cause::Moving => "moving",
        }
    }

    pub fn sentence(&self) -> &'static str {
        match self {
            Cause::Starting => "Resuming after the start of the application.",
            Cause::Requested => "Connecting, as asked.",
            Cause::ClosedByServer => "WhatsApp closed the connection; connecting again.",
            Cause::ConnectionLost => "The connection broke; connecting again.",
            Cause::NoAnswer => "WhatsApp stopped answering; connecting again.",
            Cause::Offline => "This machine is offline; connecting as soon as it is back.",
            Cause::NetworkChanged => "The network changed; connecting again.",
            Cause::Woke => "The machine was asleep; connecting again.",
            Cause::Unreachable => "WhatsApp cannot be reached; trying again.",
            Cause::ProxyFailed => "The proxy does not answer or refuses; trying again. Check its address and password.",
            Cause::ServiceUnavailable => "WhatsApp is overloaded; trying again.",
            Cause::HandshakeFailed => "The encrypted connection could not be set up; trying again.",
            Cause::Paired => "Paired; logging in.",
            Cause::BanEnded => "The ban is over; connecting again.",
            Cause::VaultUnlocked => "The keychain is open again; connecting.",
            Cause::StorageFailed => {
                "This machine's disk takes nothing more; trying again. Make room on it: messages wait with WhatsApp."
            }
            Cause::Moving => "This channel is moving to another worker.",
        }
    }
}

/// A thing a person is told about by a desktop notification; each kind can be muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    Paired,
    Disconnected,
    Stuck,
    /// It keeps losing its connection and coming back.
    Flapping,
    Recovered,
    /// Nothing is delivered to a receiver any more, because it failed for long.
    WebhookPaused,
    /// A receiver said that it wants no more.
    WebhookDisabled,
    /// A message could not be sent and waits for a person.
    MessageFailed,
    /// A program asks to be let in.
    AppRequested,
    /// An app proposes a message, which waits for a person.
    MessageAsking,
    /// Many keys that open nothing were tried.
    AccessAttempts,
}
