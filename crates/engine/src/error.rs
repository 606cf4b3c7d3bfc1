use channel::Refusal;
use ledger::LedgerError;

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the channels cannot be read: {0}")]
    Ledger(#[from] LedgerError),
}

/// Why a command was not carried out. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("no such channel")]
    NotFound,
    /// It makes no sense in the present state. `code` is for programs, `sentence` for people.
    #[error("{sentence}")]
    Conflict { code: &'static str, sentence: &'static str },
    /// Too many messages wait in the channel's outbox; some have to leave first.
    #[error("the channel's outbox is full")]
    QueueFull,
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request")]
    IdempotencyOtherBody,
    /// No worker holds the channel, or the one that did lost it before it could answer. When it was on its way by then it may
    /// have been carried out all the same.
    #[error("no worker holds the channel")]
    NoHolder,
    #[error(transparent)]
    Storage(#[from] LedgerError),
    #[error("the application is shutting down")]
    ShuttingDown,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AlreadyPaired => CommandError::Conflict {
                code: "already_paired",
                sentence: "This channel is linked already. Log it out first to link it anew.",
            },
            Refusal::Leaving => CommandError::Conflict { code: "being_deleted", sentence: "This channel is being deleted." },
        }
    }
}
