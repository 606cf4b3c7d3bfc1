//! What a phone can write: a text, or what it has to say about an earlier message; and how each looks on the wire.

use buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::protocol_message::Type;

use super::conversation::{Content, Direction, PhoneMessage};
use super::memory::now;

/// A message before it is encrypted, with the attributes of its stanza.
#[derive(Clone)]
pub(super) struct Letter {
    pub message: wa::Message,
    /// `type` of the stanza.
    pub kind: &'static str,
    /// `edit` of the stanza.
    pub edit: Option<&'static str>,
    /// Receivers that cannot decrypt it show nothing.
    pub hidden: bool,
}

impl Letter {
    pub fn text(text: &str) -> Self {
        let message = wa::Message { conversation: Some(text.to_owned()), ..Default::default() };
        Self { message, kind: "text", edit: None, hidden: false }
    }

    pub fn edit(target: &PhoneMessage, text: &str) -> Self {
        let protocol = wa::message::ProtocolMessage {
            key: MessageField::some(key(target)),
            r#type: Some(Type::MESSAGE_EDIT),
            edited_message: MessageField::some(Self::text(text).message),
            timestamp_ms: Some(now().as_millisecond()),
            ..Default::default()
        };
        Self { message: about(protocol), kind: "text", edit: Some("1"), hidden: true }
    }

    pub fn revoke(target: &PhoneMessage) -> Self {
        let protocol = wa::message::ProtocolMessage {
            key: MessageField::some(key(target)),
            r#type: Some(Type::REVOKE),
            ..Default::default()
        };
        Self { message: about(protocol), kind: "text", edit: Some("7"), hidden: true }
    }

    /// An empty emoji takes an earlier reaction back.
    pub fn reaction(target: &PhoneMessage, emoji: &str) -> Self {
        let reaction = wa::message::ReactionMessage {
            key: MessageField::some(key(target)),
            text: Some(emoji.to_owned()),
            sender_timestamp_ms: Some(now().as_millisecond()),
            ..Default::default()
        };
        let message = wa::Message { reaction_message: MessageField::some(reaction), ..Default::default() };
        Self { message, kind: "reaction", edit: emoji.is_empty().then_some("7"), hidden: true }
    }
}

/// Names a message as its sender's app does: `from_me` is seen from whoever writes the key.
fn key(target: &PhoneMessage) -> wa::MessageKey {
    wa::MessageKey {
        remote_jid: Some(target.chat.to_string()),
        from_me: Some(target.direction == Direction::Out),
        id: Some(target.id.clone()),
        ..Default::default()
    }
}

fn about(protocol: wa::message::ProtocolMessage) -> wa::Message {
    wa::Message { protocol_message: MessageField::some(protocol), ..Default::default() }
}

/// What a person may have to say about an earlier message.
pub(super) enum Remark {
    Edit(String),
    Revoke,
    /// The emoji; empty takes it back.
    Reaction(String),
}

impl Remark {
    pub fn letter(&self, target: &PhoneMessage) -> Letter {
        match self {
            Self::Edit(text) => Letter::edit(target, text),
            Self::Revoke => Letter::revoke(target),
            Self::Reaction(emoji) => Letter::reaction(target, emoji),
        }
    }

    pub fn content(self, target: &PhoneMessage) -> Content {
        let target = target.id.clone();
        match self {
            Self::Edit(text) => Content::Edit { target, text },
            Self::Revoke => Content::Revoke { target },
            Self::Reaction(emoji) => Content::Reaction { target, emoji },
        }
    }
}
