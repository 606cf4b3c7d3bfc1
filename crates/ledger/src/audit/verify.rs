use super::AuditHash;
use super::head::{Head, READ};
use super::row::{AuditRow, NEXT};
use crate::batch::signed;
use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError};

/// The audit log is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub entries: u64,
    /// The oldest that is kept; 1 when none was forgotten yet.
    pub first: u64,
    /// Of the newest entry: who notes it elsewhere can tell later that nothing before it was changed.
    pub hash: AuditHash,
}

/// Somebody changed the audit log past this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first entry that is not, or not there, as it was written.
    pub at: u64,
}

const STEP: i64 = 1000;

impl Ledger {
    /// Walks through all of the audit log and holds every entry against its hash, the one before it, and the log's ends as they
    /// were noted (on a server these are sealed, so that who can only write there cannot make a log of his own). Takes part in
    /// nothing that is written meanwhile.
    pub async fn verify_audit(&self) -> Result<Result<Verified, Broken>, LedgerError> {
        loop {
            let head = self.audit_head().await?;
            let walked = self.walk(head).await?;
            let now = self.audit_head().await?;
            let outcome = match walked {
                Ok((last, _)) if last > now.seq => Err(Broken { at: now.seq + 1 }),
                Ok((last, hash)) => Ok(Verified { entries: last - head.pruned_through, first: head.pruned_through + 1, hash }),
                Err(broken) => Err(broken),
            };
            // Otherwise the oldest ones were forgotten under our eyes.
            if outcome.is_ok() || now.pruned_through == head.pruned_through {
                return Ok(outcome);
            }
        }
    }

    /// The newest entry, if all before it are as they were written.
    async fn walk(&self, head: Head) -> Result<Result<(u64, AuditHash), Broken>, LedgerError> {
        let (mut seq, mut hash) = (head.pruned_through, head.pruned_hash);
        // Before where it begins nothing is left.
        let mut after = 0;
        loop {
            let mut reader = self.reader().await?;
            let rows = query(NEXT).bind(signed(after)).bind(STEP).fetch_all(&mut reader).await;
            drop(reader);
            let rows = rows.map_err(|e| self.explain(&e))?;
            for row in &rows {
                let Ok((row, kept)) = AuditRow::read(row) else { return Ok(Err(Broken { at: seq + 1 })) };
                let is_next = row.seq == seq + 1 && row.prev_hash == hash.to_string();
                let is_head = row.seq != head.seq || kept == head.hash;
                if !is_next || row.hash() != kept || !is_head {
                    return Ok(Err(Broken { at: seq + 1 }));
                }
                (seq, hash, after) = (row.seq, kept, row.seq);
            }
            if (rows.len() as i64) < STEP {
                return Ok(if seq < head.seq { Err(Broken { at: seq + 1 }) } else { Ok((seq, hash)) });
            }
        }
    }

    async fn audit_head(&self) -> Result<Head, LedgerError> {
        let mut reader = self.reader().await?;
        let kept: Option<String> = query_scalar(READ).fetch_optional(&mut reader).await.map_err(|e| self.explain(&e))?;
        Head::open(kept, &self.inner.sealing)
    }
}
