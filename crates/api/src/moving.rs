//! The port through which a session leaves in a file and comes in from one; the application fills it.

use crate::problem::{Code, FieldError, Problem};
use async_trait::async_trait;
use domain::{ChannelId, ChannelView, Identity};
use secrecy::SecretString;
use std::collections::BTreeMap;
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

    /// The session of a channel at rest as the files that Baileys has in its directory. Waits for the end of its socket.
    async fn write_baileys(&self, channel: &ChannelView) -> Result<Directory, MovingError>;

    /// Reads the files of such a directory, by name; nothing is kept of them yet.
    async fn read_baileys(&self, files: BTreeMap<String, SecretString>) -> Result<Box<dyn Session>, MovingError>;
}

/// What Baileys keeps a session in, and what of the session stays behind.
pub struct Directory {
    pub files: BTreeMap<String, SecretString>,
    pub notes: Vec<String>,
}

/// A session out of a file.
#[async_trait]
pub trait Session: Send + Sync {
    /// What its channel was called.
    fn name(&self) -> &str;

    fn identity(&self) -> Identity;

    /// What stays behind where it comes from, a line each.
    fn notes(&self) -> &[String] {
        &[]
    }

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
    /// With the name of the file and what to do.
    #[error("{says}")]
    Baileys { file: String, says: String },
    #[error("there is no session to move")]
    NothingThere,
    /// The store, or the keys, are not to be had; the text is for the log.
    #[error("{0}")]
    Store(String),
}

impl From<MovingError> for Problem {
    fn from(error: MovingError) -> Self {
        match error {
            MovingError::PassphraseTooShort { .. } => Problem::invalid(vec![FieldError::at("/passphrase", format!("{error}"))]),
            MovingError::NotAnExport => Problem::of(Code::NotAnExport),
            MovingError::WrongPassphrase => Problem::of(Code::WrongPassphrase),
            MovingError::Damaged => Problem::of(Code::ExportDamaged),
            MovingError::Newer { found } => Problem::new(
                Code::ExportNewer,
                format!("The file has format {found}, which a later version of WhatIsUp has written. Update this one first."),
            ),
            MovingError::TooCostly => Problem::of(Code::ExportTooCostly),
            MovingError::Baileys { file, says } => {
                let file = file.replace('~', "~0").replace('/', "~1");
                Problem::invalid(vec![FieldError::at(format!("/baileys/files/{file}"), says)])
            }
            MovingError::NothingThere => Problem::of(Code::NotPaired),
            MovingError::Store(_) => Problem::unavailable(&error),
        }
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("files", &self.files.len()).field("notes", &self.notes).finish()
    }
}

impl fmt::Debug for dyn Movers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Movers")
    }
}
