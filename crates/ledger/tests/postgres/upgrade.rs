//! A database of an earlier schema still opens.

use crate::ground::{Home, open};
use crate::home::connect;
use crate::{access, schema_3};
use ledger::{Postgres, PostgresConfig};

/// As the first schema of this engine left it, by `pg_dump --inserts`; made once by `schema_3::fill`.
const DUMP: &str = include_str!("../fixtures/postgres-1.sql");

#[tokio::test]
#[ignore = "makes the dump of the first schema, once"]
async fn writes_the_dump_of_the_first_schema() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/postgres-1.sql");
    if path.exists() {
        return;
    }
    let home = Home::new();
    let ledger = open(home.path()).await;
    schema_3::fill(&ledger).await;
    ledger.close().await;
    let mut dump = std::process::Command::new("pg_dump");
    let dump = dump.args(["--inserts", "--no-owner", "--no-privileges", "--dbname", home.url()]).output().unwrap();
    std::fs::write(path, dump.stdout).unwrap();
}

#[tokio::test]
async fn a_full_database_of_the_first_schema_goes_on_under_the_newest_schema() {
    let home = Home::new();
    home.psql(DUMP);
    let before = Postgres::attach(PostgresConfig::new(home.url().to_owned())).await.unwrap();
    assert!(before.is_none(), "what only looks makes no schema");
    let (one, other) = Box::pin(futures::future::join(open(home.path()), open(home.path()))).await;
    assert_eq!(home.psql("SELECT max(version) FROM _sqlx_migrations"), "2");
    schema_3::assert_all_there(&one).await;
    let let_in = access::let_in(&one, 1).await;
    assert_eq!(other.apps().await.unwrap(), [let_in]);
    one.close().await;
    other.close().await;
    assert!(Postgres::attach(PostgresConfig::new(home.url().to_owned())).await.unwrap().is_some());
    drop(connect(home.url()).await);
}
