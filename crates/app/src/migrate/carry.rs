//! From one side to the other, one thing at a time, each compared.

use super::{MigrateError, MigrationStep, MovedSession, Side};
use crate::StartError;
use domain::ChannelId;
use ledger::TransferredTable;
use vault::{KeyOf, VaultError};
use whatsapp::snapshot::InstallError;
use whatsapp::{AuthStore, StoreError, step_reached};

/// A worker that still runs would go on writing into what is copied.
pub(super) async fn nobody_holds(from: &Side, channels: &[ChannelId]) -> Result<(), MigrateError> {
    let Some(keyspace) = &from.servers.keyspace else { return Ok(()) };
    for channel in channels {
        let mut command = keyspace::redis::cmd("EXISTS");
        command.arg(keyspace.key(*channel, keyspace::LEASE));
        if keyspace.ask::<i64>(&command).await.map_err(StartError::from)? > 0 {
            return Err(MigrateError::Held { channel: *channel });
        }
    }
    Ok(())
}

/// What opens the sessions and the ledger, and the API's key.
pub(super) async fn keys(from: &Side, to: &Side, channels: &[ChannelId]) -> Result<(), MigrateError> {
    for of in channels.iter().copied().map(KeyOf::Channel).chain([KeyOf::Ledger]) {
        let Some(key) = from.open.vault.key(of).await? else { continue };
        match to.open.vault.keep_key(of, &key).await {
            Err(VaultError::AlreadyThere) => return Err(MigrateError::OtherKey(described(of))),
            kept => kept?,
        }
    }
    if let Some(key) = from.open.vault.admin_key().await? {
        to.open.vault.admin_key_or(&key).await?;
    }
    Ok(())
}

fn described(of: KeyOf) -> String {
    match of {
        KeyOf::Ledger => "the database".to_owned(),
        KeyOf::Channel(channel) => channel.to_string(),
    }
}

/// Copies one session and compares it; does nothing when it is there already.
pub(super) async fn session(
    from: &AuthStore,
    to: &AuthStore,
    channel: ChannelId,
    replace: bool,
) -> Result<MovedSession, MigrateError> {
    let at = |error| MigrateError::Session { channel, error };
    // One of a pairing that came to nothing is worth nothing, and is made anew when it is needed.
    let Some(snapshot) = from.snapshot(channel).await.map_err(at)?.filter(whatsapp::Snapshot::is_paired) else {
        return Ok(MovedSession { channel, records: 0, digest: [0; 32] });
    };
    let digest = snapshot.digest();
    let moved = MovedSession { channel, records: snapshot.counts().total(), digest };
    match to.snapshot(channel).await.map_err(at)? {
        Some(there) if there.digest() == digest => return Ok(moved),
        Some(there) if there.is_paired() && replace => to.clear(channel).await.map_err(at)?,
        Some(there) if there.is_paired() => return Err(MigrateError::Occupied { channel }),
        Some(_) | None => {}
    }
    to.install(channel, &snapshot).await.map_err(|error| match error {
        InstallError::Occupied => MigrateError::Occupied { channel },
        InstallError::Differs => MigrateError::Differs { channel },
        InstallError::Malformed(error) => at(StoreError::Damaged(error.to_string())),
        InstallError::Store(error) => at(error),
    })?;
    match to.snapshot(channel).await.map_err(at)? {
        Some(there) if there.digest() == digest => Ok(moved),
        Some(_) | None => Err(MigrateError::Differs { channel }),
    }
}

pub(super) async fn ledger(
    from: &Side,
    to: &Side,
    tell: &mut (impl FnMut(MigrationStep<'_>) + Send),
) -> Result<Vec<TransferredTable>, MigrateError> {
    let source = from.ledger().await?;
    let target = match to.ledger().await {
        Ok(target) => target,
        Err(error) => {
            source.close().await;
            return Err(error.into());
        }
    };
    let carried = ledger::transfer(&source, &target, |progress| {
        tell(MigrationStep::Ledger(progress));
        step_reached("migrate.rows");
    })
    .await;
    source.close().await;
    target.close().await;
    Ok(carried?.tables)
}
