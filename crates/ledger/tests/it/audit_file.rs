//! Whoever has the key of the file, but goes past this program, is found out too, unless he makes all of the log anew.

use crate::audit::fill;
use crate::ground::{KEY, ledger, open};
use ledger::Broken;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::path::Path;

async fn past_the_program(dir: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.join("ledger.db"))
        .pragma("key", format!("\"x'{}'\"", hex::encode(KEY)));
    let mut raw = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
}

#[tokio::test]
async fn an_entry_that_was_changed_in_the_file_is_found_and_writing_goes_on() {
    let (dir, ledger, _) = ledger().await;
    fill(&ledger, 0, 20).await;
    ledger.close().await;
    for (change, at) in [
        ("UPDATE audit SET detail = 'x' WHERE seq = 12", 12),
        ("UPDATE audit SET app_name = 'x' WHERE seq = 7", 7),
        ("DELETE FROM audit WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq < 3", 1),
    ] {
        past_the_program(dir.path(), change).await;
        let ledger = open(dir.path()).await;
        assert_eq!(ledger.verify_audit().await.unwrap(), Err(Broken { at }), "{change}");
        ledger.close().await;
    }
    let ledger = open(dir.path()).await;
    fill(&ledger, 20, 2).await;
    assert_eq!(ledger.verify_audit().await.unwrap(), Err(Broken { at: 1 }), "it stays found out");
    ledger.close().await;
}
