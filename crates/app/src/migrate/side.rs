use crate::keys::{self, Face, OpenVault, VaultKind};
use crate::servers::Servers;
use crate::{Config, StartError, opened};
use keyspace::Holdings;
use ledger::Ledger;
use whatsapp::AuthStore;

/// Everything that one side stands on.
pub(super) struct Side {
    pub config: Config,
    pub open: OpenVault,
    pub servers: Servers,
}

impl Side {
    pub async fn reach(config: Config) -> Result<Self, StartError> {
        let servers = Servers::reach(&config).await?;
        let open = keys::open(&config, Face::Headless, servers.postgres.as_ref()).await?;
        Ok(Side { config, open, servers })
    }

    pub fn sessions(&self) -> AuthStore {
        match &self.servers.keyspace {
            Some(keyspace) => AuthStore::redis(keyspace.clone(), Holdings::new(), self.open.vault.clone()),
            None => AuthStore::disk(&self.config.data_dir, self.open.vault.clone()),
        }
    }

    pub async fn ledger(&self) -> Result<Ledger, StartError> {
        opened::ledger(&self.config, &self.open, self.servers.postgres.clone()).await
    }

    pub async fn has_ledger(&self) -> Result<bool, StartError> {
        match &self.servers.postgres {
            Some(postgres) => Ok(postgres.is_sealed().await?),
            None => Ok(keys::has_ledger(&self.config.data_dir)),
        }
    }

    /// What tells one place of keys from another.
    pub fn keys(&self) -> (VaultKind, String) {
        let place = if self.open.kind == VaultKind::SealedTable { self.config.database.described() } else { String::new() };
        (self.open.kind, place)
    }
}

/// For the note: whether the two are what they were then.
pub(super) fn places(config: &Config) -> (String, String) {
    (config.sessions.described(), config.database.described())
}
