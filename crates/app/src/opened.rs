//! The ledger, wherever it is, with its key.

use crate::keys::{self, OpenVault};
use crate::{Config, StartError};
use ledger::{Ledger, OpenError, OpenOptions, Postgres};
use vault::{Key32, KeyOf};

/// Opens the ledger of an installation. At its first start both are made, the key and the ledger. A change of its key that was
/// interrupted is brought to its end.
pub(crate) async fn ledger(config: &Config, open: &OpenVault, postgres: Option<Postgres>) -> Result<Ledger, StartError> {
    let there = match &postgres {
        None => keys::has_ledger(&config.data_dir),
        Some(postgres) => postgres.is_sealed().await?,
    };
    let key = keys::ledger_key(open, config, there).await?;
    match with_key(config, postgres.clone(), &key).await {
        Err(StartError::Ledger(OpenError::WrongKey)) => {}
        opened => return opened,
    }
    let Some(next) = open.vault.next_key(KeyOf::Ledger).await? else { return Err(OpenError::WrongKey.into()) };
    let ledger = with_key(config, postgres, &next).await?;
    open.vault.finish_change(KeyOf::Ledger).await?;
    tracing::info!("an interrupted change of the database's key was finished");
    Ok(ledger)
}

async fn with_key(config: &Config, postgres: Option<Postgres>, key: &Key32) -> Result<Ledger, StartError> {
    Ok(match postgres {
        None => Ledger::open(&config.data_dir, key.as_bytes(), OpenOptions::default()).await?,
        Some(postgres) => Ledger::on(postgres, key.as_bytes()).await?,
    })
}
