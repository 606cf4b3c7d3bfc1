//! What a phone has in its chats: every message it sent, received or saw a companion send, decrypted.

use std::collections::HashMap;

use jiff::Timestamp;
use wacore_binary::Jid;

/// Which way a message went, seen from the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From somebody else.
    In,
    /// From this account: by the phone itself or by one of its companions.
    Out,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// Outbound, refused by the network.
    Failed,
    /// Outbound, not yet acknowledged by the network.
    Pending,
    /// Outbound, taken by the network.
    Sent,
    /// Outbound: a device of the other side has it. Inbound: this phone has it and said so.
    Delivered,
    /// The receiving person has read it (for inbound: on this phone).
    Read,
}

/// What a message holds. Kinds not modelled keep their name, so nothing is lost from sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Text(String),
    /// A kind without a model here, by its name in the protocol (`image`, `reaction`, `poll_creation`, …).
    Other(String),
    /// It arrived but could not be decrypted; a retry was asked for.
    Undecryptable(String),
}

impl Content {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) | Self::Undecryptable(_) => None,
        }
    }

    /// `text`, the protocol's name of the kind, or `undecryptable`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Other(kind) => kind,
            Self::Undecryptable(_) => "undecryptable",
        }
    }
}

/// One message in a chat of a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneMessage {
    pub id: String,
    /// The other party, by phone-number jid without device where that is known.
    pub chat: Jid,
    /// The sending device, as the stanza named it.
    pub from: Jid,
    pub direction: Direction,
    /// Sent by a companion of this phone.
    pub by_companion: bool,
    /// It waited for the phone while that was offline.
    pub offline: bool,
    pub content: Content,
    pub at: Timestamp,
    pub status: MessageStatus,
}

/// A chat with its newest message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub chat: Jid,
    pub messages: usize,
    pub unread: usize,
    pub last: PhoneMessage,
}

/// All messages of a phone, oldest first.
#[derive(Debug, Default)]
pub(super) struct Messages {
    all: Vec<PhoneMessage>,
    /// Where a message stands in `all`. A text to oneself is there twice: it went out and came in.
    places: HashMap<(String, Direction), usize>,
}

impl Messages {
    /// Adds a message. One that is there already (same id, same direction) is kept, unless it had not been decryptable.
    /// Says whether anything changed.
    pub fn add(&mut self, message: PhoneMessage) -> bool {
        match self.find_mut(&message.id, message.direction) {
            Some(old) if matches!(old.content, Content::Undecryptable(_)) && *old != message => {
                *old = message;
                true
            }
            Some(_) => false,
            None => {
                self.places.insert((message.id.clone(), message.direction), self.all.len());
                self.all.push(message);
                true
            }
        }
    }

    pub fn find(&self, id: &str, direction: Direction) -> Option<&PhoneMessage> {
        self.places.get(&(id.to_owned(), direction)).and_then(|place| self.all.get(*place))
    }

    /// Raises the status; receipts that come late never lower it. Says whether it rose.
    pub fn advance(&mut self, id: &str, direction: Direction, status: MessageStatus) -> bool {
        match self.find_mut(id, direction) {
            Some(message) if message.status < status => {
                message.status = status;
                true
            }
            Some(_) | None => false,
        }
    }

    /// The network refused it.
    pub fn fail(&mut self, id: &str) {
        if let Some(message) = self.find_mut(id, Direction::Out) {
            message.status = MessageStatus::Failed;
        }
    }

    fn find_mut(&mut self, id: &str, direction: Direction) -> Option<&mut PhoneMessage> {
        self.places.get(&(id.to_owned(), direction)).and_then(|place| self.all.get_mut(*place))
    }

    pub fn all(&self) -> &[PhoneMessage] {
        &self.all
    }

    pub fn clear(&mut self) {
        self.all.clear();
        self.places.clear();
    }

    /// The chats, the one with the newest message first.
    pub fn conversations(&self) -> Vec<Conversation> {
        let mut chats: Vec<Conversation> = Vec::new();
        for message in self.all.iter().rev() {
            let unread = usize::from(message.direction == Direction::In && message.status < MessageStatus::Read);
            match chats.iter_mut().find(|chat| chat.chat == message.chat) {
                Some(chat) => {
                    chat.messages += 1;
                    chat.unread += unread;
                }
                None => chats.push(Conversation { chat: message.chat.clone(), messages: 1, unread, last: message.clone() }),
            }
        }
        chats
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn message(id: &str, chat: &str, content: Content) -> PhoneMessage {
        PhoneMessage {
            id: id.to_owned(),
            chat: Jid::pn(chat),
            from: Jid::pn(chat),
            direction: Direction::In,
            by_companion: false,
            offline: false,
            content,
            at: Timestamp::UNIX_EPOCH,
            status: MessageStatus::Delivered,
        }
    }

    #[test]
    fn a_message_that_comes_twice_is_kept_once() {
        let mut messages = Messages::default();
        assert!(messages.add(message("1", "15550100101", Content::Text("a".to_owned()))));
        assert!(!messages.add(message("1", "15550100101", Content::Text("a".to_owned()))));
        assert_eq!(messages.all().len(), 1);
    }

    #[test]
    fn a_retry_replaces_the_message_that_could_not_be_decrypted() {
        let mut messages = Messages::default();
        messages.add(message("1", "15550100101", Content::Undecryptable("no session".to_owned())));
        assert!(messages.add(message("1", "15550100101", Content::Text("a".to_owned()))));
        assert_eq!(messages.all()[0].content.text(), Some("a"));
    }

    #[test]
    fn a_late_delivery_receipt_does_not_take_back_read() {
        let mut messages = Messages::default();
        messages.add(message("1", "15550100101", Content::Text("a".to_owned())));
        assert!(messages.advance("1", Direction::In, MessageStatus::Read));
        assert!(!messages.advance("1", Direction::In, MessageStatus::Delivered));
        assert_eq!(messages.all()[0].status, MessageStatus::Read);
    }

    #[test]
    fn conversations_come_newest_first_with_their_unread_count() {
        let mut messages = Messages::default();
        messages.add(message("1", "15550100101", Content::Text("a".to_owned())));
        messages.add(message("2", "15550100102", Content::Text("b".to_owned())));
        messages.add(message("3", "15550100101", Content::Text("c".to_owned())));
        messages.advance("1", Direction::In, MessageStatus::Read);
        let chats = messages.conversations();
        assert_eq!(chats.len(), 2);
        assert_eq!((chats[0].last.id.as_str(), chats[0].messages, chats[0].unread), ("3", 2, 1));
    }
}
