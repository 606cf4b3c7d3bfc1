use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError, stored};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Ledger {
    /// A setting by its name; `None` when it was never set. The caller owns the form of the JSON, for ever.
    pub async fn setting<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, LedgerError> {
        let mut reader = self.reader().await?;
        let text: Option<String> = query_scalar("SELECT value FROM settings WHERE name = $1")
            .bind(name)
            .fetch_optional(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        Ok(text.map(|text| serde_json::from_str(&text).map_err(|_| stored::unreadable("a setting"))).transpose()?)
    }

    pub async fn set_setting<T: Serialize + Sync>(&self, name: &str, value: &T) -> Result<(), LedgerError> {
        let name = name.to_owned();
        let text = serde_json::to_string(value).map_err(|e| LedgerError::Io(format!("setting as JSON: {e}")))?;
        self.write(move |batch| {
            Box::pin(async move {
                query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
                    .bind(name)
                    .bind(text)
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                Ok(())
            })
        })
        .await
    }
}
