//! The vault's entries in Postgres, where all workers find them.

use ledger::{KeyTable, LedgerError};
use tokio::runtime::Handle;
use vault::{SealedEntries, SealedEntry, VaultError};

/// Blocks the vault's own thread while the database works.
pub(crate) struct SealedTable {
    table: KeyTable,
    runtime: Handle,
    place: String,
}

impl SealedTable {
    /// Must be called within a tokio runtime. `place` is for a person.
    pub fn new(table: KeyTable, place: String) -> Self {
        SealedTable { table, runtime: Handle::current(), place }
    }
}

fn explain(error: LedgerError) -> VaultError {
    match error {
        LedgerError::Damaged(what) => VaultError::Damaged(what),
        LedgerError::Full => VaultError::Io("no room on the disk of the database".into()),
        LedgerError::Io(what) => VaultError::Unreachable(what),
        LedgerError::Closed => VaultError::Unreachable("the database is closed".into()),
        LedgerError::NoSuchChannel
        | LedgerError::AlreadyThere
        | LedgerError::QueueFull
        | LedgerError::NoSuchEndpoint
        | LedgerError::NoSuchDelivery
        | LedgerError::EventPruned
        | LedgerError::Fenced => VaultError::Io(error.to_string()),
    }
}

impl SealedEntries for SealedTable {
    fn kind(&self) -> &'static str {
        "database"
    }

    fn place(&self) -> Option<String> {
        Some(self.place.clone())
    }

    fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        self.runtime.block_on(self.table.read(name)).map_err(explain)
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<bool, VaultError> {
        self.runtime.block_on(self.table.create(name, bytes)).map_err(explain)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultError> {
        self.runtime.block_on(self.table.write(name, bytes)).map_err(explain)
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.runtime.block_on(self.table.delete(name)).map(drop).map_err(explain)
    }

    fn list(&mut self) -> Result<Vec<SealedEntry>, VaultError> {
        self.runtime.block_on(self.table.entries()).map_err(explain)
    }

    fn replace(&mut self, old: &[SealedEntry], new: &[SealedEntry]) -> Result<bool, VaultError> {
        self.runtime.block_on(self.table.replace_if(old, new)).map_err(explain)
    }
}
