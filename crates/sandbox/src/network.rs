//! The simulated WhatsApp behind the sockets: accounts, devices, keys, queues, routing, faults, counters.
//!
//! [`Network`] is the handle; the decisions are made by the `World` behind one short lock, stanza in, stanzas out,
//! without I/O. Everything that leaves the world goes through bounded queues: a reader that lags 4096 stanzas behind
//! is cut off, as a server would.

mod counters;
mod event;
mod fault;

use std::fmt;

use tokio::sync::{broadcast, mpsc};
use wacore_binary::{Jid, Node};

pub use counters::Counters;
pub use event::{Handshake, NetworkEvent, SocketEnd};
pub use fault::{Fault, Target};

use crate::link::Link;

/// Handle of one simulated WhatsApp. Cheap to clone; all clones are the same network.
#[derive(Clone)]
pub struct Network {}

/// A person on the network. Both addresses reach the same account; neither carries a device number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub pn: Jid,
    pub lid: Jid,
    pub push_name: String,
}

/// A device as the control panel shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Phone-number form with the device number.
    pub device: Jid,
    pub lid: Jid,
    pub key_index: u32,
    /// What the client called itself when it registered, e.g. `Chrome (Linux)`; empty for phones.
    pub platform: String,
    pub online: bool,
    /// Messages and other stanzas waiting until the device takes them.
    pub queued: usize,
    pub pre_keys_left: usize,
}

/// What the phone sends after it has scanned a code: the fields of WhatsApp's own `pair-device` iq of the primary.
#[derive(Clone, Debug)]
pub struct PairingAnswer {
    /// First field of the QR code, or the `link_code_pairing_ref`.
    pub reference: String,
    /// Encoded `ADVSignedDeviceIdentityHMAC`.
    pub device_identity: Vec<u8>,
    /// The key index inside that identity.
    pub key_index: u32,
    /// Encoded `ADVSignedKeyIndexList` of the account that now includes the new device.
    pub key_index_list: Vec<u8>,
    /// Encoded `ClientPairingProps` for the companion, e.g. that the account's chats are addressed by LID.
    pub client_props: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    #[error("{0:?} is not a phone number of digits only")]
    BadNumber(String),
    #[error("an account with this number exists already")]
    AccountExists,
    #[error("no such account")]
    NoAccount,
    #[error("no such device")]
    NoDevice,
    #[error("the primary device cannot be unlinked")]
    Primary,
    #[error("the device is not connected")]
    NotConnected,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    #[error("no connection is waiting with this pairing reference; it may have expired")]
    UnknownReference,
    #[error("no such account")]
    NoAccount,
    #[error("an account can have four companions at most")]
    TooManyDevices,
    #[error("the companion refused the pairing: {code} {text}")]
    Refused { code: u16, text: String },
    #[error("the companion's answer was malformed: {0}")]
    Malformed(&'static str),
    #[error("the companion went away before it had answered")]
    Gone,
}

impl Network {
    /// A network without accounts. A [`Sandbox`](crate::Sandbox) makes its own.
    pub fn new() -> Self {
        unimplemented!()
    }

    /// A new account with its primary device (device 0), offline and without keys until it attaches and uploads them.
    pub fn create_account(&self, phone: &str, push_name: &str) -> Result<Account, NetworkError> {
        unimplemented!()
    }

    pub fn accounts(&self) -> Vec<Account> {
        unimplemented!()
    }

    /// The account behind a phone-number or LID jid, with or without device.
    pub fn account(&self, who: &Jid) -> Option<Account> {
        unimplemented!()
    }

    /// All devices of an account, the primary first.
    pub fn devices(&self, account: &Jid) -> Vec<DeviceView> {
        unimplemented!()
    }

    /// Brings an in-process device online. An older socket or link of the same device is ended.
    pub fn attach(&self, device: &Jid) -> Result<Link, NetworkError> {
        unimplemented!()
    }

    /// Handles a stanza exactly as if it had arrived on this device's live socket or link; answers go there.
    pub fn submit(&self, device: &Jid, stanza: Node) -> Result<(), NetworkError> {
        unimplemented!()
    }

    /// The phone has scanned and signed: `pair-success` goes to the waiting connection. Returns when the companion has
    /// countersigned; it is then sent away with 515 to log in as the returned device (phone-number form).
    pub async fn accept_pairing(&self, account: &Jid, answer: PairingAnswer) -> Result<Jid, PairError> {
        unimplemented!()
    }

    /// Removes a companion as its phone does: a live socket gets `conflict device_removed`, later logins failure 401,
    /// everybody who cares a device notification. `key_index_list` is the phone's new signed list, if it has one ready.
    pub fn unlink(&self, device: &Jid, key_index_list: Option<Vec<u8>>) -> Result<(), NetworkError> {
        unimplemented!()
    }

    /// The phone's newly signed `ADVSignedKeyIndexList`; usync answers carry it.
    pub fn publish_key_index_list(&self, account: &Jid, list: Vec<u8>) -> Result<(), NetworkError> {
        unimplemented!()
    }

    /// From now on unpaired connections are asked for a passkey with these WebAuthn request options (JSON) instead of
    /// being shown references; `None` goes back to references.
    pub fn demand_passkey(&self, request_options: Option<String>) {
        unimplemented!()
    }

    /// While set, clients that resume with IK are turned to a full handshake (XXfallback).
    pub fn refuse_resumption(&self, refuse: bool) {
        unimplemented!()
    }

    /// How long a pairing reference is valid: the first, and each later one. WhatsApp: 60 s and 20 s.
    pub fn set_reference_lifetimes(&self, first: std::time::Duration, later: std::time::Duration) {
        unimplemented!()
    }

    pub fn inject(&self, target: Target, fault: Fault) {
        unimplemented!()
    }

    /// Ends the lasting faults of this target.
    pub fn heal(&self, target: &Target) {
        unimplemented!()
    }

    pub fn heal_all(&self) {
        unimplemented!()
    }

    /// Lasting faults in force.
    pub fn faults(&self) -> Vec<(Target, Fault)> {
        unimplemented!()
    }

    pub fn counters(&self) -> Counters {
        unimplemented!()
    }

    /// From now on; a receiver that lags more than 4096 events behind loses the oldest and is told so.
    pub fn events(&self) -> broadcast::Receiver<NetworkEvent> {
        unimplemented!()
    }

    pub(crate) fn submit_from(&self, socket: SocketId, stanza: Node) {
        unimplemented!()
    }

    pub(crate) fn socket_closed(&self, socket: SocketId) {
        unimplemented!()
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

/// Names a live socket or link; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SocketId(pub(crate) u64);

/// What a socket's or link's queue carries.
#[derive(Debug)]
pub(crate) enum Delivery {
    Stanza(Node),
    End(SocketEnd),
}
