//! What the other crates' errors become on the wire.

use super::{Code, Problem};
use engine::CommandError;
use ledger::LedgerError;

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoSuchChannel => Problem::no_such("channel"),
            LedgerError::Closed => Problem::of(Code::ShuttingDown),
            LedgerError::Full => {
                tracing::error!(%error, "a request could not be carried out");
                Problem::of(Code::DiskFull)
            }
            LedgerError::Io(_) => Problem::unavailable(&error),
            LedgerError::NoSuchEndpoint => Problem::no_such("webhook"),
            LedgerError::NoSuchDelivery => Problem::no_such("delivery"),
            LedgerError::QueueFull => Problem::of(Code::QueueFull),
            LedgerError::NoSuchApp => Problem::no_such("app"),
            LedgerError::Changed => Problem::new(Code::Conflict, "Somebody else has changed it meanwhile. Look at it again, then try again."),
            LedgerError::EventPruned => Problem::of(Code::EventGone),
            LedgerError::Damaged(_) | LedgerError::AlreadyThere | LedgerError::Fenced => Problem::internal(&error),
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::NotFound => Problem::no_such("channel"),
            CommandError::Conflict { code, sentence } => Problem::new(conflict(code), sentence),
            CommandError::QueueFull => Problem::of(Code::QueueFull),
            CommandError::IdempotencyOtherBody => Problem::of(Code::IdempotencyKeyReused),
            CommandError::Storage(error) => error.into(),
            CommandError::NoHolder => Problem::of(Code::NoWorker),
            CommandError::ShuttingDown => Problem::of(Code::ShuttingDown),
        }
    }
}

fn conflict(code: &str) -> Code {
    match code {
        "already_paired" => Code::AlreadyPaired,
        "not_paired" => Code::NotPaired,
        "being_deleted" => Code::BeingDeleted,
        "deletion_pending" => Code::DeletionPending,
        "pairing_ended" => Code::PairingEnded,
        "not_cancellable" => Code::NotCancellable,
        "not_failed" => Code::NotFailed,
        "no_pairing_code" => Code::PairingCodeUnavailable,
        _ => Code::Conflict,
    }
}
