use std::path::PathBuf;

/// Why the ledger did not open. Nothing was changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the key does not open the ledger")]
    WrongKey,
    /// `kept_copy` is a copy of the damaged file as it was found; `None` when there was nothing to copy or no room.
    #[error("the ledger is damaged: {detail}")]
    Damaged { kept_copy: Option<PathBuf>, detail: String },
    #[error("the ledger was written by a newer version (schema {found}, this one knows {known})")]
    NewerVersion { found: i64, known: i64 },
    #[error("no room on the disk for the ledger")]
    DiskFull,
    /// It may come back, or come up: waiting helps.
    #[error("the database server cannot be reached: {0}")]
    Unreachable(String),
    /// It is there, and waiting does not help: the password, the database's name, what the user may do.
    #[error("the database server refuses: {0}")]
    Refused(String),
    #[error("the ledger cannot be opened: {0}")]
    Io(String),
}

impl OpenError {
    /// What happened and what to do, for a person.
    pub fn sentence(&self) -> String {
        match self {
            OpenError::WrongKey => "The key in the keychain (or key file) does not open the database. Nothing was changed. Restore the key that belongs to this data directory, or choose another directory.".into(),
            OpenError::Damaged { kept_copy: Some(copy), detail } => format!(
                "The database is damaged ({detail}). Nothing was deleted, and a copy was kept at {}. Restore ledger.db from a backup, or start with an empty one: channels have to be paired again then.",
                copy.display()
            ),
            OpenError::Damaged { kept_copy: None, detail } => format!(
                "The database is damaged ({detail}). Nothing was deleted. Restore ledger.db from a backup, or start with an empty one: channels have to be paired again then."
            ),
            OpenError::NewerVersion { .. } => "The database was written by a newer version of WhatIsUp. Install that version again, or restore a backup made with this one.".into(),
            OpenError::DiskFull => "The disk is full, so the database cannot be opened. Free some space and start again.".into(),
            OpenError::Unreachable(why) => format!("The database server cannot be reached: {why}. WhatIsUp goes on by itself when it can; check its address (database) and whether it runs."),
            OpenError::Refused(why) => format!("The database server refuses: {why}. Nothing was changed. Check user, password and name of the database (database, postgres.password_file), and what the user may do there."),
            OpenError::Io(why) => format!("The database cannot be opened: {why}. Check the permissions of the data directory."),
        }
    }
}

/// Why something was not written or read. A failed write left nothing behind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Later writes succeed again when there is room.
    #[error("no room on the disk")]
    Full,
    #[error("the ledger is damaged: {0}")]
    Damaged(String),
    /// The process is shutting down.
    #[error("the ledger is closed")]
    Closed,
    #[error("no such channel")]
    NoSuchChannel,
    #[error("an entry of this id exists already")]
    AlreadyThere,
    /// The channel's outbox holds as many messages as it may.
    #[error("the outbox is full")]
    QueueFull,
    #[error("no such webhook")]
    NoSuchEndpoint,
    #[error("no such delivery")]
    NoSuchDelivery,
    /// What it told is gone from the log by retention.
    #[error("the event is no longer in the log")]
    EventPruned,
    /// Another worker holds the channel now.
    #[error("another worker holds the channel")]
    Fenced,
    #[error("no such app")]
    NoSuchApp,
    /// It is not as whoever wanted to change it had seen it.
    #[error("somebody else has changed it meanwhile")]
    Changed,
    #[error("the ledger cannot be read or written: {0}")]
    Io(String),
}

impl LedgerError {
    /// Whether it speaks of one row, and the ledger as a whole is well.
    pub(crate) fn is_about_one_row(&self) -> bool {
        match self {
            LedgerError::NoSuchChannel
            | LedgerError::AlreadyThere
            | LedgerError::QueueFull
            | LedgerError::NoSuchEndpoint
            | LedgerError::NoSuchDelivery
            | LedgerError::EventPruned
            | LedgerError::Fenced
            | LedgerError::NoSuchApp
            | LedgerError::Changed => true,
            LedgerError::Full | LedgerError::Damaged(_) | LedgerError::Closed | LedgerError::Io(_) => false,
        }
    }
}
