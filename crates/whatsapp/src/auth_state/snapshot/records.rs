use super::{Blob, Fixed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prekey {
    pub record: Blob,
    /// Whether WhatsApp has its public part.
    pub uploaded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppStateKey {
    pub key_data: Blob,
    pub fingerprint: Blob,
    pub timestamp: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppStateVersion {
    pub version: u64,
    pub hash: Fixed<128>,
    /// Value MACs by index MAC in base64, as clients other than whatsapp-rust keep them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub index_values: BTreeMap<String, Blob>,
    /// Its sum is known to disagree with everybody else's; a new snapshot of the collection mends that.
    #[serde(default)]
    pub mac_mismatch_fatal: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LidMapping {
    /// The user part.
    pub phone_number: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    /// In upstream's words (`usync`, `peer_pn_message`, …).
    pub learning_source: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceList {
    pub devices: Vec<ListedDevice>,
    /// Unix seconds.
    pub timestamp: i64,
    pub phash: Option<String>,
    pub raw_id: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedDevice {
    /// 0 is the phone.
    pub device_id: u32,
    pub key_index: Option<u32>,
    #[serde(default)]
    pub is_hosted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcToken {
    pub token: Blob,
    /// Unix seconds.
    pub token_timestamp: i64,
    /// Unix seconds.
    pub sender_timestamp: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MsgSecret {
    pub secret: Fixed<32>,
    /// Unix seconds; 0: never.
    pub expires_at: i64,
    /// Unix seconds; 0: not known.
    pub message_ts: i64,
}

impl std::fmt::Debug for LidMapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LidMapping").field("learning_source", &self.learning_source).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DeviceList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceList").field("devices", &self.devices.len()).finish_non_exhaustive()
    }
}

impl From<&wacore::appstate::hash::HashState> for AppStateVersion {
    fn from(state: &wacore::appstate::hash::HashState) -> Self {
        AppStateVersion {
            version: state.version,
            hash: state.hash.into(),
            index_values: state.index_value_map.iter().map(|(index, value)| (index.clone(), value.as_slice().into())).collect(),
            mac_mismatch_fatal: state.mac_mismatch_fatal,
        }
    }
}
