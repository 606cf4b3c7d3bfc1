use domain::{Cause, Phone, Reason, Timestamp};

/// What the engine is to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Record the channel as it is now, with this event and a line of the timeline.
    Tell(News),
    /// Record the channel as it is now; nothing that the world needs to hear.
    Keep,
    /// Open the channel's one socket. [`crate::Input::Closed`] ends it.
    OpenSocket { pair_by_code: Option<Phone> },
    /// Close the socket in good order.
    CloseSocket,
    /// The socket did not close in time: let go of it, and let nothing of it through any more.
    AbandonSocket,
    /// Tell WhatsApp that this device leaves; answer with [`crate::Input::LogoutTold`].
    LogoutSocket,
    /// Ask the pairing socket for a code; a failure is [`crate::Input::PairingCodeRefused`].
    AskPairingCode(Phone),
    /// Destroy the auth-state; answer with [`crate::Input::Shredded`] or [`crate::Input::ShredFailed`].
    Shred,
    /// The session is over: what waits in the outbox cannot leave any more.
    FailOutbox,
    /// Delete the channel's row. Nothing follows.
    Forget,
}

/// What the world hears of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Pairing,
    Connected,
    Reconnecting(Cause),
    Disconnected(Reason),
    Stuck,
    /// It comes up again each time and does not stay up. Told once per loop, after the loss that made it one.
    Flapping,
    /// All is well again: connected after having been stuck since then, or connected for a while after a loop that began
    /// then. While it is flapping, a channel that was stuck besides has not recovered by being connected. One that
    /// becomes anything else is told by that state's own event.
    Recovered {
        stuck_since: Timestamp,
    },
}
