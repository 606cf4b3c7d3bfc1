//! What becomes of a message after a try to send it. Pure: the courier acts on it.

use domain::{FailReason, MessageStatus, Timestamp};
use socket::SendError;
use std::time::Duration;

/// How soon a send that was not answered is tried again. The ones behind it wait: order is kept.
const RETRY: Duration = Duration::from_secs(5);
/// After so many tries on a living connection the message is given up, for the sake of those behind it.
const TRIES: u32 = 6;

/// What the socket made of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// On the wire; WhatsApp's word on it follows.
    Written,
    Refused(SendError),
}

/// What follows for the message and for those behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Go on with the next one; WhatsApp's word decides about this one.
    AwaitAck,
    /// It stays in its place and goes out, under the same id, on the next connection.
    WaitForConnection,
    /// Once more on this connection.
    Retry { at: Timestamp },
    /// It ends here; go on with the next one.
    End(FailReason),
}

/// `tries`: how often this message was tried on this connection, this time included.
pub(crate) fn next_step(outcome: &Outcome, tries: u32, now: Timestamp) -> Next {
    match outcome {
        Outcome::Written => Next::AwaitAck,
        Outcome::Refused(error) => match error {
            SendError::NotConnected => Next::WaitForConnection,
            SendError::TimedOut | SendError::NotNow(_) if tries >= TRIES => Next::End(FailReason::Internal),
            SendError::TimedOut | SendError::NotNow(_) => Next::Retry { at: now.plus(RETRY) },
            SendError::NoSuchRecipient => Next::End(FailReason::NoSuchRecipient),
            SendError::Rejected(_) => Next::End(FailReason::Internal),
        },
    }
}

/// What WhatsApp's word on a message makes of it.
pub(crate) fn acked(error: Option<u16>) -> MessageStatus {
    match error {
        None => MessageStatus::Sent,
        Some(code) => MessageStatus::Failed(FailReason::Refused(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_given_up_for_want_of_a_connection() {
        let now = Timestamp::from_secs(9);
        let refused = |e| next_step(&Outcome::Refused(e), 1, now);
        assert_eq!(next_step(&Outcome::Written, 1, now), Next::AwaitAck);
        assert_eq!(refused(SendError::NotConnected), Next::WaitForConnection);
        assert_eq!(refused(SendError::TimedOut), Next::Retry { at: Timestamp::from_secs(14) });
        assert_eq!(refused(SendError::NotNow("pairing")), Next::Retry { at: Timestamp::from_secs(14) });
        assert_eq!(refused(SendError::NoSuchRecipient), Next::End(FailReason::NoSuchRecipient));
        assert_eq!(refused(SendError::Rejected("x".into())), Next::End(FailReason::Internal));
    }

    #[test]
    fn one_message_does_not_hold_up_the_others_for_ever() {
        let timed_out = Outcome::Refused(SendError::TimedOut);
        assert_eq!(next_step(&timed_out, TRIES, Timestamp::EPOCH), Next::End(FailReason::Internal));
        assert_eq!(next_step(&Outcome::Refused(SendError::NotConnected), 1_000, Timestamp::EPOCH), Next::WaitForConnection);
    }

    #[test]
    fn a_nack_is_not_an_ack() {
        assert_eq!(acked(None), MessageStatus::Sent);
        assert_eq!(acked(Some(479)), MessageStatus::Failed(FailReason::Refused(479)));
    }
}
