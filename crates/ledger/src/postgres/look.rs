//! A look at a server, for those who check an installation. Changes nothing.

use super::{PostgresConfig, connect, patiently, schema, unopened};
use crate::OpenError;
use sqlx::{Connection as _, Row as _};

/// What is worth knowing of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresReport {
    /// As in `15.4`.
    pub version: String,
    /// As in `150004`.
    pub version_number: i64,
    /// The schema that is there, and the one that this version makes of it.
    pub schema: Option<i64>,
    pub known_schema: i64,
    /// Whether what was committed survives a power cut.
    pub fsync: bool,
    pub full_page_writes: bool,
    /// A standby, which only reads.
    pub in_recovery: bool,
    pub max_connections: i64,
    pub connections: i64,
    pub tls: bool,
}

const LOOK: &str = "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::bigint AS number, \
    current_setting('fsync') = 'on' AS fsync, current_setting('full_page_writes') = 'on' AS pages, pg_is_in_recovery() AS recovery, \
    current_setting('max_connections')::bigint AS most, (SELECT count(*) FROM pg_stat_activity) AS connections, \
    COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls";

/// Connects and looks.
///
/// # Errors
/// As [`Postgres::connect`](super::Postgres::connect).
pub async fn look_at(config: &PostgresConfig) -> Result<PostgresReport, OpenError> {
    let mut connection = connect(&config.options()?).await.map_err(|e| unopened(&e))?;
    let looked = async {
        let row = patiently(sqlx::query(LOOK).fetch_one(&mut connection)).await?;
        Ok::<_, sqlx::Error>(PostgresReport {
            version: row.try_get("version")?,
            version_number: row.try_get("number")?,
            schema: None,
            known_schema: schema::known(),
            fsync: row.try_get("fsync")?,
            full_page_writes: row.try_get("pages")?,
            in_recovery: row.try_get("recovery")?,
            max_connections: row.try_get("most")?,
            connections: row.try_get("connections")?,
            tls: row.try_get("tls")?,
        })
    };
    let looked = looked.await.map_err(|e| unopened(&e));
    let found = schema::found(&mut connection).await;
    let _ = connection.close().await;
    Ok(PostgresReport { schema: found?, ..looked? })
}
