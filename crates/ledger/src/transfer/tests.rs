#![allow(clippy::unwrap_used)]

use super::table::TABLES;
use crate::sql::QueryBuilder;
use crate::{Ledger, OpenOptions};
use std::collections::BTreeSet;

/// What a migration adds has to be thought of here.
#[tokio::test]
async fn everything_is_carried_over_but_what_is_of_the_moment() {
    const OF_THE_MOMENT: [(&str, &str); 3] = [("channels", "fence"), ("channels", "holder"), ("channels", "prompt")];
    const NOT_CARRIED: [&str; 4] = ["_sqlx_migrations", "sqlite_sequence", "event_head", "orders"];
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), &[3; 32], OpenOptions::default()).await.unwrap();
    let mut reader = ledger.reader().await.unwrap();
    let all = QueryBuilder::new("SELECT name FROM sqlite_master WHERE type = 'table'").build().into_scalars::<String>();
    let tables: BTreeSet<String> = all.fetch_all(&mut reader).await.unwrap().into_iter().collect();
    let known = TABLES.iter().map(|table| table.name).chain(NOT_CARRIED).map(str::to_owned).collect();
    assert_eq!(tables, known);
    for table in TABLES {
        let columns = QueryBuilder::new(&format!("SELECT name FROM pragma_table_info('{}')", table.name)).build();
        let columns: BTreeSet<String> = columns.into_scalars().fetch_all(&mut reader).await.unwrap().into_iter().collect();
        let left = OF_THE_MOMENT.iter().filter(|(of, _)| *of == table.name).map(|(_, column)| *column);
        assert_eq!(columns, table.names().into_iter().chain(left).map(str::to_owned).collect(), "{}", table.name);
    }
    drop(reader);
    ledger.close().await;
}
