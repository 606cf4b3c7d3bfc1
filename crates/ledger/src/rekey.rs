//! A new key for a ledger that is closed.

use crate::dialect::Place;
use crate::{LedgerError, key_check, open, sqlite};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use std::fs;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

const COPY: &str = "ledger.rekeyed";

/// Seals `dir/ledger.db` with `new` instead of `old`. Nobody may have it open. A copy is made, compared and put in its place by one
/// renaming: a process that ends meanwhile leaves a file that one of the two opens. `reached` is told of each step.
///
/// # Errors
/// `Damaged` when `old` does not open it; others when it cannot be copied. It is as it was then.
pub async fn rekey(dir: &Path, old: &[u8; 32], new: &[u8; 32], reached: impl Fn(&str)) -> Result<(), LedgerError> {
    let place = Place::Directory(dir.to_owned());
    let disk = |e: io::Error| LedgerError::Io(format!("{}: {e}", dir.display()));
    let (file, copy) = (dir.join(open::FILE), dir.join(COPY));
    for ending in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(dir.join(format!("{COPY}{ending}"))) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(disk(e)),
            Ok(()) | Err(_) => {}
        }
    }
    private(&copy).map_err(disk)?;
    let mut connection = sqlite::connect(&file, old).await.map_err(|e| place.explain(&e))?;
    let copied = copied(&mut connection, &copy, new).await;
    let closed = connection.close().await;
    copied.and(closed).map_err(|e| place.explain(&e))?;
    // One that stayed would be taken for that of the file which comes in its place.
    if dir.join(format!("{}-wal", open::FILE)).exists() {
        return Err(LedgerError::Io("the ledger is open elsewhere".into()));
    }
    fs::OpenOptions::new().append(true).open(&copy).and_then(|file| file.sync_all()).map_err(disk)?;
    reached("ledger.copied");
    // From here on no file beside it says which key is right; the next opening notes it anew.
    key_check::forget(dir).and_then(|()| sync(dir)).map_err(disk)?;
    reached("ledger.unchecked");
    fs::rename(&copy, &file).and_then(|()| sync(dir)).map_err(disk)
}

async fn copied(connection: &mut SqliteConnection, copy: &Path, new: &[u8; 32]) -> Result<(), sqlx::Error> {
    let path = copy.to_str().ok_or_else(|| sqlx::Error::Configuration("the path is not Unicode".into()))?;
    let hex = Zeroizing::new(hex::encode(new));
    let key = Zeroizing::new(format!("x'{}'", hex.as_str()));
    sqlx::query("ATTACH DATABASE ? AS rekeyed KEY ?").bind(path).bind(key.as_str()).execute(&mut *connection).await?;
    sqlx::query("SELECT sqlcipher_export('rekeyed')").fetch_all(&mut *connection).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'",
    )
    .fetch_all(&mut *connection)
    .await?;
    for table in tables {
        let name = table.replace('"', "\"\"");
        let sum = |side: &str| format!("SELECT count(*) FROM {side}.\"{name}\"");
        let differ = format!(
            "SELECT ({}) - ({}) + (SELECT count(*) FROM (SELECT * FROM main.\"{name}\" EXCEPT SELECT * FROM rekeyed.\"{name}\"))",
            sum("main"),
            sum("rekeyed")
        );
        let differences: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(differ)).fetch_one(&mut *connection).await?;
        if differences != 0 {
            return Err(sqlx::Error::Protocol(format!("the copy of the table {table} is not what was copied")));
        }
    }
    for last in ["DETACH DATABASE rekeyed", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE"] {
        sqlx::query(last).fetch_all(&mut *connection).await?;
    }
    Ok(())
}

fn private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn sync(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Ledger, OpenError, OpenOptions};
    use std::cell::RefCell;

    const OLD: [u8; 32] = [7; 32];
    const NEW: [u8; 32] = [8; 32];

    async fn filled(dir: &Path) {
        let ledger = Ledger::open(dir, &OLD, OpenOptions::default()).await.unwrap();
        ledger.set_setting("kept", &1).await.unwrap();
        let entry = domain::AuditEntry {
            actor: domain::Actor::Itself,
            peer: None,
            action: "key.revoke".into(),
            target: None,
            outcome: domain::Outcome::Done,
            detail: None,
        };
        ledger.append_audit(vec![(domain::Timestamp::EPOCH, entry)]).await.unwrap();
        ledger.close().await;
    }

    async fn opens(dir: &Path, key: &[u8; 32]) -> bool {
        match Ledger::open(dir, key, OpenOptions::default()).await {
            Ok(ledger) => {
                assert_eq!(ledger.setting::<i32>("kept").await.unwrap(), Some(1), "something was lost");
                assert_eq!(ledger.verify_audit().await.unwrap().map(|whole| whole.entries), Ok(1));
                ledger.close().await;
                true
            }
            Err(OpenError::WrongKey) => false,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn the_new_key_opens_what_the_old_one_did_and_the_old_one_nothing() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path()).await;
        let steps = RefCell::new(Vec::new());
        rekey(dir.path(), &OLD, &NEW, |step| steps.borrow_mut().push(step.to_owned())).await.unwrap();
        assert_eq!(steps.into_inner(), ["ledger.copied", "ledger.unchecked"]);
        assert!(!opens(dir.path(), &OLD).await);
        assert!(opens(dir.path(), &NEW).await);
        assert!(!dir.path().join(COPY).exists());
    }

    #[tokio::test]
    async fn with_a_wrong_key_nothing_happens() {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path()).await;
        rekey(dir.path(), &[9; 32], &NEW, |_| {}).await.unwrap_err();
        assert!(opens(dir.path(), &OLD).await);
    }
}
