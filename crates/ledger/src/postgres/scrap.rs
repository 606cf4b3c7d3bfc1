use super::{Postgres, patiently, schema, unopened};
use crate::OpenError;
use sqlx::AssertSqlSafe;

impl Postgres {
    /// Drops every table of ours, with what is in it; those of others stay. For one whose content lives elsewhere by now.
    ///
    /// # Errors
    /// When it cannot be done; nothing was dropped then.
    pub async fn scrap(self) -> Result<(), OpenError> {
        let tables = schema::tables().join(", ");
        let drop_all = AssertSqlSafe(format!("DROP TABLE IF EXISTS {tables}, _sqlx_migrations CASCADE"));
        let done = sqlx::raw_sql(drop_all).execute(&self.pool);
        patiently(done).await.map_err(|e| unopened(&e))?;
        self.pool.close().await;
        Ok(())
    }
}
