//! A ledger moves from one engine to the other, row by row, and is compared afterwards.
//!
//! What is of the moment stays behind: who holds which channel, what is shown for pairing, orders and claims.

mod copying;
mod digest;
mod table;
#[cfg(test)]
mod tests;

use crate::batch::Heads;
use crate::{Ledger, LedgerError};
use digest::Digest;
use table::{TABLES, Table};

/// How far a transfer has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferProgress {
    pub table: &'static str,
    /// Rows of this table that are there.
    pub copied: u64,
    /// Rows that there are to copy.
    pub total: u64,
}

/// What was carried over, and proven to be the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    pub tables: Vec<TransferredTable>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredTable {
    pub table: &'static str,
    pub rows: u64,
    /// Of all rows, in whatever order, as they are when nothing is sealed.
    pub hash: [u8; 32],
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    #[error("the ledger to move into is not empty")]
    NotEmpty,
    /// Somebody wrote into one of them meanwhile.
    #[error("the two ledgers differ in {table} after the transfer")]
    Differs { table: &'static str },
    #[error("the ledger to move from: {0}")]
    From(LedgerError),
    #[error("the ledger to move into: {0}")]
    To(LedgerError),
}

/// Copies everything from one ledger into another, which is empty or holds the beginning of an earlier transfer; then compares
/// all rows by count and hash. Nobody may write into either meanwhile. Interrupted at any point, it goes on where it was when it
/// is called again; if the old ledger was written to in between, the new one is emptied and everything is copied again.
pub async fn transfer(
    from: &Ledger,
    to: &Ledger,
    mut progress: impl FnMut(TransferProgress) + Send,
) -> Result<Transferred, TransferError> {
    let resumed = copying::is_begun(to).await.map_err(TransferError::To)?;
    if !resumed {
        for table in TABLES {
            if copying::count(to, table).await.map_err(TransferError::To)? > 0 {
                // Unless it is what an earlier call has made, whose end was not noted by who called.
                return compared(from, to).await.map_err(|error| match error {
                    TransferError::Differs { .. } => TransferError::NotEmpty,
                    TransferError::NotEmpty | TransferError::From(_) | TransferError::To(_) => error,
                });
            }
        }
        copying::begin(to).await.map_err(TransferError::To)?;
    }
    let transferred = match copy_and_compare(from, to, &mut progress).await {
        Err(TransferError::Differs { .. }) if resumed => {
            copying::empty(to).await.map_err(TransferError::To)?;
            copy_and_compare(from, to, &mut progress).await?
        }
        outcome => outcome?,
    };
    copying::end(to).await.map_err(TransferError::To)?;
    Ok(transferred)
}

async fn copy_and_compare(
    from: &Ledger,
    to: &Ledger,
    progress: &mut (impl FnMut(TransferProgress) + Send),
) -> Result<Transferred, TransferError> {
    for table in TABLES {
        let total = copying::count(from, table).await.map_err(TransferError::From)?;
        let mut copied = copying::count(to, table).await.map_err(TransferError::To)?;
        if copied > total {
            return Err(TransferError::Differs { table: table.name });
        }
        progress(TransferProgress { table: table.name, copied, total });
        let mut after = copying::last_key(to, table).await.map_err(TransferError::To)?;
        loop {
            let rows = table.page(from, after.as_deref()).await.map_err(TransferError::From)?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            copied += rows.len() as u64;
            copying::write(to, table, rows).await.map_err(TransferError::To)?;
            progress(TransferProgress { table: table.name, copied, total });
        }
        copying::number_on(to, table).await.map_err(TransferError::To)?;
    }
    let heads = from.heads().await.map_err(TransferError::From)?;
    copying::set_heads(to, heads).await.map_err(TransferError::To)?;
    compared(from, to).await
}

/// That all rows are the same on both sides.
async fn compared(from: &Ledger, to: &Ledger) -> Result<Transferred, TransferError> {
    let heads = from.heads().await.map_err(TransferError::From)?;
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let told = digest(from, table).await.map_err(TransferError::From)?;
        if digest(to, table).await.map_err(TransferError::To)? != told {
            return Err(TransferError::Differs { table: table.name });
        }
        tables.push(TransferredTable { table: table.name, rows: told.rows(), hash: told.hash() });
    }
    let same = |heads: Heads| (heads.seq, heads.position, heads.pruned_through, heads.bytes);
    if same(to.heads().await.map_err(TransferError::To)?) != same(heads) {
        return Err(TransferError::Differs { table: "event_head" });
    }
    Ok(Transferred { tables })
}

async fn digest(ledger: &Ledger, table: &'static Table) -> Result<Digest, LedgerError> {
    let mut digest = Digest::default();
    let mut after = None;
    loop {
        let rows = table.page(ledger, after.as_deref()).await?;
        let Some(last) = rows.last() else { return Ok(digest) };
        after = Some(table.key_of(last));
        rows.iter().for_each(|row| digest.add(row));
    }
}
