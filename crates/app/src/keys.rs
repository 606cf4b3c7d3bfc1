//! Which store holds the keys of an installation, and the keys that the start needs.

use crate::config::{Database, Sessions, VaultStore, remember_vault_choice};
use crate::sealed_table::SealedTable;
use crate::servers::Servers;
use crate::{Config, StartError};
use ledger::Postgres;
use std::path::Path;
use vault::{Access, AdminKey, Installation, Key32, MasterKeys, Namespace, Scope, SealedFile, Vault, VaultError};

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
    /// Wrapped by a master key, in a file of the data directory.
    SealedFile,
    /// Wrapped by a master key, in the database that workers share.
    SealedTable,
}

impl VaultKind {
    /// A stable word for programs.
    pub fn word(self) -> &'static str {
        match self {
            VaultKind::Keychain => "keychain",
            VaultKind::KeyFile => "key_file",
            VaultKind::SealedFile => "sealed_file",
            VaultKind::SealedTable => "sealed_table",
        }
    }

    /// For a sentence.
    pub(crate) fn place(self, config: &Config) -> String {
        match self {
            VaultKind::Keychain => "the keychain".to_owned(),
            VaultKind::KeyFile => format!("the key file {}", config.vault.key_file.display()),
            VaultKind::SealedFile => config.vault.sealed_file.display().to_string(),
            VaultKind::SealedTable => "the database".to_owned(),
        }
    }
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

/// Keys wrapped by a master key: in the database if workers share one, else in the data directory. Nothing is asked of it yet.
pub(crate) fn wrapped(config: &Config, keys: MasterKeys, postgres: Option<&Postgres>) -> Result<OpenVault, StartError> {
    Ok(match postgres {
        Some(postgres) => {
            let entries = SealedTable::new(postgres.keys(), config.database.described());
            // All data directories that use one database are one installation.
            let scope = Scope { namespace: namespace(), installation: Installation::named("database") };
            OpenVault { vault: Vault::master(keys, Box::new(entries), scope), kind: VaultKind::SealedTable }
        }
        None => {
            let entries = SealedFile::new(&config.vault.sealed_file);
            let vault = Vault::master(keys, Box::new(entries), scope(&config.data_dir)?);
            OpenVault { vault, kind: VaultKind::SealedFile }
        }
    })
}

/// Finds the store that the configuration, the person's earlier choice and the system give. `postgres` is the database that
/// the configuration names, if any.
pub(crate) async fn open(config: &Config, face: Face, postgres: Option<&Postgres>) -> Result<OpenVault, StartError> {
    if let (Some(source), VaultStore::Auto | VaultStore::Master) = (&config.vault.master, config.vault.store) {
        let open = wrapped(config, source.keys()?, postgres)?;
        // A wrong key is told here, before anything is made.
        open.vault.wrapping().await?;
        return Ok(open);
    }
    if let (Sessions::Redis(_), Database::Postgres(_)) = (&config.sessions, &config.database) {
        return Err(StartError::MasterKeyMissing);
    }
    let scope = scope(&config.data_dir)?;
    let key_file = || OpenVault { vault: Vault::key_file(&config.vault.key_file, scope.clone()), kind: VaultKind::KeyFile };
    let keychain = || keychain(config, face).map(|vault| OpenVault { vault, kind: VaultKind::Keychain });
    match config.vault.store {
        VaultStore::File => Ok(key_file()),
        VaultStore::Keychain => keychain(),
        VaultStore::Master => Err(StartError::MasterKeyMissing),
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
pub(crate) async fn existing_ledger_key(open: &OpenVault, config: &Config) -> Result<Key32, StartError> {
    open.vault.ledger_key().await?.ok_or_else(|| StartError::LedgerKeyMissing { place: open.kind.place(config) })
}

/// The ledger's key; made only when there is no ledger that another key might belong to.
pub(crate) async fn ledger_key(open: &OpenVault, config: &Config, has_ledger: bool) -> Result<Key32, StartError> {
    if let Some(key) = open.vault.ledger_key().await? {
        return Ok(key);
    }
    if has_ledger {
        return Err(StartError::LedgerKeyMissing { place: open.kind.place(config) });
    }
    match open.vault.create_ledger_key().await {
        // Another worker was first.
        Err(VaultError::AlreadyThere) => existing_ledger_key(open, config).await,
        made => Ok(made?),
    }
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
    Ok(vault.admin_key_or(&AdminKey::generate()?).await?)
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
    let servers = Servers::of_keys(config).await?;
    let open = open(config, Face::Headless, servers.postgres.as_ref()).await?;
    match open.vault.admin_key().await.map_err(StartError::from)? {
        Some(key) => Ok(key.expose().to_owned()),
        None => anyhow::bail!("there is no key yet; start the application once: whatisupd run"),
    }
}
