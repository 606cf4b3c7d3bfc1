use crate::ground::{Home, KEY, add_channel, open};
use crate::home::connect;
use ledger::{Ledger, OpenError, Postgres, PostgresConfig};

#[tokio::test]
async fn a_wrong_key_is_told_and_changes_nothing() {
    let home = Home::new();
    let ledger = open(home.path()).await;
    add_channel(&ledger, 1).await;
    ledger.close().await;
    let refused = Ledger::on(connect(home.url()).await, &[8; 32]).await;
    assert!(matches!(refused, Err(OpenError::WrongKey)), "{refused:?}");
    let ledger = open(home.path()).await;
    assert_eq!(ledger.channels().await.unwrap().len(), 1);
    ledger.close().await;
}

#[tokio::test]
async fn a_schema_of_a_newer_version_is_left_alone() {
    let home = Home::new();
    open(home.path()).await.close().await;
    home.psql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'of the future', true, '', 0)",
    );
    let refused = Postgres::connect(PostgresConfig::new(home.url().to_owned())).await;
    assert!(matches!(refused, Err(OpenError::NewerVersion { found: 999, .. })), "{refused:?}");
}

#[tokio::test]
async fn many_that_start_at_once_make_one_schema() {
    let home = Home::new();
    let ledgers = futures::future::join_all((0..5).map(|_| open(home.path()))).await;
    assert_eq!(home.psql("SELECT count(*) FROM _sqlx_migrations"), "2");
    for ledger in ledgers {
        ledger.close().await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_refuses_is_told_without_the_password() {
    let home = Home::new();
    let refusing = home.server().user("ada", "right").replace(":right@", ":wr0ng@");
    for url in ["postgres://ada:wr0ng@127.0.0.1:9/ledger".to_owned(), refusing] {
        let error = Postgres::connect(PostgresConfig::new(url)).await.expect_err("this does not open");
        assert!(matches!(error, OpenError::Unreachable(_) | OpenError::Refused(_)), "{error:?}");
        assert!(!format!("{error:?} {error} {}", error.sentence()).contains("wr0ng"));
    }
}

#[tokio::test]
async fn a_user_who_is_no_superuser_suffices() {
    let home = Home::new();
    let url = home.server().user("grace", "s3cret");
    home.psql("GRANT CREATE ON DATABASE postgres TO grace");
    home.server().psql("GRANT CREATE ON SCHEMA public TO grace");
    let dir = tempfile::tempdir().unwrap();
    let password = dir.path().join("password");
    std::fs::write(&password, "s3cret\n").unwrap();
    let mut config = PostgresConfig::new(url.replace(":s3cret@", "@"));
    config.password_file = Some(password);
    let postgres = Postgres::connect(config).await.unwrap();
    assert!(!format!("{postgres:?}").contains("s3cret"));
    let ledger = Ledger::on(postgres, &KEY).await.unwrap();
    add_channel(&ledger, 1).await;
    assert!(ledger.stats().await.unwrap().file_bytes > 0);
    ledger.close().await;
}
