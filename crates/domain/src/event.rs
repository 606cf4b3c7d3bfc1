use crate::{
    AppId, AppRequestId, Cause, ChannelId, ChannelView, ChatId, EndpointId, KeyId, Message, MessageId, MessageStatus,
    PauseReason, Peer, Permits, Person, Reason, RevokeReason, Timestamp,
};

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
    /// It keeps losing its connection and coming back.
    ChannelFlapping {
        channel: ChannelView,
    },
    ChannelRecovered {
        channel: ChannelView,
        /// Since when it had been stuck, or flapping.
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
    /// An app proposes it, and it waits for a person.
    MessageAsking {
        message: Message,
    },
    /// Any later stage of an outbound message: `message.sent`, `.delivered`, `.read`, `.failed`, `.cancelled`, `.expired`,
    /// `.denied`; and `.queued` again when a try came to nothing and another will follow.
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
    /// Its author changed its text; `message` is the changed one.
    MessageEdited {
        message: Message,
    },
    /// It was taken back for everyone.
    MessageRevoked {
        message: Message,
    },
    /// Somebody reacted to it, changed a reaction or took it back.
    MessageReacted {
        message: Message,
    },
    /// Nothing is delivered to this receiver for now.
    WebhookPaused {
        endpoint: EndpointId,
        /// Without credentials, query and fragment.
        url: String,
        reason: PauseReason,
        since: Timestamp,
    },
    WebhookResumed {
        endpoint: EndpointId,
        /// Without credentials, query and fragment.
        url: String,
        since: Timestamp,
    },
    /// The receiver answered 410: it wants no more.
    WebhookDisabled {
        endpoint: EndpointId,
        /// Without credentials, query and fragment.
        url: String,
        since: Timestamp,
    },
    /// A program asks to be let in. Without the code, which is for its window and ours.
    AppRequested {
        request: AppRequestId,
        name: String,
        permits: Permits,
        origin: Option<String>,
        peer: Peer,
        expires_at: Timestamp,
    },
    AppAllowed {
        /// What it had asked by; `None` for an app that was made by hand.
        request: Option<AppRequestId>,
        app: AppId,
        name: String,
        permits: Permits,
        /// Until WhatIsUp quits.
        once: bool,
    },
    AppDenied {
        request: AppRequestId,
        name: String,
    },
    AppRevoked {
        app: AppId,
        name: String,
        /// `None`: all of its keys.
        key: Option<KeyId>,
        reason: RevokeReason,
    },
    /// Many keys that are none were tried.
    AccessAttempts {
        /// The one who tried most.
        peer: Peer,
        /// How often, since `since`.
        failures: u32,
        since: Timestamp,
    },
}

/// The type of an event as the wire writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventKind(&'static str);

