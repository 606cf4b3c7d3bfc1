use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The number of the format that is written; it and earlier ones are read.
pub const FORMAT: u32 = 1;

/// What a file says about the session in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// [`FORMAT`] of the program that wrote it.
    pub format: u32,
    /// The version of that program.
    pub made_by: String,
    /// RFC 3339.
    pub made_at: String,
    /// What the channel was called there.
    pub channel: String,
    /// How many records of each kind there are.
    pub counts: BTreeMap<String, u64>,
    /// The session's own digest, in hexadecimal.
    pub digest: String,
    /// The length of the session's bytes before compression.
    pub length: u64,
    /// SHA-256 of these, in hexadecimal.
    pub sha256: String,
}
