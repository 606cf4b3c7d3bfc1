//! Everything that makes a session, as one value: what leaves one store and enters another, whatever these are.
//!
//! The form is our own and numbered, so that it outlives changes of upstream's types. Its maps are ordered, so two stores
//! that hold the same make the same bytes, and [`Snapshot::digest`] tells whether they do. Times at which a store wrote a
//! row are the store's own and not part of it.

mod blob;
mod counts;
mod device;
mod disk;
mod encoding;
mod error;
mod install;
mod records;
mod rows;
mod store;
mod tables;

pub use blob::{Blob, Fixed};
pub use counts::Counts;
pub use device::{Cert, CertChain, Device, DeviceError, KeyPair};
pub use encoding::SnapshotError;
pub use error::InstallError;
pub(super) use install::write_into;
pub use records::{AppStateKey, AppStateVersion, DeviceList, LidMapping, ListedDevice, MsgSecret, Prekey, TcToken};

use crate::people;
use domain::Identity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use wacore_binary::Jid;

/// The form that this program writes; it reads this one and older ones.
pub const VERSION: u32 = 1;

/// Kept by chat, then by sender, then by the id of the message.
pub type PerMessage<T> = BTreeMap<String, BTreeMap<String, BTreeMap<String, T>>>;

/// All of one channel's auth-state. Whoever has it is that device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// [`VERSION`] of the program that made it.
    pub version: u32,
    pub device: Device,
    /// Public identity keys of others, by Signal address (`user[:device]@server.0`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identities: BTreeMap<String, Fixed<32>>,
    /// Ratchets, by Signal address: libsignal's `RecordStructure` as protobuf.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sessions: BTreeMap<String, Blob>,
    /// One-time pre-keys by id: libsignal's `PreKeyRecordStructure` as protobuf.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prekeys: BTreeMap<u32, Prekey>,
    /// Former signed pre-keys by id (the current one is in `device`): `SignedPreKeyRecordStructure` as protobuf.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signed_prekeys: BTreeMap<u32, Blob>,
    /// Of groups, by sender-key name (`group:sender address`): `SenderKeyRecordStructure` as protobuf.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sender_keys: BTreeMap<String, Blob>,
    /// Keys of the account's synchronised settings, by key id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub app_state_keys: BTreeMap<Blob, AppStateKey>,
    /// How far each collection of them (`critical_block`, `regular`, …) is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub app_state_versions: BTreeMap<String, AppStateVersion>,
    /// Value MACs, by collection, then by index MAC. No store tells with which version of the collection one came.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mutation_macs: BTreeMap<String, BTreeMap<Blob, Blob>>,
    /// By group, then by device: whether it has our sender key (`false`: it needs a new one).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sender_key_devices: BTreeMap<String, BTreeMap<String, bool>>,
    /// By the user part of a LID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lid_mappings: BTreeMap<String, LidMapping>,
    /// By Signal address, then by the id of the message that was asked for again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub base_keys: BTreeMap<String, BTreeMap<String, Blob>>,
    /// By the user part of a JID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub device_lists: BTreeMap<String, DeviceList>,
    /// By group; opaque to us, and a cache to whatsapp-rust.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group_metadata: BTreeMap<String, Blob>,
    /// By JID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tc_tokens: BTreeMap<String, TcToken>,
    /// What may be asked for again, by chat and message id: `Message` as protobuf.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sent_messages: BTreeMap<String, BTreeMap<String, Blob>>,
    /// Decrypted and not yet committed: `Message` as protobuf.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending_inbound: PerMessage<Blob>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub msg_secrets: PerMessage<MsgSecret>,
}

impl Snapshot {
    /// A device with nothing else yet.
    pub fn of(device: Device) -> Self {
        Snapshot {
            version: VERSION,
            device,
            identities: BTreeMap::new(),
            sessions: BTreeMap::new(),
            prekeys: BTreeMap::new(),
            signed_prekeys: BTreeMap::new(),
            sender_keys: BTreeMap::new(),
            app_state_keys: BTreeMap::new(),
            app_state_versions: BTreeMap::new(),
            mutation_macs: BTreeMap::new(),
            sender_key_devices: BTreeMap::new(),
            lid_mappings: BTreeMap::new(),
            base_keys: BTreeMap::new(),
            device_lists: BTreeMap::new(),
            group_metadata: BTreeMap::new(),
            tc_tokens: BTreeMap::new(),
            sent_messages: BTreeMap::new(),
            pending_inbound: PerMessage::new(),
            msg_secrets: PerMessage::new(),
        }
    }

    /// Whose session it is.
    pub fn identity(&self) -> Identity {
        let jid = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Jid>().ok());
        Identity {
            phone: jid(&self.device.pn).as_ref().and_then(people::phone),
            lid: jid(&self.device.lid).as_ref().and_then(people::lid),
            push_name: Some(self.device.push_name.clone()).filter(|name| !name.is_empty()),
        }
    }

    /// Whether it belongs to an account.
    pub fn is_paired(&self) -> bool {
        self.device.pn.is_some()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("version", &self.version)
            .field("paired", &self.is_paired())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