impl EventKind {
    /// Every type that there is: what people ask for is held against these.
    pub const ALL: [EventKind; 35] = [
        EventKind("channel.created"),
        EventKind("channel.updated"),
        EventKind("channel.pairing"),
        EventKind("channel.connected"),
        EventKind("channel.reconnecting"),
        EventKind("channel.disconnected"),
        EventKind("channel.stuck"),
        EventKind("channel.flapping"),
        EventKind("channel.recovered"),
        EventKind("channel.deleted"),
        EventKind("message.received"),
        EventKind("message.asking"),
        EventKind("message.queued"),
        EventKind("message.sending"),
        EventKind("message.sent"),
        EventKind("message.delivered"),
        EventKind("message.read"),
        EventKind("message.played"),
        EventKind("message.failed"),
        EventKind("message.cancelled"),
        EventKind("message.expired"),
        EventKind("message.denied"),
        EventKind("message.resolved"),
        EventKind("message.edited"),
        EventKind("message.revoked"),
        EventKind("message.reaction"),
        EventKind("receipt.unmatched"),
        EventKind("webhook.paused"),
        EventKind("webhook.resumed"),
        EventKind("webhook.disabled"),
        EventKind("app.requested"),
        EventKind("app.allowed"),
        EventKind("app.denied"),
        EventKind("app.revoked"),
        EventKind("access.attempts"),
    ];

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
            Event::ChannelFlapping { .. } => "channel.flapping",
            Event::ChannelRecovered { .. } => "channel.recovered",
            Event::ChannelDeleted { .. } => "channel.deleted",
            Event::MessageReceived { .. } => "message.received",
            Event::MessageAsking { .. } => "message.asking",
            Event::MessageQueued { .. } => "message.queued",
            Event::MessageProgress { message } => match message.status {
                MessageStatus::Received => "message.received",
                MessageStatus::Asking => "message.asking",
                MessageStatus::Queued => "message.queued",
                MessageStatus::Sending => "message.sending",
                MessageStatus::Sent => "message.sent",
                MessageStatus::Delivered => "message.delivered",
                MessageStatus::Read => "message.read",
                MessageStatus::Played => "message.played",
                MessageStatus::Failed(_) => "message.failed",
                MessageStatus::Cancelled => "message.cancelled",
                MessageStatus::Expired => "message.expired",
                MessageStatus::Denied => "message.denied",
            },
            Event::ReceiptUnmatched { .. } => "receipt.unmatched",
            Event::MessageResolved { .. } => "message.resolved",
            Event::MessageEdited { .. } => "message.edited",
            Event::MessageRevoked { .. } => "message.revoked",
            Event::MessageReacted { .. } => "message.reaction",
            Event::WebhookPaused { .. } => "webhook.paused",
            Event::WebhookResumed { .. } => "webhook.resumed",
            Event::WebhookDisabled { .. } => "webhook.disabled",
            Event::AppRequested { .. } => "app.requested",
            Event::AppAllowed { .. } => "app.allowed",
            Event::AppDenied { .. } => "app.denied",
            Event::AppRevoked { .. } => "app.revoked",
            Event::AccessAttempts { .. } => "access.attempts",
        })
    }

    /// The channel that it is about, if it is about one.
    pub fn channel_id(&self) -> Option<ChannelId> {
        match self {
            Event::ChannelCreated { channel }
            | Event::ChannelUpdated { channel }
            | Event::ChannelPairing { channel }
            | Event::ChannelConnected { channel }
            | Event::ChannelReconnecting { channel, .. }
            | Event::ChannelDisconnected { channel, .. }
            | Event::ChannelStuck { channel }
            | Event::ChannelFlapping { channel }
            | Event::ChannelRecovered { channel, .. } => Some(channel.id),
            Event::ChannelDeleted { channel, .. } | Event::ReceiptUnmatched { channel, .. } => Some(*channel),
            Event::MessageReceived { message }
            | Event::MessageAsking { message }
            | Event::MessageQueued { message }
            | Event::MessageProgress { message }
            | Event::MessageResolved { message }
            | Event::MessageEdited { message }
            | Event::MessageRevoked { message }
            | Event::MessageReacted { message } => Some(message.channel),
            Event::WebhookPaused { .. }
            | Event::WebhookResumed { .. }
            | Event::WebhookDisabled { .. }
            | Event::AppRequested { .. }
            | Event::AppAllowed { .. }
            | Event::AppDenied { .. }
            | Event::AppRevoked { .. }
            | Event::AccessAttempts { .. } => None,
        }
    }

    pub fn message_id(&self) -> Option<MessageId> {
        match self {
            Event::MessageReceived { message }
            | Event::MessageAsking { message }
            | Event::MessageQueued { message }
            | Event::MessageProgress { message }
            | Event::MessageResolved { message }
            | Event::MessageEdited { message }
            | Event::MessageRevoked { message }
            | Event::MessageReacted { message } => Some(message.id),
            Event::ChannelCreated { .. }
            | Event::ChannelUpdated { .. }
            | Event::ChannelPairing { .. }
            | Event::ChannelConnected { .. }
            | Event::ChannelReconnecting { .. }
            | Event::ChannelDisconnected { .. }
            | Event::ChannelStuck { .. }
            | Event::ChannelFlapping { .. }
            | Event::ChannelRecovered { .. }
            | Event::ChannelDeleted { .. }
            | Event::ReceiptUnmatched { .. }
            | Event::WebhookPaused { .. }
            | Event::WebhookResumed { .. }
            | Event::WebhookDisabled { .. }
            | Event::AppRequested { .. }
            | Event::AppAllowed { .. }
            | Event::AppDenied { .. }
            | Event::AppRevoked { .. }
            | Event::AccessAttempts { .. } => None,
        }
    }
}
