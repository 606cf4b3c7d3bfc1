//! The port through which a session leaves in a file and comes in from one; the application fills it.

use crate::problem::{Code, FieldError, Problem};
use async_trait::async_trait;
use domain::{ChannelId, ChannelView, Identity};
use secrecy::SecretString;
use std::fmt;

/// Packs sessions into sealed files and unpacks them. What is done with the channels meanwhile is the routes' affair.
#[async_trait]
pub trait Movers: Send + Sync {
    /// Whether the passphrase is one to seal with.
    fn check(&self, passphrase: &SecretString) -> Result<(), MovingError>;

    /// Everything that makes the session of a channel at rest, sealed with the passphrase. Waits for the end of its socket.
    async fn pack(&self, channel: &ChannelView, passphrase: SecretString) -> Result<Vec<u8>, MovingError>;

    /// Opens a file; nothing is kept of it yet.
    async fn unpack(&self, file: Vec<u8>, passphrase: SecretString) -> Result<Box<dyn Session>, MovingError>;
}

/// A session out of a file.
#[async_trait]
pub trait Session: Send + Sync {
    /// What its channel was called.
    fn name(&self) -> &str;

    fn identity(&self) -> Identity;

    /// Puts it into the store, for a channel that has none. With an error nothing is there.
    async fn install(&self, channel: ChannelId) -> Result<(), MovingError>;

    /// Takes out again what was installed.
    async fn withdraw(&self, channel: ChannelId);
}

/// Why a session was not moved. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MovingError {
    #[error("the passphrase must have at least {least} characters")]
    PassphraseTooShort { least: usize },
    #[error("this is not an export of WhatIsUp")]
    NotAnExport,
    #[error("the passphrase does not open this file")]
    WrongPassphrase,
    #[error("the file is damaged or was cut short")]
    Damaged,
    #[error("the file has format {found}, which a later version of WhatIsUp has written")]
    Newer { found: u32 },
    #[error("opening the file would take far too long")]
    TooCostly,
    #[error("there is no session to move")]
    NothingThere,
    /// The store, or the keys, are not to be had; the text is for the log.
    #[error("{0}")]
    Store(String),
}

impl From<MovingError> for Problem {
    fn from(error: MovingError) -> Self {
        match error {
            MovingError::PassphraseTooShort { .. } => {
                Problem::invalid(vec![FieldError::at("/passphrase", format!("{error}"))])
            }
            MovingError::NotAnExport => Problem::of(Code::NotAnExport),
            MovingError::WrongPassphrase => Problem::of(Code::WrongPassphrase),
            MovingError::Damaged => Problem::of(Code::ExportDamaged),
            MovingError::Newer { found } => Problem::new(
                Code::ExportNewer,
                format!("The file has format {found}, which a later version of WhatIsUp has written. Update this one first."),
            ),
            MovingError::TooCostly => Problem::of(Code::ExportTooCostly),
            MovingError::NothingThere => Problem::of(Code::NotPaired),
            MovingError::Store(_) => Problem::unavailable(&error),
        }
    }
}

impl fmt::Debug for dyn Movers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Movers")
    }
}
