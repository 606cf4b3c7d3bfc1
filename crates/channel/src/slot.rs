use domain::Timestamp;
use std::time::Duration;

/// Longest time from opening a socket to being logged in (a pairing socket: to its handshake).
pub const OPEN_DEADLINE: Duration = Duration::from_secs(60);
/// Longest time that a socket may take to close in good order.
pub const CLOSE_DEADLINE: Duration = Duration::from_secs(5);
/// Longest time for telling WhatsApp about a logout.
pub const LOGOUT_DEADLINE: Duration = Duration::from_secs(10);

/// The place for a channel's one socket. A new one is opened only into an empty slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Empty,
    Opening {
        by: Timestamp,
    },
    /// The encrypted connection stands. `by`: when login must be done; pairing has its own deadlines.
    Handshaken {
        by: Option<Timestamp>,
    },
    /// Logged in.
    Ready,
    /// WhatsApp is being told of a logout.
    Leaving {
        by: Timestamp,
    },
    Closing {
        by: Timestamp,
    },
}

/// A slot without its deadlines, for tests and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    Empty,
    Opening,
    Handshaken,
    Ready,
    Leaving,
    Closing,
}

impl Slot {
    pub(crate) fn kind(self) -> SlotKind {
        match self {
            Slot::Empty => SlotKind::Empty,
            Slot::Opening { .. } => SlotKind::Opening,
            Slot::Handshaken { .. } => SlotKind::Handshaken,
            Slot::Ready => SlotKind::Ready,
            Slot::Leaving { .. } => SlotKind::Leaving,
            Slot::Closing { .. } => SlotKind::Closing,
        }
    }

    /// Whether what this socket says still counts (its end always does).
    pub(crate) fn is_heard(self) -> bool {
        match self {
            Slot::Opening { .. } | Slot::Handshaken { .. } | Slot::Ready => true,
            Slot::Empty | Slot::Leaving { .. } | Slot::Closing { .. } => false,
        }
    }

    /// An attempt that is not logged in yet.
    pub(crate) fn is_attempt(self) -> bool {
        match self {
            Slot::Opening { .. } | Slot::Handshaken { .. } => true,
            Slot::Empty | Slot::Ready | Slot::Leaving { .. } | Slot::Closing { .. } => false,
        }
    }

    pub(crate) fn deadline(self) -> Option<Timestamp> {
        match self {
            Slot::Opening { by } | Slot::Leaving { by } | Slot::Closing { by } => Some(by),
            Slot::Handshaken { by } => by,
            Slot::Empty | Slot::Ready => None,
        }
    }
}
