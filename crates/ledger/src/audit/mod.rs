//! Who did what. Entries are only ever added, each bound to the one before it (see [`chain`]), and forgotten from the oldest
//! on after their time.

mod append;
mod chain;
mod head;
mod page;
mod prune;
mod row;
mod verify;

pub(crate) use append::{Tail, TailMark, append, write};
pub use chain::{AuditHash, audit_hash};
#[cfg(test)]
pub(crate) use page::page;
pub use page::{AuditPage, AuditQuery};
#[cfg(test)]
pub(crate) use row::NEXT;
pub use verify::{Broken, Verified};

use domain::{AuditEntry, Timestamp};

/// An entry as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Rises by one, without holes.
    pub seq: u64,
    pub at: Timestamp,
    pub entry: AuditEntry,
    /// Of the entry before it; zeros before the first.
    pub prev_hash: AuditHash,
    pub hash: AuditHash,
    /// What was hashed: see [`audit_hash`].
    pub canonical: String,
}
