//! A ledger moves from one engine to another.

use crate::{Ledger, LedgerError};

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
    /// Of all rows, in whatever order.
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

/// Copies everything from one ledger into another, which is empty or holds the beginning of the same transfer; then compares
/// counts and hashes. Nobody may write into either meanwhile.
pub async fn transfer(
    from: &Ledger,
    to: &Ledger,
    mut progress: impl FnMut(TransferProgress) + Send,
) -> Result<Transferred, TransferError> {
    let _ = (from.tip(), to.tip());
    progress(TransferProgress { table: "channels", copied: 0, total: 0 });
    tokio::task::yield_now().await;
    Err(TransferError::To(LedgerError::Io("not built yet".into())))
}
