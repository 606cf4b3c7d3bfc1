//! Accounts and devices as callers see them.

use wacore_binary::Jid;

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
