//! How the vault stands, for those who show it; and the wake-up call for channels when it is unlocked.

use crate::keys::VaultKind;
use api::VaultStanding;
use engine::Engine;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vault::{Access, Vault, VaultError};

/// How often a keychain is looked at; a look costs one call on the session bus. Nothing depends on it: channels that
/// need a key ask for it themselves.
const GLANCE: Duration = Duration::from_secs(15);

/// Watches until `until`. The first look is taken at once.
pub(crate) fn watch(vault: Vault, kind: VaultKind, engine: Engine, until: CancellationToken) -> watch::Receiver<VaultStanding> {
    let (tell, standing) = watch::channel(of(kind, Ok(Access::Open)));
    // A key file does not lock.
    if kind == VaultKind::Keychain {
        tokio::spawn(async move {
            let mut was_open = true;
            loop {
                let access = vault.access().await;
                let is_open = matches!(access, Ok(Access::Open | Access::Unknown));
                tell.send_replace(of(kind, access));
                if is_open && !was_open {
                    engine.vault_unlocked();
                }
                was_open = is_open;
                // While it is locked, its opening is noticed within a second.
                let next = async { if is_open { tokio::time::sleep(GLANCE).await } else { vault.wait_unlocked().await } };
                tokio::select! {
                    () = next => {}
                    () = until.cancelled() => return,
                }
            }
        });
    }
    standing
}

fn of(kind: VaultKind, access: Result<Access, VaultError>) -> VaultStanding {
    let place = match kind {
        VaultKind::Keychain => "The keys are in the keychain of this desktop.",
        VaultKind::KeyFile => "The keys are in a key file. Protect it as you would the accounts themselves.",
        VaultKind::SealedFile => "The keys are in the data directory, wrapped by the master key that this process was given.",
        VaultKind::SealedTable => "The keys are in the database, wrapped by the master key that this process was given.",
    };
    let (status, summary) = match access {
        Ok(Access::Open | Access::Unknown) => ("ok", place.to_owned()),
        Ok(Access::Locked) => ("locked", VaultError::Locked.sentence()),
        Err(error) => {
            let status = match error {
                VaultError::Locked | VaultError::TimedOut => "locked",
                VaultError::Missing | VaultError::Unreachable(_) => "missing",
                VaultError::Refused(_) | VaultError::WrongMasterKey { .. } => "refused",
                VaultError::Damaged(_) | VaultError::AlreadyThere | VaultError::Io(_) => "failed",
            };
            (status, error.sentence())
        }
    };
    VaultStanding { kind: kind.word().to_owned(), status: status.to_owned(), summary }
}
