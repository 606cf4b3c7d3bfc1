use super::head::{Head, READ};
use super::row::{AuditRow, insert};
use crate::batch::Batch;
use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError};
use domain::{AuditEntry, Timestamp};

/// Entries of the transaction under way. They go into the table with its commit, so that one head serves all of them.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// As it is after `unwritten`; `None` when it has to be read.
    head: Option<Head>,
    unwritten: Vec<AuditRow>,
    changed: bool,
}

/// Where a write began, to be able to undo it.
pub(crate) struct TailMark {
    head: Option<Head>,
    unwritten: usize,
    changed: bool,
}

impl Tail {
    /// Others may have written since.
    pub fn read_anew(&mut self) {
        *self = Tail::default();
    }

    pub fn mark(&self) -> TailMark {
        TailMark { head: self.head, unwritten: self.unwritten.len(), changed: self.changed }
    }

    pub fn forget_since(&mut self, mark: &TailMark) {
        self.head = mark.head;
        self.unwritten.truncate(mark.unwritten);
        self.changed = mark.changed;
    }
}

impl Ledger {
    /// Adds entries in order, each with its moment; the newest `seq` afterwards. Those that are given together share their
    /// statements and their fsync.
    pub async fn append_audit(&self, entries: Vec<(Timestamp, AuditEntry)>) -> Result<u64, LedgerError> {
        self.write_firmly(move |batch| Box::pin(async move { append(batch, &entries).await })).await
    }
}

/// Adds entries to those of this transaction.
pub(crate) async fn append(batch: &mut Batch, entries: &[(Timestamp, AuditEntry)]) -> Result<u64, LedgerError> {
    let mut head = head(batch).await?;
    for (at, entry) in entries {
        let row = AuditRow::of(entry, *at, head.seq + 1, &head.hash);
        head.seq = row.seq;
        head.hash = row.hash();
        batch.audit.unwritten.push(row);
    }
    batch.audit.changed |= !entries.is_empty();
    batch.audit.head = Some(head);
    Ok(head.seq)
}

pub(super) async fn head(batch: &mut Batch) -> Result<Head, LedgerError> {
    if let Some(head) = batch.audit.head {
        return Ok(head);
    }
    let kept: Option<String> = query_scalar(READ).fetch_optional(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    Head::open(kept, &batch.sealing)
}

/// Has the next write of the head say so.
pub(super) fn set_head(batch: &mut Batch, head: Head) {
    batch.audit.head = Some(head);
    batch.audit.changed = true;
}

/// To be called before the commit.
pub(crate) async fn write(batch: &mut Batch) -> Result<(), LedgerError> {
    if !std::mem::take(&mut batch.audit.changed) {
        return Ok(());
    }
    let rows = std::mem::take(&mut batch.audit.unwritten);
    insert(batch, &rows).await?;
    let head = head(batch).await?.close(&batch.sealing);
    query("INSERT INTO audit_head (id, state) VALUES ('head', $1) ON CONFLICT (id) DO UPDATE SET state = excluded.state")
        .bind(head)
        .execute(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    Ok(())
}
