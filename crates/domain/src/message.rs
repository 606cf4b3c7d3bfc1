use crate::{Amended, ChannelId, ChatId, MessageId, OutboxNote, Person, Timestamp};
use std::fmt;

/// What a message says. More kinds join as they are modelled; until then they arrive as `Unsupported`,
/// never dropped.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Text {
        text: String,
    },
    /// An inbound kind not modelled yet, by WhatsApp's own name for it (`imageMessage`, …).
    Unsupported {
        kind: String,
    },
    /// It arrived, but no key of ours opens it; the protocol asks the sender again.
    Undecryptable,
    /// A reaction to the message with this WhatsApp id; an empty emoji takes the sender's reaction back.
    Reaction {
        target: String,
        emoji: String,
    },
    /// The sender's new text for the message with this WhatsApp id.
    Edit {
        target: String,
        text: String,
    },
    /// The message with this WhatsApp id is taken back for everyone.
    Revoke {
        target: String,
    },
}

impl Content {
    pub fn kind(&self) -> &'static str {
        match self {
            Content::Text { .. } => "text",
            Content::Unsupported { .. } => "unsupported",
            Content::Undecryptable => "undecryptable",
            Content::Reaction { .. } => "reaction",
            Content::Edit { .. } => "edit",
            Content::Revoke { .. } => "revoke",
        }
    }

    /// The WhatsApp id of the message that this one is about, for those that amend another.
    pub fn target(&self) -> Option<&str> {
        match self {
            Content::Reaction { target, .. } | Content::Edit { target, .. } | Content::Revoke { target } => Some(target),
            Content::Text { .. } | Content::Unsupported { .. } | Content::Undecryptable => None,
        }
    }
}

// What people write to each other has no place in a log.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({})", self.kind())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    Inbound,
    Outbound,
}

/// Why a send came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailReason {
    /// WhatsApp refused it with this nack code.
    Refused(u16),
    /// The number has no WhatsApp account.
    NoSuchRecipient,
    /// The channel's session ended for good before it could leave.
    SessionEnded,
    /// It could not be encrypted or written; the log has the cause.
    Internal,
    /// WhatsApp did not answer, after several tries.
    NoAnswer,
}

impl FailReason {
    /// The stable word that the API and the events use.
    pub fn as_str(&self) -> &'static str {
        match self {
            FailReason::Refused(_) => "refused",
            FailReason::NoSuchRecipient => "no_such_recipient",
            FailReason::SessionEnded => "session_ended",
            FailReason::Internal => "internal",
            FailReason::NoAnswer => "no_answer",
        }
    }

    /// WhatsApp's nack code, when it refused.
    pub fn code(&self) -> Option<u16> {
        match self {
            FailReason::Refused(code) => Some(*code),
            FailReason::NoSuchRecipient | FailReason::SessionEnded | FailReason::Internal | FailReason::NoAnswer => None,
        }
    }

    pub fn sentence(&self) -> &'static str {
        match self {
            FailReason::NoAnswer => "WhatsApp did not answer, though the message was sent several times.",
            FailReason::Refused(_) => "WhatsApp refused the message.",
            FailReason::NoSuchRecipient => "This number is not on WhatsApp.",
            FailReason::SessionEnded => "The channel was unlinked before the message could leave. Pair it again and send anew.",
            FailReason::Internal => "The message could not be prepared. The log says why.",
        }
    }
}

/// The life of an outbound message; an inbound one is `Received`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    Received,
    /// An app proposes it: it waits for a person, and nothing of it has left. Then queued, denied, cancelled or expired.
    Asking,
    Queued,
    Sending,
    Sent,
    Delivered,
    Read,
    Played,
    /// Wedged: it waits for a person, who has it tried anew or discards it.
    Failed(FailReason),
    /// Taken out of the outbox before it left, or discarded after it had failed.
    Cancelled,
    /// It was still queued at its `expires_at`, or nobody had answered for it in time.
    Expired,
    /// A person was asked and said no. Final.
    Denied,
}

