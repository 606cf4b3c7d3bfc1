use crate::{ChannelId, ChatId, MessageId, Person, Timestamp};
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
}

impl Content {
    pub fn kind(&self) -> &'static str {
        match self {
            Content::Text { .. } => "text",
            Content::Unsupported { .. } => "unsupported",
            Content::Undecryptable => "undecryptable",
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
}

impl FailReason {
    pub fn sentence(&self) -> &'static str {
        match self {
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
    Queued,
    Sending,
    Sent,
    Delivered,
    Read,
    Played,
    Failed(FailReason),
}

impl MessageStatus {
    pub fn as_str(&self) -> &'static str {
        match self {
            MessageStatus::Received => "received",
            MessageStatus::Queued => "queued",
            MessageStatus::Sending => "sending",
            MessageStatus::Sent => "sent",
            MessageStatus::Delivered => "delivered",
            MessageStatus::Read => "read",
            MessageStatus::Played => "played",
            MessageStatus::Failed(_) => "failed",
        }
    }

    /// Receipts arrive in any order; a later stage is never undone by an earlier one.
    pub fn rank(&self) -> u8 {
        match self {
            MessageStatus::Received => 0,
            MessageStatus::Queued => 1,
            MessageStatus::Sending => 2,
            MessageStatus::Sent => 3,
            MessageStatus::Delivered => 4,
            MessageStatus::Read => 5,
            MessageStatus::Played => 6,
            MessageStatus::Failed(_) => 7,
        }
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
}
