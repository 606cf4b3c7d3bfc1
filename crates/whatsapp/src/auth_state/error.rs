use domain::Cause;
use socket::{Close, StoreError, VaultTrouble};
use std::io;
use vault::VaultError;

/// Why a channel's auth-state is not at hand. Nothing was wiped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the vault cannot give the key: {0:?}")]
    Vault(VaultTrouble),
    #[error("the key does not open the auth-state")]
    WrongKey,
    #[error("the auth-state is damaged: {0}")]
    Damaged(String),
    #[error("the auth-state cannot be read or written: {0}")]
    Io(String),
    #[error("the auth-state is there, but nothing can be written to it now: {0}")]
    Unwritable(String),
}

impl OpenError {
    pub fn close(&self) -> Close {
        match self {
            OpenError::Vault(trouble) => Close::Vault(*trouble),
            OpenError::WrongKey => Close::WrongKey,
            OpenError::Damaged(_) => Close::Damaged,
            OpenError::Io(_) => Close::Storage,
            // Room comes back by itself.
            OpenError::Unwritable(_) => Close::Lost(Cause::StorageFailed),
        }
    }

    /// From SQLite's own words; it has no other way to say it through diesel.
    pub fn from_sqlite(text: String) -> Self {
        if text.contains("file is not a database") {
            OpenError::WrongKey
        } else if text.contains("malformed") || text.contains("no such table") {
            OpenError::Damaged(text)
        } else {
            OpenError::Io(text)
        }
    }
}

impl From<VaultError> for OpenError {
    fn from(error: VaultError) -> Self {
        match error {
            // A prompt that nobody has answered yet.
            VaultError::Locked | VaultError::TimedOut => OpenError::Vault(VaultTrouble::Locked),
            VaultError::Missing => OpenError::Vault(VaultTrouble::Missing),
            VaultError::Refused(_) => OpenError::Vault(VaultTrouble::Refused),
            VaultError::Damaged(_) => OpenError::WrongKey,
            VaultError::AlreadyThere | VaultError::Io(_) => OpenError::Io(error.to_string()),
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::Io(error.to_string())
    }
}

impl From<wacore::store::error::StoreError> for OpenError {
    fn from(error: wacore::store::error::StoreError) -> Self {
        OpenError::from_sqlite(crate::transport::chain(&error))
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Vault(trouble) => StoreError::Vault(trouble),
            OpenError::WrongKey => StoreError::WrongKey,
            OpenError::Damaged(what) => StoreError::Damaged(what),
            OpenError::Io(what) | OpenError::Unwritable(what) => StoreError::Io(what),
        }
    }
}
