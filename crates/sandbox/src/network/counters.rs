//! What the network counted. The second half are things that a good client never causes: tests assert zero.

use std::collections::BTreeMap;

/// A snapshot since the network was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub connections: u64,
    pub logins: u64,
    /// Logins of a device that had been logged in before.
    pub reconnects: u64,
    pub logins_xx: u64,
    pub logins_ik: u64,
    pub logins_xx_fallback: u64,
    pub messages_routed: u64,
    pub receipts_routed: u64,
    pub bundles_handed_out: u64,
    pub pings: u64,
    /// Messages given again at a later login because the device had not taken them.
    pub redelivered: u64,

    /// Most sockets of one device that were logged in at the same time.
    pub max_simultaneous_logins: u64,
    /// Logins of a device while an older socket of it was open.
    pub replaced: u64,
    /// Frames that could not be decrypted or parsed.
    pub malformed: u64,
    pub unknown_stanzas: u64,
    /// Which, by tag (for an iq: `iq:namespace:child`), with how often.
    pub unknown_kinds: BTreeMap<String, u64>,
    /// Devices of the recipient or of the sender that a message had no copy for.
    pub devices_left_out: u64,
    pub bundles_without_one_time_key: u64,
    /// Messages refused.
    pub nacks: u64,
    /// Messages that a client answered with an error.
    pub nacks_from_clients: u64,
    /// Messages waiting right now in queues of devices that are logged in.
    pub undelivered: u64,
    /// Stanzas for devices that do not exist (any more).
    pub unroutable: u64,
}
