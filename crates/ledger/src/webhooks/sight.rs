//! What a receiver that belongs to an app may be told.

use crate::access::Owners;
use crate::batch::Batch;
use crate::sql::query_scalar;
use crate::stored::unreadable;
use crate::{Ledger, LedgerError, messages};
use domain::{AppId, ChannelId, EndpointId, EventSubject, Permits, Scope};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;

/// Whose receivers there are, and what those may see now.
pub(super) struct Sights {
    apps: Owners,
    endpoints: HashMap<EndpointId, AppId>,
}

/// Of one receiver.
pub(super) enum Sight {
    /// A person's.
    Everything,
    App {
        app: AppId,
        permits: Permits,
    },
}

/// An event, as far as it decides who may see it.
pub(super) struct Shown<'a> {
    pub kind: &'a str,
    pub channel: Option<ChannelId>,
    /// Its JSON.
    pub data: &'a str,
}

impl Sights {
    /// `owned`: the receivers that belong to an app. Without any nothing is read.
    pub async fn of(batch: &mut Batch, owned: impl Iterator<Item = (EndpointId, AppId)>) -> Result<Self, LedgerError> {
        let endpoints: HashMap<_, _> = owned.collect();
        let apps = if endpoints.is_empty() { Owners::new() } else { crate::access::owners(batch).await? };
        Ok(Sights { apps, endpoints })
    }

    /// As far as the receivers of one app go, outside of a transaction.
    pub async fn of_app(ledger: &Ledger, app: AppId) -> Result<Self, LedgerError> {
        const ENDPOINTS: &str = "SELECT id FROM endpoints WHERE app_id = $1";
        let apps = ledger.permits(app).await?.map(|permits| (app, permits)).into_iter().collect();
        let mut reader = ledger.reader().await?;
        let ids: Vec<String> =
            query_scalar(ENDPOINTS).bind(app.to_string()).fetch_all(&mut reader).await.map_err(|e| ledger.explain(&e))?;
        let ids: Result<_, _> = ids.iter().map(|id| id.parse().map(|id| (id, app))).collect();
        Ok(Sights { apps, endpoints: ids.map_err(|_| unreadable("a webhook's id"))? })
    }

    /// Whether all see everything, so that nobody need look into an event.
    pub fn are_plain(&self) -> bool {
        self.endpoints.is_empty()
    }

    pub fn sight(&self, app: Option<AppId>) -> Sight {
        match app {
            None => Sight::Everything,
            // An app that was deleted sees nothing.
            Some(app) => Sight::App { app, permits: self.apps.get(&app).cloned().unwrap_or_default() },
        }
    }

    /// Of an app: what it may see, where it may have events sent.
    pub fn shows(&self, sight: &Sight, event: &Shown<'_>) -> bool {
        let Sight::App { app, permits } = sight else { return true };
        if !permits.allows(Scope::WebhooksManage, event.channel, None) {
            return false;
        }
        let told = Told::of(event.data);
        let chat = told.chat().and_then(|chat| messages::chat(chat).ok());
        let webhook = told.webhook_id.as_deref().and_then(|id| id.parse().ok());
        let own = webhook.is_some_and(|id: EndpointId| self.endpoints.get(&id) == Some(app));
        permits.see(EventSubject { kind: event.kind, channel: event.channel, chat: chat.as_ref(), own })
    }
}

/// The parts of an event's data that are looked at, as they were frozen.
#[derive(Default, Deserialize)]
struct Told<'a> {
    #[serde(borrow)]
    message: Option<ToldMessage<'a>>,
    #[serde(borrow)]
    chat: Option<Cow<'a, str>>,
    #[serde(borrow)]
    webhook_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ToldMessage<'a> {
    #[serde(borrow)]
    chat: Cow<'a, str>,
}

impl<'a> Told<'a> {
    /// What is not understood tells nothing.
    fn of(data: &'a str) -> Self {
        serde_json::from_str(data).unwrap_or_default()
    }

    fn chat(&self) -> Option<&str> {
        self.message.as_ref().map(|message| message.chat.as_ref()).or(self.chat.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chat_is_found_in_what_was_frozen() {
        for (data, chat) in [
            (r#"{"message":{"id":"msg_1","chat":"1@g.us","content":{"chat":"2@g.us"}}}"#, Some("1@g.us")),
            (r#"{"chat":"3@g.us","whatsapp_id":"A"}"#, Some("3@g.us")),
            (r#"{"channel":{"id":"ch_1"}}"#, None),
            ("nonsense", None),
        ] {
            assert_eq!(Told::of(data).chat(), chat, "{data}");
        }
        assert_eq!(Told::of(r#"{"webhook_id":"wh_1","url":""}"#).webhook_id.as_deref(), Some("wh_1"));
    }
}
