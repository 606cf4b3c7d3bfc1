use crate::ground::{self, KEY, inbound, ledger, t, text};
use ledger::{Ledger, OpenError, OpenOptions};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

async fn error(dir: &Path, key: [u8; 32]) -> OpenError {
    Ledger::open(dir, &key, OpenOptions::default()).await.expect_err("this does not open")
}

#[tokio::test]
async fn a_wrong_key_is_told_at_once_and_touches_nothing() {
    let (dir, ledger, _) = ledger().await;
    ledger.close().await;
    let before = fs::read(dir.path().join("ledger.db")).unwrap();
    for with_check in [true, false] {
        if !with_check {
            fs::remove_file(dir.path().join("ledger.key-check")).unwrap();
        }
        let began = Instant::now();
        assert!(matches!(error(dir.path(), [8; 32]).await, OpenError::WrongKey), "with key check: {with_check}");
        assert!(began.elapsed() < Duration::from_secs(2), "a pool that retries would take half a minute");
        assert_eq!(fs::read(dir.path().join("ledger.db")).unwrap(), before);
    }
    let ledger = ground::open(dir.path()).await;
    assert_eq!(ledger.channels().await.unwrap().len(), 1);
    ledger.close().await;
}

#[tokio::test]
async fn nothing_that_people_wrote_can_be_read_from_the_files() {
    let (dir, ledger, id) = ledger().await;
    let said = "meet me under the clock at noon";
    ledger.insert_inbound(vec![inbound(id, 1, "3EB0AAAABBBBCCCC", text(said))], t(2)).await.unwrap();
    let look = |when: &str| {
        let mut seen = 0;
        for entry in fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            seen += bytes.len();
            for word in
                [said, "Front desk", "15550100123", "3EB0AAAABBBBCCCC", "SQLite format", "CREATE TABLE", "message.received"]
            {
                let found = bytes.windows(word.len()).any(|w| w == word.as_bytes());
                assert!(!found, "{word:?} stands in {} {when}", path.display());
            }
        }
        assert!(seen > 20_000, "there was something to look at");
    };
    look("while open");
    ledger.close().await;
    look("when closed");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("data");
    let ledger = ground::open(&home).await;
    ground::add_channel(&ledger, 1).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    for entry in fs::read_dir(&home).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    ledger.close().await;
}

#[tokio::test]
async fn a_ledger_of_a_newer_version_is_left_alone() {
    let (dir, ledger, _) = ledger().await;
    ledger.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.path().join("ledger.db"))
        .pragma("key", format!("\"x'{}'\"", hex::encode(KEY)));
    let mut raw = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'of the future', 1, x'00', 0)")
        .execute(&mut raw)
        .await
        .unwrap();
    sqlx::Connection::close(raw).await.unwrap();

    let told = error(dir.path(), KEY).await;
    assert!(matches!(told, OpenError::NewerVersion { found: 999, .. }), "{told:?}");
    assert!(told.sentence().contains("newer version"));
}
