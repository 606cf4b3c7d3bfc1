//! Which store holds the keys of an installation, and the keys that the start needs.

use crate::config::{VaultStore, remember_vault_choice};
use crate::{Config, StartError};
use std::path::Path;
use vault::{Access, AdminKey, Installation, Key32, Namespace, Scope, Vault, VaultError};

/// Who sits in front of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// A person with windows: asked before keys go anywhere but into the keychain.
    Desktop,
    /// Nobody: never prompts, and takes the key file where there is no keychain, with a warning.
    Headless,
}

/// Where the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultKind {
    Keychain,
    KeyFile,
}

pub(crate) struct OpenVault {
    pub vault: Vault,
    pub kind: VaultKind,
}

fn namespace() -> Namespace {
    if cfg!(feature = "sandbox") {
        Namespace::Sandbox
    } else if cfg!(debug_assertions) {
        Namespace::Dev
    } else {
        Namespace::Release
    }
}

fn scope(data_dir: &Path) -> Result<Scope, StartError> {
    Ok(Scope { namespace: namespace(), installation: Installation::of(data_dir)? })
}

/// The keychain, whatever its state.
pub(crate) fn keychain(config: &Config, face: Face) -> Result<Vault, StartError> {
    let vault = Vault::keychain(scope(&config.data_dir)?);
    Ok(if face == Face::Headless { vault.without_prompt() } else { vault })
}

/// Finds the store that the configuration, the person's earlier choice and the system give.
pub(crate) async fn open(config: &Config, face: Face) -> Result<OpenVault, StartError> {
    let scope = scope(&config.data_dir)?;
    let key_file = || OpenVault { vault: Vault::key_file(&config.vault.key_file, scope.clone()), kind: VaultKind::KeyFile };
    let keychain = || keychain(config, face).map(|vault| OpenVault { vault, kind: VaultKind::Keychain });
    match config.vault.store {
        VaultStore::File => Ok(key_file()),
        VaultStore::Keychain => keychain(),
        VaultStore::Auto => {
            let open = keychain()?;
            match (open.vault.access().await, face) {
                (Ok(Access::Open | Access::Locked | Access::Unknown), _) => Ok(open),
                // Keys that were made belong to a store: one that is not there (yet) is no reason to look elsewhere.
                (Err(VaultError::Missing), Face::Headless) if !has_ledger(&config.data_dir) => {
                    tracing::warn!(
                        path = %config.vault.key_file.display(),
                        "there is no keychain: the keys are kept in a file; protect it as you would the accounts themselves"
                    );
                    // Remembered, so that a keychain that turns up later does not make the keys look lost.
                    if let Err(error) = remember_vault_choice(&config.data_dir, VaultStore::File) {
                        tracing::warn!(%error, "the choice of the key file could not be remembered");
                    }
                    Ok(key_file())
                }
                (Err(error), _) => Err(error.into()),
            }
        }
    }
}

/// The key of a ledger that is there.
pub(crate) async fn existing_ledger_key(open: &OpenVault) -> Result<Key32, StartError> {
    open.vault.ledger_key().await?.ok_or_else(|| ledger_key_missing(open))
}

fn ledger_key_missing(open: &OpenVault) -> StartError {
    let place = match open.kind {
        VaultKind::Keychain => "the keychain".to_owned(),
        VaultKind::KeyFile => "the key file".to_owned(),
    };
    StartError::LedgerKeyMissing { place }
}

/// The ledger's key; made only when there is no ledger that another key might belong to.
pub(crate) async fn ledger_key(open: &OpenVault, data_dir: &Path) -> Result<Key32, StartError> {
    if let Some(key) = open.vault.ledger_key().await? {
        return Ok(key);
    }
    if has_ledger(data_dir) {
        return Err(ledger_key_missing(open));
    }
    Ok(open.vault.create_ledger_key().await?)
}

/// Whether there is something that a key was made for.
pub(crate) fn has_ledger(data_dir: &Path) -> bool {
    std::fs::metadata(data_dir.join("ledger.db")).is_ok_and(|about| about.len() > 0)
}

/// The admin key of the API, made at the first start.
pub(crate) async fn ensure_admin_key(vault: &Vault) -> Result<AdminKey, StartError> {
    if let Some(key) = vault.admin_key().await? {
        return Ok(key);
    }
    let key = AdminKey::generate()?;
    vault.set_admin_key(&key).await?;
    Ok(key)
}

/// The admin key of an installation, for a command beside the running application.
///
/// # Errors
/// When the store cannot be read, or the application has never been started.
pub async fn admin_key(config: &Config) -> anyhow::Result<String> {
    anyhow::ensure!(
        config.data_dir.exists(),
        "{} does not exist yet; start the application once: whatisupd run",
        config.data_dir.display()
    );
    let open = open(config, Face::Headless).await?;
    match open.vault.admin_key().await.map_err(StartError::from)? {
        Some(key) => Ok(key.expose().to_owned()),
        None => anyhow::bail!("there is no key yet; start the application once: whatisupd run"),
    }
}
