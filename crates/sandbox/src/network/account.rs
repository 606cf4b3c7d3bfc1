//! Accounts and devices as the server knows them.

use std::collections::{BTreeMap, BTreeSet};

use wacore_binary::Jid;

use super::SocketId;
use super::app_state::Collection;
use super::backlog::Backlog;
use super::keys::Keys;

/// A person's account. Both users reach it.
#[derive(Debug)]
pub struct Person {
    /// Digits of the phone number.
    pub pn: String,
    /// The hidden id.
    pub lid: String,
    pub push_name: String,
    pub devices: BTreeMap<u16, Device>,
    /// Never used twice.
    pub next_device: u16,
    /// Signed by the phone; without it nobody believes the device list.
    pub key_index_list: Option<Vec<u8>>,
    /// When the device list changed last, Unix seconds.
    pub list_time: u64,
    /// Accounts that asked for this one's devices or keys, or wrote to it: they hear of changes.
    pub acquaintances: BTreeSet<usize>,
    /// Accounts that subscribed to this one's presence.
    pub watchers: BTreeSet<usize>,
    /// Unix seconds of the last time a device went unavailable.
    pub last_seen: Option<u64>,
    pub collections: BTreeMap<String, Collection>,
    pub blocked: BTreeSet<String>,
    pub privacy: BTreeMap<String, String>,
    /// The line under the name.
    pub about: String,
}

#[derive(Debug, Default)]
pub struct Device {
    pub key_index: u32,
    /// The Noise key this device was paired with; `None` for the phone, which has no socket.
    pub noise_key: Option<[u8; 32]>,
    /// Encoded `ADVSignedDeviceIdentity`; companions only.
    pub identity: Option<Vec<u8>>,
    pub keys: Option<Keys>,
    pub platform: String,
    pub socket: Option<SocketId>,
    pub backlog: Backlog,
    /// Has said `<presence type="available">` on this connection.
    pub available: bool,
    pub logins: u64,
    pub asked_for_keys: bool,
}

impl Person {
    pub fn new(pn: String, lid: String, push_name: String, now: u64) -> Self {
        Self {
            pn,
            lid,
            push_name,
            devices: BTreeMap::from([(0, Device { platform: "phone".into(), ..Device::default() })]),
            next_device: 1,
            key_index_list: None,
            list_time: now,
            acquaintances: BTreeSet::new(),
            watchers: BTreeSet::new(),
            last_seen: None,
            collections: BTreeMap::new(),
            blocked: BTreeSet::new(),
            privacy: BTreeMap::new(),
            about: "Hey there! I am in a sandbox.".into(),
        }
    }

    pub fn pn_jid(&self, device: u16) -> Jid {
        Jid::pn_device(self.pn.as_str(), device)
    }

    pub fn lid_jid(&self, device: u16) -> Jid {
        Jid::lid_device(self.lid.as_str(), device)
    }

    /// This person's jid in the address form of another.
    pub fn jid_like(&self, form: &Jid, device: u16) -> Jid {
        if form.is_lid() { self.lid_jid(device) } else { self.pn_jid(device) }
    }

    pub fn available(&self) -> bool {
        self.devices.values().any(|device| device.available)
    }
}
