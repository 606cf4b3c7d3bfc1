//! On disk: a copy of the file, and one renaming.

use super::{Rekeyed, reached};
use crate::auth_state::OpenError;
use crate::auth_state::disk::Disk;
use crate::auth_state::seal::Seal;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use domain::ChannelId;
use std::path::{Path, PathBuf};
use vault::{Key32, KeyOf};
use zeroize::Zeroizing;

impl Disk {
    pub async fn rekey(&self, id: ChannelId) -> Result<Rekeyed, OpenError> {
        let (files, of) = (self.files(id), KeyOf::Channel(id));
        self.finish_shredding(id, &files).await?;
        if !files.hold_something()? {
            self.vault.abandon_change(of).await?;
            return Ok(Rekeyed::Nothing);
        }
        // What an interrupted change left is settled first: the key that opens the file is the present one then.
        let present = self.seal(id).await?;
        let next = self.vault.begin_change(of).await?;
        reached("auth.begun");
        files.make_rekeyed()?;
        present.resealed(files.database(), files.rekeyed(), &next).await?;
        reached("auth.copied");
        Seal::new(&next).tried_on(files.rekeyed()).await?;
        files.settle_rekeyed()?;
        reached("auth.swapped");
        self.vault.finish_change(of).await?;
        reached("auth.finished");
        Ok(Rekeyed::Done)
    }

    /// What opens the channel's file: the present key; or the next one, where a change was interrupted after the file was swapped.
    pub async fn seal(&self, id: ChannelId) -> Result<Seal, OpenError> {
        let (database, of) = (self.files(id).database(), KeyOf::Channel(id));
        let present = match self.vault.key(of).await? {
            None => Err(OpenError::WrongKey),
            Some(key) => {
                let seal = Seal::new(&key);
                seal.tried_on(database.clone()).await.map(|()| seal)
            }
        };
        let Err(OpenError::WrongKey) = present else { return present };
        let next = Seal::new(&self.vault.next_key(of).await?.ok_or(OpenError::WrongKey)?);
        next.tried_on(database).await?;
        self.vault.finish_change(of).await?;
        tracing::info!(channel.id = %id, "an interrupted change of the channel's key was finished");
        Ok(next)
    }
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

impl Seal {
    /// Writes all that the file holds into the empty file `into`, sealed with `key`, and compares. Nobody may have it open. What
    /// was in the write-ahead log is in the file afterwards, and there is no log any more: one that stayed would be taken for
    /// that of the file which comes in its place.
    async fn resealed(&self, database: PathBuf, into: PathBuf, key: &Key32) -> Result<(), OpenError> {
        let (seal, hex) = (self.clone(), key.as_hex());
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = seal.connected(&database)?;
            copy(&mut connection, &into, &hex)?;
            compare(&mut connection)?;
            let close = "DETACH DATABASE rekeyed; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;";
            connection.batch_execute(close).map_err(sqlite)?;
            drop(connection);
            let mut log = database.into_os_string();
            log.push("-wal");
            if Path::new(&log).exists() {
                return Err(OpenError::Io("the auth-state is open elsewhere".into()));
            }
            Ok(())
        });
        done.await.map_err(OpenError::broke_off)?
    }
}

fn copy(connection: &mut SqliteConnection, into: &Path, hex: &str) -> Result<(), OpenError> {
    let into = into.to_str().ok_or_else(|| OpenError::Io("the data directory's path is not Unicode".into()))?;
    let attach = Zeroizing::new(format!("ATTACH DATABASE '{}' AS rekeyed KEY \"x'{hex}'\";", into.replace('\'', "''")));
    connection.batch_execute(&attach).map_err(sqlite)?;
    connection.batch_execute("SELECT sqlcipher_export('rekeyed');").map_err(sqlite)
}

fn compare(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let names = "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let tables: Vec<Name> = diesel::sql_query(names).load(connection).map_err(sqlite)?;
    for table in tables {
        let name = table.name.replace('"', "\"\"");
        let differences = format!(
            "SELECT (SELECT count(*) FROM (SELECT * FROM main.\"{name}\" EXCEPT SELECT * FROM rekeyed.\"{name}\")) + \
             (SELECT count(*) FROM (SELECT * FROM rekeyed.\"{name}\" EXCEPT SELECT * FROM main.\"{name}\")) + \
             abs((SELECT count(*) FROM main.\"{name}\") - (SELECT count(*) FROM rekeyed.\"{name}\")) AS n"
        );
        let count: Count = diesel::sql_query(differences).get_result(connection).map_err(sqlite)?;
        if count.n != 0 {
            return Err(OpenError::Io(format!("the copy of the table {} is not what was copied", table.name)));
        }
    }
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn sqlite(error: diesel::result::Error) -> OpenError {
    OpenError::from_sqlite(error.to_string())
}
