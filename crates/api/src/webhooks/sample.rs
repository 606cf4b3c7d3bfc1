//! Events that did not happen, to try a receiver with: complete, of any type, with fictitious people.

use domain::{
    Amended, AppId, AppRequestId, Cause, ChannelId, ChannelView, Content, Desired, Direction, DoorKind, EndpointId, Event,
    EventId, FailReason, Identity, Message, MessageId, MessageStatus, OutboxNote, PairingMethod, PairingPrompt, PauseReason,
    Peer, Permit, Permits, Person, Reaction, Reason, RevokeReason, Scope, State, Timestamp,
};
use ledger::LoggedEvent;
use std::time::Duration;

/// Of each type one.
pub(super) fn all(at: Timestamp, endpoint: EndpointId, url: &str) -> Vec<Event> {
    let sample = Sample { at };
    let connected = State::Connected { since: at, identity: identity() };
    let reconnecting = State::Reconnecting { since: at, attempt: 1, next_attempt_at: None, cause: Cause::ConnectionLost };
    let disconnected = State::Disconnected { since: at, reason: Reason::Unlinked };
    let waiting = PairingPrompt::Waiting { method: PairingMethod::Qr, setback: None };
    let pairing = State::Pairing { since: at, prompt: waiting, round: 1 };
    let stuck = ChannelView { stuck_since: Some(at), ..sample.channel(reconnecting.clone()) };
    let flapping = ChannelView { flapping_since: Some(at), ..sample.channel(reconnecting.clone()) };
    let progress = |status| Event::MessageProgress { message: sample.sent(status) };
    let received = sample.received();
    let amended = |amended| Message { amended, ..received.clone() };
    let reaction = Reaction { by: person("+15550100124", "Grace"), emoji: "👍".into(), at };
    let (channel, url) = (sample.channel(connected), url.to_owned());
    let (request, app, name) = (AppRequestId::new(at, 0), AppId::new(at, 0), "Till".to_owned());
    let permits = Permits::new([Permit::of(Scope::MessagesSendAsk)]);
    let peer = Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".into()), program: None };
    vec![
        Event::ChannelCreated { channel: sample.channel(State::Disconnected { since: at, reason: Reason::New }) },
        Event::ChannelUpdated { channel: channel.clone() },
        Event::ChannelPairing { channel: sample.channel(pairing) },
        Event::ChannelConnected { channel: channel.clone() },
        Event::ChannelReconnecting { channel: sample.channel(reconnecting), cause: Cause::ConnectionLost },
        Event::ChannelDisconnected { channel: sample.channel(disconnected), reason: Reason::Unlinked },
        Event::ChannelStuck { channel: stuck },
        Event::ChannelFlapping { channel: flapping },
        Event::ChannelRecovered { channel: channel.clone(), stuck_since: at },
        Event::ChannelDeleted { channel: channel.id, name: channel.name },
        Event::MessageReceived { message: received.clone() },
        Event::MessageAsking { message: sample.sent(MessageStatus::Asking) },
        Event::MessageQueued { message: sample.sent(MessageStatus::Queued) },
        progress(MessageStatus::Sending),
        progress(MessageStatus::Sent),
        progress(MessageStatus::Delivered),
        progress(MessageStatus::Read),
        progress(MessageStatus::Played),
        progress(MessageStatus::Failed(FailReason::NoSuchRecipient)),
        progress(MessageStatus::Cancelled),
        progress(MessageStatus::Expired),
        progress(MessageStatus::Denied),
        Event::MessageResolved { message: received.clone() },
        Event::MessageEdited { message: amended(Amended { edited_at: Some(at), ..Amended::default() }) },
        Event::MessageRevoked { message: amended(Amended { revoked_at: Some(at), ..Amended::default() }) },
        Event::MessageReacted { message: amended(Amended { reactions: vec![reaction], ..Amended::default() }) },
        Event::ReceiptUnmatched {
            channel: channel.id,
            chat: received.chat,
            whatsapp_id: received.whatsapp_id,
            status: MessageStatus::Read,
            by: received.sender,
        },
        Event::WebhookPaused { endpoint, url: url.clone(), reason: PauseReason::ByHand, since: at },
        Event::WebhookResumed { endpoint, url: url.clone(), since: at },
        Event::WebhookDisabled { endpoint, url, since: at },
        Event::AppRequested {
            request,
            name: name.clone(),
            permits: permits.clone(),
            origin: None,
            peer: peer.clone(),
            expires_at: at.plus(Duration::from_secs(600)),
        },
        Event::AppAllowed { request: Some(request), app, name: name.clone(), permits, once: false },
        Event::AppDenied { request, name: name.clone() },
        Event::AppRevoked { app, name, key: None, reason: RevokeReason::Disabled },
        Event::AccessAttempts { peer, failures: 50, since: at },
    ]
}

/// One of this type, as it would be read from the log; no event of the log has its `seq`.
pub(super) fn logged(kind: &str, at: Timestamp, endpoint: EndpointId, url: &str) -> Option<LoggedEvent> {
    let event = all(at, endpoint, url).into_iter().find(|event| event.kind().as_str() == kind)?;
    let data = serde_json::value::to_raw_value(&wire::event_data(&event)).ok()?;
    Some(LoggedEvent {
        seq: 0,
        id: EventId::new(at, rand::random()),
        kind: kind.to_owned(),
        at,
        channel: event.channel_id(),
        data,
    })
}

struct Sample {
    at: Timestamp,
}

impl Sample {
    fn channel(&self, state: State) -> ChannelView {
        ChannelView {
            id: ChannelId::new(self.at, 0),
            name: "Front desk".into(),
            created_at: self.at,
            desired: Desired::Running,
            state,
            stuck_since: None,
            flapping_since: None,
            paired: true,
            identity: Some(identity()),
            proxy: None,
        }
    }

    fn received(&self) -> Message {
        Message {
            id: MessageId::new(self.at, 0),
            channel: ChannelId::new(self.at, 0),
            whatsapp_id: "3A0000000000000000AA".into(),
            chat: "15550100123@s.whatsapp.net".parse().expect("a chat id of the right form"),
            direction: Direction::Inbound,
            sender: person("+15550100123", "Ada"),
            from_me: false,
            content: Content::Text { text: "This is a test from WhatIsUp.".into() },
            status: MessageStatus::Received,
            at: self.at,
            updated_at: self.at,
            outbox: OutboxNote::default(),
            amended: Amended::default(),
        }
    }

    fn sent(&self, status: MessageStatus) -> Message {
        Message {
            whatsapp_id: "3EB0000000000000000000".into(),
            direction: Direction::Outbound,
            sender: identity().person(),
            from_me: true,
            status,
            ..self.received()
        }
    }
}

fn person(phone: &str, name: &str) -> Person {
    Person { phone: phone.parse().ok(), lid: None, name: Some(name.into()) }
}

fn identity() -> Identity {
    Identity { phone: "+15550100100".parse().ok(), lid: None, push_name: Some("Front desk".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::EventKind;

    #[test]
    fn there_is_a_sample_of_every_type() {
        let made = all(Timestamp::EPOCH, EndpointId::new(Timestamp::EPOCH, 1), "http://127.0.0.1/");
        let made: Vec<EventKind> = made.iter().map(Event::kind).collect();
        assert_eq!(made, EventKind::ALL);
    }
}
