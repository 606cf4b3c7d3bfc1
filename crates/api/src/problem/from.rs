//! What the other crates' errors become on the wire.

use super::{Code, FieldError, Problem};
use access::AskError;
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
            LedgerError::NoSuchApp => Problem::changed_meanwhile(),
            LedgerError::Changed => {
                Problem::new(Code::Conflict, "Somebody else has changed it meanwhile. Look at it again, then try again.")
            }
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

impl From<access::Error> for Problem {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::NoSuchApp => Problem::no_such("app"),
            access::Error::NoSuchKey => Problem::no_such("key"),
            access::Error::NoSuchRequest => Problem::no_such("request"),
            access::Error::Answered(_) => Problem::of(Code::RequestAnswered),
            access::Error::NotAPerson => Problem::of(Code::PersonOnly),
            access::Error::NotWithin => {
                Problem::invalid(vec![FieldError::at("/permits", "must be what was asked for, or less of it")])
            }
            access::Error::NothingAllowed => Problem::invalid(vec![FieldError::at("/permits", "must allow something")]),
            access::Error::KeyEnded => Problem::of(Code::KeyEnded),
            access::Error::ProgramTaken => Problem::of(Code::ProgramTaken),
            access::Error::TooMany { what, most } => {
                Problem::new(Code::Conflict, format!("There are {most} {what} already, which is the most there may be."))
            }
            access::Error::Changed => {
                Problem::new(Code::Conflict, "Somebody else changed the same just now. Look again, then try again.")
            }
            access::Error::NoRandomness(error) => Problem::unavailable(&error),
            access::Error::Ledger(error) => error.into(),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let wait = error.retry_after();
        let problem = match error {
            AskError::QueueFull { .. } => Problem::new(Code::AskedTooOften, "As many requests wait for an answer as may."),
            AskError::PeerBusy { .. } => Problem::new(
                Code::AskedTooOften,
                "This program has as many requests waiting as one may, or was turned away again and again.",
            ),
            AskError::TooFast { .. } => Problem::new(Code::AskedTooOften, "Too many requests came within a minute."),
            AskError::NothingAsked => Problem::invalid(vec![FieldError::at("/scopes", "must ask for something")]),
            AskError::Ledger(error) => error.into(),
            AskError::NoRandomness(error) => Problem::unavailable(&error),
        };
        match wait {
            Some(wait) => problem.after(wait),
            None => problem,
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
        "not_asking" => Code::NotAsking,
        "no_pairing_code" => Code::PairingCodeUnavailable,
        _ => Code::Conflict,
    }
}
