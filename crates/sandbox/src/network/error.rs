//! Why the network refuses what its callers ask.

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    #[error("{0:?} is not a phone number of digits only")]
    BadNumber(String),
    #[error("an account with this number exists already")]
    AccountExists,
    #[error("no such account")]
    NoAccount,
    #[error("no such device")]
    NoDevice,
    #[error("the primary device cannot be unlinked")]
    Primary,
    #[error("the device is not connected")]
    NotConnected,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    #[error("no connection is waiting with this pairing reference; it may have expired")]
    UnknownReference,
    #[error("no such account")]
    NoAccount,
    #[error("an account can have four companions at most")]
    TooManyDevices,
    #[error("the companion refused the pairing: {code} {text}")]
    Refused { code: u16, text: String },
    #[error("the companion's answer was malformed: {0}")]
    Malformed(&'static str),
    #[error("the companion went away before it had answered")]
    Gone,
}
