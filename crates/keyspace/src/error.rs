use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why Redis did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyspaceError {
    /// Nothing answers, or not in time. What was asked may have been done all the same, if it got as far as that.
    #[error("redis is not to be reached: {0}")]
    Unreachable(String),
    /// Another worker holds the channel now. Nothing was done.
    #[error("another worker holds the channel")]
    Fenced,
    /// Redis is there and does not want to: the password, what the user may do, memory, the disk. Nothing was done.
    #[error("redis refuses: {0}")]
    Refused(String),
    /// Something is there that is not ours, or not as we would have written it.
    #[error("redis answered something else than expected: {0}")]
    Unexpected(String),
    #[error("{0}")]
    Config(String),
}

impl KeyspaceError {
    /// The code of an error reply by which a script says that the caller does not hold the channel.
    pub const FENCED: &'static str = "FENCED";
}

/// What to do about a command that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// It did not run: send it again.
    Again,
    /// It did not run, because the connection leads to the wrong place or nowhere: connect anew, send it again.
    Elsewhere,
    /// The connection is gone, and nobody knows whether it ran.
    Unknown,
    None,
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the library's enums are open")]
pub(crate) fn remedy(error: &RedisError) -> Remedy {
    match error.kind() {
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ClusterDown,
        )
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::ClusterConnectionNotFound => Remedy::Elsewhere,
        ErrorKind::Server(ServerErrorKind::TryAgain | ServerErrorKind::Moved | ServerErrorKind::Ask) => Remedy::Again,
        ErrorKind::Io if error.is_connection_refusal() => Remedy::Elsewhere,
        ErrorKind::Io | ErrorKind::Parse => Remedy::Unknown,
        // After an error like this the server may not listen to us any more.
        _ if error.code() == Some("NOAUTH") => Remedy::Elsewhere,
        _ => Remedy::None,
    }
}

impl From<RedisError> for KeyspaceError {
    #[allow(clippy::wildcard_enum_match_arm, reason = "the library's enums are open")]
    fn from(error: RedisError) -> Self {
        if error.code() == Some(KeyspaceError::FENCED) {
            return KeyspaceError::Fenced;
        }
        let text = error.to_string();
        match error.kind() {
            ErrorKind::Io
            | ErrorKind::Parse
            | ErrorKind::MasterNameNotFoundBySentinel
            | ErrorKind::NoValidReplicasFoundBySentinel
            | ErrorKind::ClusterConnectionNotFound
            | ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain
                | ServerErrorKind::Moved
                | ServerErrorKind::Ask,
            ) => KeyspaceError::Unreachable(text),
            ErrorKind::UnexpectedReturnType => KeyspaceError::Unexpected(text),
            ErrorKind::InvalidClientConfig | ErrorKind::EmptySentinelList | ErrorKind::Client => KeyspaceError::Config(text),
            _ if error.code() == Some("WRONGTYPE") => KeyspaceError::Unexpected(text),
            _ => KeyspaceError::Refused(text),
        }
    }
}
