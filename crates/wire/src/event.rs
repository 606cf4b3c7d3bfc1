use crate::{AccessEventData, AppEventData, ChannelOut, MessageOut, PermitOut, PersonOut};
use domain::{EndpointId, Event, PauseReason, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One entry of the event log. The same on SSE and webhooks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    #[schema(example = "evt_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    pub id: String,
    /// Position in the log: rises by one with each event.
    #[schema(example = 1234)]
    pub seq: u64,
    #[serde(rename = "type")]
    #[schema(example = "channel.connected")]
    pub kind: String,
    /// RFC 3339, UTC.
    pub timestamp: String,
    pub channel_id: Option<String>,
    #[schema(value_type = EventData)]
    pub data: Box<serde_json::value::RawValue>,
}

/// What an event carries, by its type.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EventData {
    Channel(Box<ChannelEventData>),
    Message(Box<MessageEventData>),
    Receipt(Box<ReceiptEventData>),
    Deleted(DeletedEventData),
    Webhook(Box<WebhookEventData>),
    App(Box<AppEventData>),
    Access(Box<AccessEventData>),
}

/// Of `channel.*`: the channel as it is after the event.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChannelEventData {
    pub channel: ChannelOut,
    /// Of `channel.recovered`: since when it had been stuck, or flapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_since: Option<String>,
}

/// Of `channel.deleted`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeletedEventData {
    pub channel_id: String,
    pub name: String,
}

/// Of `message.*`: the message as it is after the event.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessageEventData {
    pub message: MessageOut,
}

/// Of `receipt.unmatched`: a receipt for a message that is not known here.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReceiptEventData {
    pub chat: String,
    pub whatsapp_id: String,
    pub status: String,
    pub by: PersonOut,
}

/// Of `webhook.*`: the receiver as it is after the event.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookEventData {
    #[schema(example = "wh_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    pub webhook_id: String,
    /// Without credentials, query and fragment.
    pub url: String,
    /// `active`, `paused` or `disabled`.
    pub status: String,
    /// Paused: `by_hand`, `failing` or `app_revoked`. Disabled: `gone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is going on and what to do, for a person.
    pub summary: String,
    pub since: String,
}

/// The first thing on every event stream: all channels as they are, and where in the log this was.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Snapshot)]
pub struct SnapshotOut {
    pub seq: u64,
    pub channels: Vec<ChannelOut>,
}

/// Sent once when the asked position is older than what the log keeps.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Gap)]
pub struct GapOut {
    /// What was asked for.
    pub after: u64,
    /// The oldest event that is still there.
    pub oldest: u64,
}

/// The JSON of an event's `data`, to be frozen into the log.
pub fn event_data(event: &Event) -> EventData {
    match event {
        Event::ChannelCreated { channel }
        | Event::ChannelUpdated { channel }
        | Event::ChannelPairing { channel }
        | Event::ChannelConnected { channel }
        | Event::ChannelReconnecting { channel, .. }
        | Event::ChannelDisconnected { channel, .. }
        | Event::ChannelStuck { channel }
        | Event::ChannelFlapping { channel } => {
            EventData::Channel(Box::new(ChannelEventData { channel: channel.into(), stuck_since: None }))
        }
        Event::ChannelRecovered { channel, stuck_since } => EventData::Channel(Box::new(ChannelEventData {
            channel: channel.into(),
            stuck_since: Some(stuck_since.to_string()),
        })),
        Event::ChannelDeleted { channel, name } => {
            EventData::Deleted(DeletedEventData { channel_id: channel.to_string(), name: name.clone() })
        }
        Event::MessageReceived { message }
        | Event::MessageAsking { message }
        | Event::MessageQueued { message }
        | Event::MessageProgress { message }
        | Event::MessageResolved { message }
        | Event::MessageEdited { message }
        | Event::MessageRevoked { message }
        | Event::MessageReacted { message } => EventData::Message(Box::new(MessageEventData { message: message.into() })),
        Event::ReceiptUnmatched { chat, whatsapp_id, status, by, .. } => EventData::Receipt(Box::new(ReceiptEventData {
            chat: chat.to_string(),
            whatsapp_id: whatsapp_id.clone(),
            status: status.as_str().to_owned(),
            by: by.into(),
        })),
        Event::WebhookPaused { endpoint, url, reason, since } => {
            webhook(*endpoint, url, "paused", Some(reason.as_str()), PauseReason::sentence(*reason), *since)
        }
        Event::WebhookResumed { endpoint, url, since } => {
            webhook(*endpoint, url, "active", None, "Events are delivered again, beginning with what was kept.", *since)
        }
        Event::WebhookDisabled { endpoint, url, since } => webhook(
            *endpoint,
            url,
            "disabled",
            Some("gone"),
            "The receiver answered 410 Gone: it wants no more events.",
            *since,
        ),
        Event::AppRequested { request, name, permits, origin, peer, expires_at } => app(AppEventData {
            request_id: Some(request.to_string()),
            app_name: name.clone(),
            permits: Some(PermitOut::all(permits)),
            origin: origin.clone(),
            peer: Some(peer.into()),
            expires_at: Some(expires_at.to_string()),
            summary: "A program asks to be let in.".to_owned(),
            ..AppEventData::default()
        }),
        Event::AppAllowed { request, app: id, name, permits, once } => app(AppEventData {
            request_id: request.map(|id| id.to_string()),
            app_id: Some(id.to_string()),
            app_name: name.clone(),
            permits: Some(PermitOut::all(permits)),
            once: Some(*once),
            summary: if *once { "Let in until WhatIsUp quits." } else { "Let in." }.to_owned(),
            ..AppEventData::default()
        }),
        Event::AppDenied { request, name } => app(AppEventData {
            request_id: Some(request.to_string()),
            app_name: name.clone(),
            summary: "Not let in.".to_owned(),
            ..AppEventData::default()
        }),
        Event::AppRevoked { app: id, name, key, reason } => app(AppEventData {
            app_id: Some(id.to_string()),
            key_id: key.map(|key| key.to_string()),
            app_name: name.clone(),
            reason: Some(reason.as_str().to_owned()),
            summary: reason.sentence().to_owned(),
            ..AppEventData::default()
        }),
        Event::AccessAttempts { peer, failures, since } => {
            EventData::Access(Box::new(AccessEventData::of(peer, *failures, *since)))
        }
    }
}

fn app(data: AppEventData) -> EventData {
    EventData::App(Box::new(data))
}

fn webhook(id: EndpointId, url: &str, status: &str, reason: Option<&str>, summary: &str, since: Timestamp) -> EventData {
    EventData::Webhook(Box::new(WebhookEventData {
        webhook_id: id.to_string(),
        url: url.to_owned(),
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
        summary: summary.to_owned(),
        since: since.to_string(),
    }))
}
