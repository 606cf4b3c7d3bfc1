//! A copy of the ledger while it is in use, by this process or another.

use crate::dialect::Place;
use crate::{LedgerError, open, sqlite};
use sqlx::Connection as _;
use std::path::Path;

/// Writes what `dir/ledger.db` holds at this moment into the new file `into`, encrypted with the same key. Reads only: whoever
/// has the ledger open goes on writing meanwhile, and none of what it writes from now on is in the copy.
///
/// # Errors
/// `Damaged` when the file or the key is wrong; nothing usable is at `into` then. `into` must not exist.
pub async fn copy(dir: &Path, key: &[u8; 32], into: &Path) -> Result<(), LedgerError> {
    let Some(target) = into.to_str() else { return Err(LedgerError::Io("the path of the copy is not Unicode".into())) };
    let place = Place::Directory(dir.to_owned());
    let mut connection = sqlite::connect(&dir.join(open::FILE), key).await.map_err(|e| place.explain(&e))?;
    let done = sqlx::query("VACUUM INTO ?").bind(target).execute(&mut connection).await;
    let closed = connection.close().await;
    done.map(drop).and(closed).map_err(|e| place.explain(&e))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Ledger, OpenOptions};

    const KEY: [u8; 32] = [7; 32];

    #[tokio::test]
    async fn a_copy_taken_while_it_is_written_to_opens_with_the_same_key() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let ledger = Ledger::open(dir.path(), &KEY, OpenOptions::default()).await.unwrap();
        ledger.set_setting("before", &1).await.unwrap();
        copy(dir.path(), &KEY, &other.path().join("ledger.db")).await.unwrap();
        ledger.set_setting("after", &2).await.unwrap();
        ledger.close().await;

        let bytes = std::fs::read(other.path().join("ledger.db")).unwrap();
        assert!(!bytes.starts_with(b"SQLite format 3"), "the copy is not encrypted");
        let copied = Ledger::open(other.path(), &KEY, OpenOptions::default()).await.unwrap();
        assert_eq!(copied.setting::<i32>("before").await.unwrap(), Some(1));
        assert_eq!(copied.setting::<i32>("after").await.unwrap(), None);
        copied.close().await;
    }

    #[tokio::test]
    async fn a_wrong_key_gives_no_copy() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        Ledger::open(dir.path(), &KEY, OpenOptions::default()).await.unwrap().close().await;
        copy(dir.path(), &[8; 32], &other.path().join("ledger.db")).await.unwrap_err();
    }
}
