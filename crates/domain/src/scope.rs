use std::fmt;
use std::str::FromStr;

/// One right that an app may have. What it covers is narrowed by a [`crate::Permit`] to channels and to chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    ChannelsRead,
    /// Takes in `ChannelsRead`.
    ChannelsManage,
    MessagesRead,
    /// Takes in `MessagesSendAsk`.
    MessagesSend,
    /// Each message waits for a person before it enters the outbox.
    MessagesSendAsk,
    EventsRead,
    WebhooksManage,
    AppsManage,
}

/// A text that names no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope {given:?}")]
pub struct ScopeError {
    given: String,
}

impl Scope {
    pub const ALL: [Scope; 8] = [
        Scope::ChannelsRead,
        Scope::ChannelsManage,
        Scope::MessagesRead,
        Scope::MessagesSend,
        Scope::MessagesSendAsk,
        Scope::EventsRead,
        Scope::WebhooksManage,
        Scope::AppsManage,
    ];

    /// The stable word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::ChannelsRead => "channels:read",
            Scope::ChannelsManage => "channels:manage",
            Scope::MessagesRead => "messages:read",
            Scope::MessagesSend => "messages:send",
            Scope::MessagesSendAsk => "messages:send:ask",
            Scope::EventsRead => "events:read",
            Scope::WebhooksManage => "webhooks:manage",
            Scope::AppsManage => "apps:manage",
        }
    }

    /// What it means, for the person who is asked.
    pub fn words(self) -> &'static str {
        match self {
            Scope::ChannelsRead => "See your channels: names, phone numbers and whether they are connected",
            Scope::ChannelsManage => "Add, pair, start, stop and delete channels",
            Scope::MessagesRead => "Read messages, sent and received",
            Scope::MessagesSend => "Send messages as you, without asking",
            Scope::MessagesSendAsk => "Propose messages; each is sent only after you have approved it",
            Scope::EventsRead => "Follow what happens, as it happens",
            Scope::WebhooksManage => "Have what happens sent to an address of its choice",
            Scope::AppsManage => "See the apps that may use WhatIsUp, take rights away from them, and read the audit log",
        }
    }

    /// Whether having this one is having `other`.
    pub fn implies(self, other: Scope) -> bool {
        self == other
            || matches!(
                (self, other),
                (Scope::ChannelsManage, Scope::ChannelsRead) | (Scope::MessagesSend, Scope::MessagesSendAsk)
            )
    }

    /// Whether it can be bound to channels.
    pub fn is_by_channel(self) -> bool {
        match self {
            Scope::ChannelsRead
            | Scope::ChannelsManage
            | Scope::MessagesRead
            | Scope::MessagesSend
            | Scope::MessagesSendAsk
            | Scope::EventsRead
            | Scope::WebhooksManage => true,
            Scope::AppsManage => false,
        }
    }

    /// Whether it can be bound to the chats that messages come from or go to.
    pub fn is_by_chat(self) -> bool {
        match self {
            Scope::MessagesRead | Scope::MessagesSend | Scope::MessagesSendAsk => true,
            Scope::ChannelsRead | Scope::ChannelsManage | Scope::EventsRead | Scope::WebhooksManage | Scope::AppsManage => {
                false
            }
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| ScopeError { given: text.chars().take(40).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_survives_its_text_form_and_has_words_of_its_own() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
            assert_eq!(Scope::ALL.iter().filter(|other| other.words() == scope.words()).count(), 1);
        }
        for wrong in ["", "messages", "messages:*", "*", "Channels:read", "channels:read ", "admin"] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_what_takes_in_another_implies_it() {
        let implied: Vec<(&str, &str)> = Scope::ALL
            .iter()
            .flat_map(|one| Scope::ALL.iter().map(move |other| (one, other)))
            .filter(|(one, other)| one != other && one.implies(**other))
            .map(|(one, other)| (one.as_str(), other.as_str()))
            .collect();
        assert_eq!(implied, [("channels:manage", "channels:read"), ("messages:send", "messages:send:ask")]);
    }
}
