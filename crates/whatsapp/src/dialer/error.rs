use domain::Cause;
use std::io;

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[cfg(feature = "sandbox")]
    #[error("{0} is not a loopback address, and a sandbox build dials nothing else")]
    NotLoopback(String),
    #[error("the name {host} cannot be resolved")]
    Resolve { host: String, source: io::Error },
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    #[error("no connection within the deadline")]
    TimedOut,
    #[error("the proxy failed: {0}")]
    Proxy(String),
    #[error("no secure connection")]
    Tls(#[source] io::Error),
    #[error("the other side opened the connection and then said nothing")]
    NoAnswer,
}

impl DialError {
    /// The same trouble, met on the way to the proxy.
    pub fn at_proxy(self) -> Self {
        match self {
            #[cfg(feature = "sandbox")]
            DialError::NotLoopback(_) => self,
            // The machine's own lack of a network is no fault of the proxy.
            DialError::Connect(ref e) if offline(e) => self,
            DialError::Resolve { .. }
            | DialError::Connect(_)
            | DialError::TimedOut
            | DialError::Tls(_)
            | DialError::NoAnswer => DialError::Proxy(self.to_string()),
            DialError::Proxy(_) => self,
        }
    }

    pub fn cause(&self) -> Cause {
        match self {
            #[cfg(feature = "sandbox")]
            DialError::NotLoopback(_) => Cause::Unreachable,
            DialError::Connect(e) if offline(e) => Cause::Offline,
            DialError::Resolve { .. } | DialError::Connect(_) | DialError::TimedOut => Cause::Unreachable,
            DialError::Proxy(_) => Cause::ProxyFailed,
            DialError::Tls(_) => Cause::HandshakeFailed,
            DialError::NoAnswer => Cause::NoAnswer,
        }
    }
}

fn offline(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown)
}
