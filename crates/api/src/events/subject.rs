//! What an event is about, read from its frozen data.

use crate::api::Parts;
use crate::guard::{Caller, Subject};
use domain::{AppId, EndpointId};
use ledger::{Ledger, LedgerError, LoggedEvent};
use serde::Deserialize;
use std::borrow::Cow;

/// The parts of an event's data that are looked at.
#[derive(Default, Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    /// Of `receipt.*`.
    #[serde(borrow, default)]
    chat: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    webhook_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    chat: Cow<'a, str>,
}

/// What an event is about; asks the ledger whose webhook it is, where it is about one.
pub(super) async fn of(ledger: &Ledger, event: &LoggedEvent) -> Result<Subject, LedgerError> {
    let (mut about, webhook) = read(event);
    if let Some(webhook) = webhook {
        about.owner = owner(ledger, webhook).await?;
    }
    Ok(about)
}

/// Those of these events that the caller may see.
pub(crate) async fn seen(api: &Parts, caller: &Caller, events: Vec<LoggedEvent>) -> Result<Vec<LoggedEvent>, LedgerError> {
    if caller.is_person() {
        return Ok(events);
    }
    let mut seen = Vec::with_capacity(events.len());
    for event in events {
        if caller.sees(&event.kind, &of(&api.ledger, &event).await?) {
            seen.push(event);
        }
    }
    Ok(seen)
}

/// What is not understood is about nothing, so that only those hear of it who hear of everything.
fn read(event: &LoggedEvent) -> (Subject, Option<EndpointId>) {
    let about = Subject { channel: event.channel, ..Subject::default() };
    if event.kind.starts_with("channel.") {
        return (about, None);
    }
    let data: Data = serde_json::from_str(event.data.get()).unwrap_or_default();
    let webhook = data.webhook_id.as_deref().and_then(|id| id.parse().ok());
    let (message, chat) = match data.message {
        Some(message) => (message.id.parse().ok(), message.chat.parse().ok()),
        None => (None, data.chat.and_then(|chat| chat.parse().ok())),
    };
    (Subject { message, chat, ..about }, webhook)
}

/// The app whose webhook it is; none for a person's, or for one that is gone.
async fn owner(ledger: &Ledger, webhook: EndpointId) -> Result<Option<AppId>, LedgerError> {
    Ok(ledger.endpoint(webhook).await?.and_then(|endpoint| endpoint.app))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::{EventId, Timestamp};

    fn about(kind: &str, data: &str) -> (Option<String>, Option<String>, Option<String>) {
        let event = LoggedEvent {
            seq: 1,
            id: EventId::new(Timestamp::EPOCH, 1),
            kind: kind.into(),
            at: Timestamp::EPOCH,
            channel: None,
            data: serde_json::value::RawValue::from_string(data.into()).unwrap(),
        };
        let (about, webhook) = read(&event);
        (about.message.map(|m| m.to_string()), about.chat.map(|c| c.to_string()), webhook.map(|w| w.to_string()))
    }

    #[test]
    fn a_message_a_receipt_and_a_webhook_are_told_apart() {
        let (msg, wh) = ("msg_01j5a9k3m4n5p6q7r8s9t0v1w2", "wh_01j5a9k3m4n5p6q7r8s9t0v1w2");
        let chat = Some("15550100123@s.whatsapp.net".to_owned());
        let json =
            format!(r#"{{"message":{{"id":"{msg}","chat":"15550100123@s.whatsapp.net","content":{{"chat":"1@lid"}}}}}}"#);
        assert_eq!(about("message.sent", &json), (Some(msg.to_owned()), chat.clone(), None));
        let json = r#"{"chat":"15550100123@s.whatsapp.net","whatsapp_id":"3EB0"}"#;
        assert_eq!(about("receipt.unmatched", json), (None, chat, None));
        assert_eq!(
            about("webhook.paused", &format!(r#"{{"webhook_id":"{wh}","url":"http://x"}}"#)),
            (None, None, Some(wh.into()))
        );
        assert_eq!(about("message.sent", r#"{"message":{"id":"msg_1"}}"#), (None, None, None));
    }
}
