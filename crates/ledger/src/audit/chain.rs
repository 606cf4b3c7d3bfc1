//! How an entry is bound to the one before it. Frozen: an entry of today is checked by the versions of all years to come.
//!
//! The hash of an entry is SHA-256 of its canonical form: one JSON object in UTF-8 with every key of [`Canonical`] in that order, no
//! white space, `null` for what is missing, and no character escaped but `"`, `\` and those below U+0020 (`\b`, `\t`, `\n`,
//! `\f`, `\r`, else `\u00xx` in lower case). `prev_hash` is among them, so that no entry can be changed, taken out or put in
//! without changing all hashes after it. (Python: `json.dumps(entry, ensure_ascii=False, separators=(",", ":"))`.)

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuditHash([u8; 32]);

impl AuditHash {
    /// What the first entry names as the hash before it.
    pub const NONE: AuditHash = AuditHash([0; 32]);
}

/// The hash of an entry, by its canonical form: a JSON object whose keys are `format` (`whatisup-audit-1`), `prev_hash`, `seq`, `at`
/// (milliseconds since the Unix epoch), `actor`, `via`, `app_id`, `key_id`, `app_name`, `door`, `address`, `pid`, `program`, `uid`,
/// `action`, `target`, `outcome` and `detail`, in this order and without white space.
pub fn audit_hash(canonical: &str) -> AuditHash {
    AuditHash(Sha256::digest(canonical.as_bytes()).into())
}

#[derive(Serialize)]
pub(super) struct Canonical<'a> {
    pub format: &'static str,
    pub prev_hash: &'a str,
    pub seq: u64,
    pub at: i64,
    pub actor: &'a str,
    pub via: Option<&'a str>,
    pub app_id: Option<&'a str>,
    pub key_id: Option<&'a str>,
    pub app_name: Option<&'a str>,
    pub door: Option<&'a str>,
    pub address: Option<&'a str>,
    pub pid: Option<i64>,
    pub program: Option<&'a str>,
    pub uid: Option<i64>,
    pub action: &'a str,
    pub target: Option<&'a str>,
    pub outcome: &'a str,
    pub detail: Option<&'a str>,
}

pub(super) const FORMAT: &str = "whatisup-audit-1";

impl fmt::Display for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for AuditHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AuditHash {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash)?;
        Ok(AuditHash(hash))
    }
}
