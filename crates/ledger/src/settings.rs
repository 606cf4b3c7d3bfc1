use crate::batch::Batch;
use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError, stored};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Ledger {
    /// A setting by its name; `None` when it was never set. The caller owns the form of the JSON, for ever.
    pub async fn setting<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, LedgerError> {
        let mut reader = self.reader().await?;
        let text: Option<String> =
            query_scalar(VALUE).bind(name).fetch_optional(&mut reader).await.map_err(|e| self.explain(&e))?;
        text.map(|text| read(&text)).transpose()
    }

    pub async fn set_setting<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), LedgerError> {
        let name = name.to_owned();
        let text = json(value)?;
        self.write(move |batch| Box::pin(async move { put(batch, name, text).await })).await
    }

    /// Changes a setting in one transaction with reading it, so that nothing is lost that another worker wrote meanwhile; what it is
    /// then.
    pub async fn change_setting<T, F>(&self, name: &str, change: F) -> Result<T, LedgerError>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: FnOnce(Option<T>) -> T + Send + 'static,
    {
        let name = name.to_owned();
        self.write(move |batch| {
            Box::pin(async move {
                let text: Option<String> = query_scalar(VALUE)
                    .bind(name.clone())
                    .fetch_optional(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                let changed = change(text.map(|text| read(&text)).transpose()?);
                let text = json(&changed)?;
                put(batch, name, text).await?;
                Ok(changed)
            })
        })
        .await
    }
}

const VALUE: &str = "SELECT value FROM settings WHERE name = $1";

async fn put(batch: &mut Batch, name: String, text: String) -> Result<(), LedgerError> {
    query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(text)
        .execute(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    Ok(())
}

fn json<T: Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|e| LedgerError::Io(format!("setting as JSON: {e}")))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, LedgerError> {
    Ok(serde_json::from_str(text).map_err(|_| stored::unreadable("a setting"))?)
}
