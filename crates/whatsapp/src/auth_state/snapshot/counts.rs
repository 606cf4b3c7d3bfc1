use super::{PerMessage, Snapshot};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many records of each kind there are, for people who compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub identities: u64,
    pub sessions: u64,
    pub prekeys: u64,
    pub signed_prekeys: u64,
    pub sender_keys: u64,
    pub app_state_keys: u64,
    pub app_state_versions: u64,
    pub mutation_macs: u64,
    pub sender_key_devices: u64,
    pub lid_mappings: u64,
    pub base_keys: u64,
    pub device_lists: u64,
    pub group_metadata: u64,
    pub tc_tokens: u64,
    pub sent_messages: u64,
    pub pending_inbound: u64,
    pub msg_secrets: u64,
}

impl Counts {
    /// All records together, the device included.
    pub fn total(&self) -> u64 {
        1 + self.kinds().iter().map(|(_, n)| n).sum::<u64>()
    }

    /// What each kind is called, and how many there are.
    pub fn kinds(&self) -> [(&'static str, u64); 17] {
        [
            ("identities", self.identities),
            ("sessions", self.sessions),
            ("prekeys", self.prekeys),
            ("signed prekeys", self.signed_prekeys),
            ("sender keys", self.sender_keys),
            ("app-state keys", self.app_state_keys),
            ("app-state versions", self.app_state_versions),
            ("mutation MACs", self.mutation_macs),
            ("sender-key devices", self.sender_key_devices),
            ("LID mappings", self.lid_mappings),
            ("base keys", self.base_keys),
            ("device lists", self.device_lists),
            ("group metadata", self.group_metadata),
            ("tc tokens", self.tc_tokens),
            ("sent messages", self.sent_messages),
            ("pending inbound", self.pending_inbound),
            ("message secrets", self.msg_secrets),
        ]
    }
}

impl Snapshot {
    pub fn counts(&self) -> Counts {
        Counts {
            identities: one(&self.identities),
            sessions: one(&self.sessions),
            prekeys: one(&self.prekeys),
            signed_prekeys: one(&self.signed_prekeys),
            sender_keys: one(&self.sender_keys),
            app_state_keys: one(&self.app_state_keys),
            app_state_versions: one(&self.app_state_versions),
            mutation_macs: two(&self.mutation_macs),
            sender_key_devices: two(&self.sender_key_devices),
            lid_mappings: one(&self.lid_mappings),
            base_keys: two(&self.base_keys),
            device_lists: one(&self.device_lists),
            group_metadata: one(&self.group_metadata),
            tc_tokens: one(&self.tc_tokens),
            sent_messages: two(&self.sent_messages),
            pending_inbound: three(&self.pending_inbound),
            msg_secrets: three(&self.msg_secrets),
        }
    }
}

fn one<K, V>(map: &BTreeMap<K, V>) -> u64 {
    map.len() as u64
}

fn two<K, L, V>(map: &BTreeMap<K, BTreeMap<L, V>>) -> u64 {
    map.values().map(one).sum()
}

fn three<V>(map: &PerMessage<V>) -> u64 {
    map.values().map(two).sum()
}
