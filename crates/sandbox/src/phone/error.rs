//! What a simulated phone cannot do, in words for the person or program that asked.

use wacore_libsignal::protocol::{CurveError, SignalProtocolError};

/// Why a phone refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    #[error("no phone has the number {0}")]
    NoSuchPhone(String),
    #[error("a phone with the number {0} exists already")]
    NumberTaken(String),
    #[error("{0} is not a phone number: 7 to 15 digits, country code first")]
    BadNumber(String),
    #[error("that is not the text of a linking QR code")]
    UnreadableQr,
    #[error("a linking code has eight letters and digits")]
    UnreadableCode,
    #[error("the code does not match the one that the companion shows")]
    WrongCode,
    #[error("nobody has asked to be linked to this phone by code")]
    NoCodeRequested,
    #[error("the companion did not complete the linking: {0}")]
    Pairing(String),
    #[error("the phone is offline")]
    Offline,
    #[error("the phone has no message with the id {0}")]
    NoSuchMessage(String),
    #[error("the phone has no linked device {0}")]
    NoSuchDevice(String),
    #[error("{0} has no WhatsApp account here")]
    NoSuchAccount(String),
    #[error("a text must not be empty")]
    EmptyText,
    #[error("the network refused: {0}")]
    Refused(String),
    #[error("the network did not answer in time")]
    Timeout,
    #[error("nothing of the kind happened within {0:?}")]
    Deadline(std::time::Duration),
    #[error("signal protocol: {0}")]
    Signal(#[from] SignalProtocolError),
    #[error("key: {0}")]
    Key(#[from] CurveError),
    #[error("protocol: {0}")]
    Protocol(String),
    #[error("the phone has been taken away")]
    Gone,
}
