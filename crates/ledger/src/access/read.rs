use super::stored;
use crate::sql::query;
use crate::{Ledger, LedgerError};
use domain::{App, AppRequest, Key, KeyId};

/// Everything that decides who may come in, as it was at one moment or a little later.
#[derive(Clone, Debug, Default)]
pub struct AccessState {
    /// In the order of their creation.
    pub apps: Vec<App>,
    /// In the order in which they were made, each with SHA-256 of its text.
    pub keys: Vec<(Key, [u8; 32])>,
    /// In the order in which they were made; also those that were answered, until they are forgotten.
    pub requests: Vec<AppRequest>,
}

impl Ledger {
    pub async fn access(&self) -> Result<AccessState, LedgerError> {
        // What points to an app comes before it: a key whose app was deleted in between has none to come in for, and a request that was
        // allowed has its app.
        let requests = self.requests().await?;
        let keys = self.stored_keys().await?;
        Ok(AccessState { apps: self.apps().await?, keys, requests })
    }

    /// All apps in the order of their creation.
    pub async fn apps(&self) -> Result<Vec<App>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(stored::APPS).fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        rows.iter().map(stored::app).collect()
    }

    /// All keys in the order in which they were made.
    pub async fn keys(&self) -> Result<Vec<Key>, LedgerError> {
        Ok(self.stored_keys().await?.into_iter().map(|(key, _)| key).collect())
    }

    /// SHA-256 of the text of every key.
    pub async fn key_hashes(&self) -> Result<Vec<(KeyId, [u8; 32])>, LedgerError> {
        Ok(self.stored_keys().await?.into_iter().map(|(key, hash)| (key.id, hash)).collect())
    }

    /// What programs have asked for, in that order; also what was answered, until it is forgotten.
    pub async fn requests(&self) -> Result<Vec<AppRequest>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(stored::REQUESTS).fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        rows.iter().map(stored::request).collect()
    }

    async fn stored_keys(&self) -> Result<Vec<(Key, [u8; 32])>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(stored::KEYS).fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        rows.iter().map(stored::key).collect()
    }
}
