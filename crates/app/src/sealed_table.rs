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
        | LedgerError::Fenced
        | LedgerError::NoSuchApp
        | LedgerError::Changed => VaultError::Io(error.to_string()),
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use domain::{ChannelId, Timestamp};
    use ledger::{Postgres, PostgresConfig};
    use vault::{Installation, MasterKey, MasterKeys, Namespace, Scope, Vault};

    fn channel(n: u128) -> ChannelId {
        ChannelId::new(Timestamp::from_secs(1_700_000_000), n)
    }

    fn vault(postgres: &Postgres, keys: impl Into<MasterKeys>) -> Vault {
        let scope = Scope { namespace: Namespace::Sandbox, installation: Installation::named("database") };
        Vault::master(keys, Box::new(SealedTable::new(postgres.keys(), "postgres://db".into())), scope)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn workers_that_begin_at_once_share_keys_and_a_change_of_the_master_key_loses_none() {
        let server = tokio::task::block_in_place(servers::Postgres::start);
        let url = tokio::task::block_in_place(|| server.database());
        let postgres = Postgres::connect(PostgresConfig::new(url)).await.unwrap();
        let (old, new) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());

        let begun = futures::future::join_all((0..6).map(|_| {
            let vault = vault(&postgres, old.clone());
            async move {
                match vault.create_ledger_key().await {
                    Err(VaultError::AlreadyThere) => vault.ledger_key().await.map(Option::unwrap),
                    made => made,
                }
                .unwrap()
            }
        }))
        .await;
        assert!(begun.iter().all(|key| *key == begun[0]));

        // Keys are made on one worker while another one changes the master key.
        let both = || MasterKeys::new(new.clone(), Some(old.clone()));
        let (worker, other) = (vault(&postgres, both()), vault(&postgres, both()));
        let making = futures::future::join_all((0..20).map(|n| worker.create_channel_key(channel(n))));
        let (made, rewrapped) = futures::future::join(making, other.rewrap()).await;
        if rewrapped.is_err() {
            // They changed all the time, which it says; then it is done again.
            other.rewrap().await.unwrap();
        }
        other.rewrap().await.unwrap();
        let alone = vault(&postgres, new);
        assert_eq!(alone.ledger_key().await.unwrap().as_ref(), Some(&begun[0]));
        for (n, key) in (0..).zip(made) {
            assert_eq!(alone.channel_key(channel(n)).await.unwrap(), Some(key.unwrap()), "channel {n}");
        }
        let told = vault(&postgres, old).ledger_key().await;
        assert!(matches!(told, Err(VaultError::WrongMasterKey { .. })), "{told:?}");

        // Away is told as away, and it comes back.
        tokio::task::block_in_place(|| server.stop());
        let told = alone.ledger_key().await;
        assert!(matches!(told, Err(VaultError::Unreachable(_) | VaultError::TimedOut)), "{told:?}");
        tokio::task::block_in_place(|| server.start_again());
        let mut back = alone.ledger_key().await;
        while matches!(back, Err(VaultError::Unreachable(_) | VaultError::TimedOut)) {
            tokio::task::yield_now().await;
            back = alone.ledger_key().await;
        }
        assert_eq!(back.unwrap().as_ref(), Some(&begun[0]));
    }
}
