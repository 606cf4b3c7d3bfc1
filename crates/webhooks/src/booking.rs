//! Writes an attempt down, and does not let go before it is written.

use crate::ground::{Ground, LEDGER_REST};
use ledger::{AttemptRecord, EndpointStatus, LedgerError};
use std::time::Duration;

pub(crate) struct Booking {
    pub record: AttemptRecord,
    /// What becomes of the endpoint with it.
    pub status: Option<EndpointStatus>,
    /// How long to wait beforehand.
    pub patience: Option<Duration>,
}

pub(crate) enum Outcome {
    Done,
    /// The ledger cannot be written for now (a full disk, say): once more, after a while.
    NotNow(Booking),
    /// There is nothing to write to.
    Unwanted,
    /// The ledger is closed, or the drain would not wait for it to work again.
    Closed,
}

pub(crate) async fn book(ground: &Ground, booking: Booking) -> Outcome {
    if let Some(span) = booking.patience {
        // At a drain: at once, and for the last time.
        ground.shutdown.run_until_cancelled(ground.config.clock.sleep(span)).await;
    }
    let last = ground.shutdown.is_cancelled();
    match ground.ledger.record_attempt(booking.record.clone(), booking.status).await {
        Ok(_) => Outcome::Done,
        Err(LedgerError::NoSuchEndpoint | LedgerError::NoSuchDelivery) => Outcome::Unwanted,
        Err(LedgerError::Closed) => Outcome::Closed,
        Err(
            error @ (LedgerError::Full
            | LedgerError::Damaged(_)
            | LedgerError::NoSuchChannel
            | LedgerError::AlreadyThere
            | LedgerError::QueueFull
            | LedgerError::EventPruned
            | LedgerError::Fenced
            | LedgerError::NoSuchApp
            | LedgerError::Changed
            | LedgerError::Io(_)),
        ) => {
            tracing::error!(delivery.id = %booking.record.delivery, %error, "what came of a delivery cannot be written down");
            if last { Outcome::Closed } else { Outcome::NotNow(Booking { patience: Some(LEDGER_REST), ..booking }) }
        }
    }
}
