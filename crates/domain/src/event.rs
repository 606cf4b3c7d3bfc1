use crate::{Cause, ChannelId, ChannelView, ChatId, Message, MessageId, MessageStatus, Person, Reason, Timestamp};

/// Something that happened, as the event log keeps it and as SSE and webhooks tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    ChannelCreated {
        channel: ChannelView,
    },
    /// Name, proxy or another setting changed.
    ChannelUpdated {
        channel: ChannelView,
    },
    ChannelPairing {
        channel: ChannelView,
    },
    ChannelConnected {
        channel: ChannelView,
    },
    ChannelReconnecting {
        channel: ChannelView,
        cause: Cause,
    },
    ChannelDisconnected {
        channel: ChannelView,
        reason: Reason,
    },
    ChannelStuck {
        channel: ChannelView,
    },
    ChannelRecovered {
        channel: ChannelView,
        stuck_since: Timestamp,
    },
    ChannelDeleted {
        channel: ChannelId,
        name: String,
    },
    MessageReceived {
        message: Message,
    },
    /// Accepted into the outbox.
    MessageQueued {
        message: Message,
    },
    /// Any later stage of an outbound message: `message.sent`, `.delivered`, `.read`, `.failed` …
    MessageProgress {
        message: Message,
    },
    /// A receipt for a message that this installation does not know.
    ReceiptUnmatched {
        channel: ChannelId,
        chat: ChatId,
        whatsapp_id: String,
        status: MessageStatus,
        by: Person,
    },
    /// A message that could not be decrypted is now known.
    MessageResolved {
        message: Message,
    },
}

/// The type of an event as the wire writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventKind(&'static str);

impl EventKind {
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl Event {
    pub fn kind(&self) -> EventKind {
        EventKind(match self {
            Event::ChannelCreated { .. } => "channel.created",
            Event::ChannelUpdated { .. } => "channel.updated",
            Event::ChannelPairing { .. } => "channel.pairing",
            Event::ChannelConnected { .. } => "channel.connected",
            Event::ChannelReconnecting { .. } => "channel.reconnecting",
            Event::ChannelDisconnected { .. } => "channel.disconnected",
            Event::ChannelStuck { .. } => "channel.stuck",
            Event::ChannelRecovered { .. } => "channel.recovered",
            Event::ChannelDeleted { .. } => "channel.deleted",
            Event::MessageReceived { .. } => "message.received",
            Event::MessageQueued { .. } => "message.queued",
            Event::MessageProgress { message } => match message.status {
                MessageStatus::Received => "message.received",
                MessageStatus::Queued => "message.queued",
                MessageStatus::Sending => "message.sending",
                MessageStatus::Sent => "message.sent",
                MessageStatus::Delivered => "message.delivered",
                MessageStatus::Read => "message.read",
                MessageStatus::Played => "message.played",
                MessageStatus::Failed(_) => "message.failed",
            },
            Event::ReceiptUnmatched { .. } => "receipt.unmatched",
            Event::MessageResolved { .. } => "message.resolved",
        })
    }

    pub fn channel_id(&self) -> ChannelId {
        match self {
            Event::ChannelCreated { channel }
            | Event::ChannelUpdated { channel }
            | Event::ChannelPairing { channel }
            | Event::ChannelConnected { channel }
            | Event::ChannelReconnecting { channel, .. }
            | Event::ChannelDisconnected { channel, .. }
            | Event::ChannelStuck { channel }
            | Event::ChannelRecovered { channel, .. } => channel.id,
            Event::ChannelDeleted { channel, .. } | Event::ReceiptUnmatched { channel, .. } => *channel,
            Event::MessageReceived { message }
            | Event::MessageQueued { message }
            | Event::MessageProgress { message }
            | Event::MessageResolved { message } => message.channel,
        }
    }

    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Event::MessageReceived { message }
            | Event::MessageQueued { message }
            | Event::MessageProgress { message }
            | Event::MessageResolved { message } => Some(message.id),
            Event::ChannelCreated { .. }
            | Event::ChannelUpdated { .. }
            | Event::ChannelPairing { .. }
            | Event::ChannelConnected { .. }
            | Event::ChannelReconnecting { .. }
            | Event::ChannelDisconnected { .. }
            | Event::ChannelStuck { .. }
            | Event::ChannelRecovered { .. }
            | Event::ChannelDeleted { .. }
            | Event::ReceiptUnmatched { .. } => None,
        }
    }
}