impl MessageStatus {
    pub fn as_str(&self) -> &'static str {
        match self {
            MessageStatus::Received => "received",
            MessageStatus::Asking => "asking",
            MessageStatus::Queued => "queued",
            MessageStatus::Sending => "sending",
            MessageStatus::Sent => "sent",
            MessageStatus::Delivered => "delivered",
            MessageStatus::Read => "read",
            MessageStatus::Played => "played",
            MessageStatus::Failed(_) => "failed",
            MessageStatus::Cancelled => "cancelled",
            MessageStatus::Expired => "expired",
            MessageStatus::Denied => "denied",
        }
    }

    /// Receipts arrive in any order; a later stage is never undone by an earlier one.
    pub fn rank(&self) -> u8 {
        match self {
            MessageStatus::Received => 0,
            MessageStatus::Asking => 1,
            MessageStatus::Queued => 2,
            MessageStatus::Sending => 3,
            MessageStatus::Sent => 4,
            MessageStatus::Delivered => 5,
            MessageStatus::Read => 6,
            MessageStatus::Played => 7,
            MessageStatus::Failed(_) => 8,
            MessageStatus::Cancelled => 9,
            MessageStatus::Expired => 10,
            MessageStatus::Denied => 11,
        }
    }

    /// Whether what is now told of a message brings it forward. A later stage is never undone by an earlier one; what a
    /// recipient's device has confirmed cannot fail any more; and WhatsApp's word that it has the message holds against
    /// our conclusion that it failed, was cancelled or expired (a try whose answer was lost had arrived after all). What
    /// waits for a person leaves only through that person's word: nothing that is told from outside brings it forward.
    pub fn leads_to(&self, to: &MessageStatus) -> bool {
        match to {
            MessageStatus::Received | MessageStatus::Asking => false,
            MessageStatus::Queued => self.rank() < to.rank(),
            MessageStatus::Sending => *self != MessageStatus::Asking && self.rank() < to.rank(),
            MessageStatus::Sent | MessageStatus::Delivered | MessageStatus::Read | MessageStatus::Played => {
                *self != MessageStatus::Asking && (self.is_given_up() || self.rank() < to.rank())
            }
            MessageStatus::Failed(_) => self.rank() <= MessageStatus::Sent.rank(),
            MessageStatus::Cancelled => {
                matches!(self, MessageStatus::Asking | MessageStatus::Queued | MessageStatus::Failed(_))
            }
            MessageStatus::Expired => matches!(self, MessageStatus::Asking | MessageStatus::Queued),
            MessageStatus::Denied => *self == MessageStatus::Asking,
        }
    }

    /// Whether we have stopped trying without WhatsApp's word.
    fn is_given_up(&self) -> bool {
        matches!(self, MessageStatus::Failed(_) | MessageStatus::Cancelled | MessageStatus::Expired)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub channel: ChannelId,
    /// The stanza id on the wire: fixed when the row is made, so that a re-send is the same message.
    pub whatsapp_id: String,
    pub chat: ChatId,
    pub direction: Direction,
    /// Who wrote it; the channel's own account for outbound ones.
    pub sender: Person,
    /// Written by the channel's own account on another device (the phone, say).
    pub from_me: bool,
    pub content: Content,
    pub status: MessageStatus,
    /// When it was accepted here (outbound) or, by WhatsApp's clock, sent (inbound).
    pub at: Timestamp,
    /// When `status` last changed.
    pub updated_at: Timestamp,
    pub outbox: OutboxNote,
    pub amended: Amended,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [MessageStatus; 12] = [
        MessageStatus::Received,
        MessageStatus::Asking,
        MessageStatus::Queued,
        MessageStatus::Sending,
        MessageStatus::Sent,
        MessageStatus::Delivered,
        MessageStatus::Read,
        MessageStatus::Played,
        MessageStatus::Failed(FailReason::NoAnswer),
        MessageStatus::Cancelled,
        MessageStatus::Expired,
        MessageStatus::Denied,
    ];

    #[test]
    fn no_status_leads_to_itself_and_a_confirmed_one_only_onwards() {
        for from in ALL {
            assert!(!from.leads_to(&from), "{from:?}");
            for confirmed in &ALL[5..8] {
                assert!(
                    !confirmed.leads_to(&from) || from.rank() > confirmed.rank() && from.rank() < 8,
                    "{confirmed:?} {from:?}"
                );
            }
        }
    }

    #[test]
    fn what_whatsapp_confirms_holds_against_our_own_conclusion() {
        for given_up in &ALL[8..11] {
            for confirmed in &ALL[4..8] {
                assert!(given_up.leads_to(confirmed), "{given_up:?} {confirmed:?}");
            }
            assert!(!given_up.leads_to(&MessageStatus::Queued) && !given_up.leads_to(&MessageStatus::Sending));
        }
    }

    #[test]
    fn only_what_has_not_left_is_cancelled_or_expires() {
        let cancellable: Vec<_> =
            ALL.iter().filter(|s| s.leads_to(&MessageStatus::Cancelled)).map(MessageStatus::as_str).collect();
        assert_eq!(cancellable, ["asking", "queued", "failed"]);
        let expiring: Vec<_> = ALL.iter().filter(|s| s.leads_to(&MessageStatus::Expired)).map(MessageStatus::as_str).collect();
        assert_eq!(expiring, ["asking", "queued"]);
    }

    #[test]
    fn what_waits_for_a_person_moves_by_that_person_only_and_a_no_is_final() {
        let from = |status: MessageStatus| -> Vec<_> {
            ALL.iter().filter(|to| status.leads_to(to)).map(MessageStatus::as_str).collect()
        };
        assert_eq!(from(MessageStatus::Asking), ["queued", "failed", "cancelled", "expired", "denied"]);
        assert_eq!(from(MessageStatus::Denied), Vec::<&str>::new());
    }
}
