//! Why the application did not start, in words, with what may be done about it.

use engine::HeldBy;
use ledger::OpenError;
use std::path::PathBuf;
use vault::VaultError;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data directory {path} cannot be used: {source}")]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    DataDirHeld(#[from] HeldBy),
    #[error(
        "A restore broke off in {0} while files were moved. Nothing was deleted. Repeat it: whatisupd restore FILE --replace"
    )]
    RestoreUnderWay(PathBuf),
    #[error("{}", .0.sentence())]
    Vault(#[from] VaultError),
    #[error(
        "The key of the database is not in {place}. Nothing was changed. Restore the key that belongs to this data directory, \
         choose the key store that holds it, or start with an empty database."
    )]
    LedgerKeyMissing { place: String },
    #[error("{}", .0.sentence())]
    Ledger(#[from] OpenError),
    #[error("The database cannot be read or written: {0}.")]
    LedgerUse(#[from] ledger::LedgerError),
    #[error(transparent)]
    Engine(#[from] engine::StartError),
    #[error("{}", .0.sentence())]
    Api(#[from] api::BindError),
    #[error("{setting}: {message}")]
    WhatsApp { setting: &'static str, message: String },
    #[error("The embedded sandbox did not start: {0}.")]
    Sandbox(String),
}

/// What a person may choose when the application did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAction {
    TryAgain,
    UseKeyFile,
    /// Sets the damaged ledger aside and begins with an empty one.
    StartFresh,
}

impl StartError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            StartError::DataDir { .. } => "data_dir_unusable",
            StartError::DataDirHeld(_) => "data_dir_held",
            StartError::RestoreUnderWay(_) => "restore_under_way",
            StartError::Vault(error) => match error {
                VaultError::Locked | VaultError::TimedOut => "vault_locked",
                VaultError::Missing => "vault_missing",
                VaultError::Refused(_) => "vault_refused",
                VaultError::Damaged(_) | VaultError::AlreadyThere | VaultError::Io(_) => "vault_damaged",
            },
            StartError::LedgerKeyMissing { .. } => "ledger_key_missing",
            StartError::Ledger(error) => match error {
                OpenError::WrongKey => "ledger_wrong_key",
                OpenError::Damaged { .. } => "ledger_damaged",
                OpenError::NewerVersion { .. } => "ledger_newer",
                OpenError::DiskFull => "disk_full",
                OpenError::Unreachable(_) => "database_unreachable",
                OpenError::Io(_) => "ledger_unusable",
            },
            StartError::LedgerUse(_) => "ledger_unusable",
            StartError::Engine(_) => "engine_failed",
            StartError::Api(_) => "port_taken",
            StartError::WhatsApp { .. } => "whatsapp_setting",
            StartError::Sandbox(_) => "sandbox_failed",
        }
    }

    /// A headline; the error's own text is the detail.
    pub fn title(&self) -> &'static str {
        match self {
            StartError::DataDir { .. } => "The data directory cannot be used",
            StartError::DataDirHeld(_) => "WhatIsUp is already running",
            StartError::RestoreUnderWay(_) => "A restore was not finished",
            StartError::Vault(VaultError::Locked | VaultError::TimedOut) => "The keychain is locked",
            StartError::Vault(VaultError::Missing) => "There is no keychain",
            StartError::Vault(VaultError::Refused(_)) => "The keychain refused",
            StartError::Vault(VaultError::Damaged(_) | VaultError::AlreadyThere | VaultError::Io(_)) => {
                "The keys cannot be read"
            }
            StartError::LedgerKeyMissing { .. } => "The key of the database is missing",
            StartError::Ledger(OpenError::WrongKey) => "The key does not fit the database",
            StartError::Ledger(OpenError::Damaged { .. }) => "The database is damaged",
            StartError::Ledger(OpenError::NewerVersion { .. }) => "The database is from a newer version",
            StartError::Ledger(OpenError::DiskFull) => "The disk is full",
            StartError::Ledger(OpenError::Unreachable(_)) => "The database server cannot be reached",
            StartError::Ledger(OpenError::Io(_)) | StartError::LedgerUse(_) => "The database cannot be used",
            StartError::Engine(_) => "The channels could not be loaded",
            StartError::Api(_) => "The port of the local API is taken",
            StartError::WhatsApp { .. } => "A setting does not fit",
            StartError::Sandbox(_) => "The sandbox did not start",
        }
    }

    /// What helps, most likely first.
    pub fn actions(&self) -> Vec<StartAction> {
        use StartAction::{StartFresh, TryAgain, UseKeyFile};
        match self {
            StartError::Vault(VaultError::Missing | VaultError::Refused(_)) => vec![UseKeyFile, TryAgain],
            StartError::Ledger(OpenError::Damaged { .. }) => vec![TryAgain, StartFresh],
            StartError::LedgerKeyMissing { .. } | StartError::Ledger(OpenError::WrongKey) => vec![TryAgain, StartFresh],
            StartError::DataDir { .. }
            | StartError::DataDirHeld(_)
            | StartError::RestoreUnderWay(_)
            | StartError::Vault(
                VaultError::Locked
                | VaultError::TimedOut
                | VaultError::Damaged(_)
                | VaultError::AlreadyThere
                | VaultError::Io(_),
            )
            | StartError::Ledger(OpenError::NewerVersion { .. } | OpenError::DiskFull | OpenError::Unreachable(_) | OpenError::Io(_))
            | StartError::LedgerUse(_)
            | StartError::Engine(_)
            | StartError::Api(_)
            | StartError::WhatsApp { .. }
            | StartError::Sandbox(_) => vec![TryAgain],
        }
    }

    /// Whether waiting alone may help: somebody unlocks the keychain, or it starts later than we do.
    pub fn passes_by_itself(&self, keys_exist: bool) -> bool {
        match self {
            StartError::Vault(VaultError::Locked | VaultError::TimedOut) => true,
            // Nobody will start a keychain for an installation that never had keys in one.
            StartError::Vault(VaultError::Missing) => keys_exist,
            StartError::DataDir { .. }
            | StartError::DataDirHeld(_)
            | StartError::RestoreUnderWay(_)
            | StartError::Vault(
                VaultError::Refused(_) | VaultError::Damaged(_) | VaultError::AlreadyThere | VaultError::Io(_),
            )
            | StartError::LedgerKeyMissing { .. }
            | StartError::Ledger(_)
            | StartError::LedgerUse(_)
            | StartError::Engine(_)
            | StartError::Api(_)
            | StartError::WhatsApp { .. }
            | StartError::Sandbox(_) => false,
        }
    }
}
