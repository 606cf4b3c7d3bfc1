use crate::secret::NoRandomness;
use domain::{RequestState, Timestamp};
use ledger::LedgerError;

/// Why a key opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such key")]
    Unknown,
    #[error("the key has expired")]
    Expired { at: Timestamp },
    #[error("the key was revoked")]
    Revoked,
    #[error("the app of this key is disabled")]
    Disabled,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("no such app")]
    NoSuchApp,
    #[error("no such key")]
    NoSuchKey,
    /// Or the token is another one's.
    #[error("no such request")]
    NoSuchRequest,
    /// It does not wait for an answer any more.
    #[error("the request is {} already", .0.as_str())]
    Answered(RequestState),
    /// What an app may do comes from a person.
    #[error("only a person can do that")]
    NotAPerson,
    /// An answer gives what was asked for, or less of it, but something.
    #[error("that is not a part of what was asked for")]
    NotWithin,
    #[error("an app has to be allowed something")]
    NothingAllowed,
    /// It was revoked or has expired.
    #[error("the key opens nothing any more")]
    KeyEnded,
    #[error("another app lets this program in")]
    ProgramTaken,
    #[error("there can be at most {most} {what}")]
    TooMany { what: &'static str, most: usize },
    /// Somebody else changed the same, again and again.
    #[error("it was changed by somebody else at the same time")]
    Changed,
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    #[error(transparent)]
    Ledger(LedgerError),
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoSuchApp => Error::NoSuchApp,
            LedgerError::Changed => Error::Changed,
            error @ (LedgerError::Full
            | LedgerError::Damaged(_)
            | LedgerError::Closed
            | LedgerError::NoSuchChannel
            | LedgerError::AlreadyThere
            | LedgerError::QueueFull
            | LedgerError::NoSuchEndpoint
            | LedgerError::NoSuchDelivery
            | LedgerError::EventPruned
            | LedgerError::Fenced
            | LedgerError::Io(_)) => Error::Ledger(error),
        }
    }
}
