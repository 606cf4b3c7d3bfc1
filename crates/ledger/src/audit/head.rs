//! Where the log ends and where it begins.

use super::AuditHash;
use crate::LedgerError;
use crate::sealing::Sealing;
use crate::stored::{from_json, to_json, unreadable};
use serde::{Deserialize, Serialize};

/// Kept as one text, sealed where others could write it: neither end of the log can be moved without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The newest entry ever made.
    pub seq: u64,
    pub hash: AuditHash,
    /// The newest that was forgotten.
    pub pruned_through: u64,
    pub pruned_hash: AuditHash,
}

pub(super) const READ: &str = "SELECT state FROM audit_head WHERE id = 'head'";
const PLACE: &str = "audit_head.state";
const ID: &str = "head";

#[derive(Serialize, Deserialize)]
struct StoredHead {
    seq: u64,
    hash: String,
    pruned_through: u64,
    pruned_hash: String,
}

impl Head {
    pub const EMPTY: Head = Head { seq: 0, hash: AuditHash::NONE, pruned_through: 0, pruned_hash: AuditHash::NONE };

    pub fn close(&self, sealing: &Sealing) -> String {
        let stored = StoredHead {
            seq: self.seq,
            hash: self.hash.to_string(),
            pruned_through: self.pruned_through,
            pruned_hash: self.pruned_hash.to_string(),
        };
        sealing.close(PLACE, ID, to_json(&stored))
    }

    pub fn open(kept: Option<String>, sealing: &Sealing) -> Result<Head, LedgerError> {
        const WHAT: &str = "the head of the audit log";
        let Some(kept) = kept else { return Ok(Head::EMPTY) };
        let stored: StoredHead = from_json(&sealing.open(PLACE, ID, kept)?, WHAT)?;
        Ok(Head {
            seq: stored.seq,
            hash: stored.hash.parse().map_err(|_| unreadable(WHAT))?,
            pruned_through: stored.pruned_through,
            pruned_hash: stored.pruned_hash.parse().map_err(|_| unreadable(WHAT))?,
        })
    }
}
