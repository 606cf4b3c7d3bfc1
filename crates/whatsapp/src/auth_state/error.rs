use domain::Cause;
use keyspace::KeyspaceError;
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
    #[error("another worker holds the channel")]
    Moved,
}

/// What only a store in Redis meets, within upstream's errors.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("another worker holds the channel")]
    Moved,
    #[error("the store is away: {0}")]
    Away(String),
    #[error("the key does not open what is in the store")]
    WrongKey,
}

impl Trouble {
    /// How a session ends that meets it.
    pub fn close(&self) -> Close {
        match self {
            Trouble::Moved => Close::Lost(Cause::Moving),
            Trouble::Away(_) => Close::Lost(Cause::StorageFailed),
            Trouble::WrongKey => Close::WrongKey,
        }
    }
}

/// The trouble behind an error, wherever upstream has wrapped it.
pub(crate) fn trouble<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Trouble> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(trouble) = error.downcast_ref::<Trouble>() {
            return Some(trouble);
        }
        next = error.source();
    }
    None
}

impl From<Trouble> for wacore::store::error::StoreError {
    fn from(trouble: Trouble) -> Self {
        wacore::store::error::StoreError::Database(Box::new(trouble))
    }
}

impl From<KeyspaceError> for Trouble {
    fn from(error: KeyspaceError) -> Self {
        match error {
            KeyspaceError::Fenced => Trouble::Moved,
            KeyspaceError::Unreachable(_)
            | KeyspaceError::Refused(_)
            | KeyspaceError::Unexpected(_)
            | KeyspaceError::Config(_) => Trouble::Away(error.to_string()),
        }
    }
}

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Moved => OpenError::Moved,
            Trouble::Away(what) => OpenError::Unwritable(what),
            Trouble::WrongKey => OpenError::WrongKey,
        }
    }
}

impl From<KeyspaceError> for OpenError {
    fn from(error: KeyspaceError) -> Self {
        Trouble::from(error).into()
    }
}

impl OpenError {
    /// Work on another thread panicked. Its words are left out: they may quote a key.
    pub fn broke_off(_: tokio::task::JoinError) -> Self {
        OpenError::Io("the work broke off".into())
    }

    pub fn close(&self) -> Close {
        match self {
            OpenError::Vault(trouble) => Close::Vault(*trouble),
            OpenError::WrongKey => Close::WrongKey,
            OpenError::Damaged(_) => Close::Damaged,
            OpenError::Io(_) => Close::Storage,
            // Room comes back by itself.
            OpenError::Unwritable(_) => Close::Lost(Cause::StorageFailed),
            OpenError::Moved => Close::Lost(Cause::Moving),
        }
    }

    /// What upstream's error is about, however it is wrapped.
    pub fn behind(error: &(dyn std::error::Error + 'static)) -> Self {
        match trouble(error) {
            Some(Trouble::Moved) => OpenError::Moved,
            Some(Trouble::Away(what)) => OpenError::Unwritable(what.clone()),
            Some(Trouble::WrongKey) => OpenError::WrongKey,
            None => OpenError::from_sqlite(crate::transport::chain(error)),
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
            VaultError::Damaged(_) | VaultError::WrongMasterKey { .. } => OpenError::WrongKey,
            // Comes back by itself, as room on a disk does.
            VaultError::Unreachable(_) => OpenError::Unwritable(error.to_string()),
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
        OpenError::behind(&error)
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Vault(trouble) => StoreError::Vault(trouble),
            OpenError::WrongKey => StoreError::WrongKey,
            OpenError::Damaged(what) => StoreError::Damaged(what),
            OpenError::Io(what) | OpenError::Unwritable(what) => StoreError::Io(what),
            OpenError::Moved => StoreError::Io(error.to_string()),
        }
    }
}
