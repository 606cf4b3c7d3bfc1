//! The ledger, wherever it is, with its key.

use crate::keys::{self, OpenVault};
use crate::{Config, StartError};
use ledger::{Ledger, OpenOptions, Postgres};

/// Opens the ledger of an installation. At its first start both are made, the key and the ledger.
pub(crate) async fn ledger(config: &Config, open: &OpenVault, postgres: Option<Postgres>) -> Result<Ledger, StartError> {
    match postgres {
        None => {
            let key = keys::ledger_key(open, config, keys::has_ledger(&config.data_dir)).await?;
            Ok(Ledger::open(&config.data_dir, key.as_bytes(), OpenOptions::default()).await?)
        }
        Some(postgres) => {
            let key = keys::ledger_key(open, config, postgres.is_sealed().await?).await?;
            Ok(Ledger::on(postgres, key.as_bytes()).await?)
        }
    }
}
