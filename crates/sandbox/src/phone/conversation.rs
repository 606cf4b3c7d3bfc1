//! What a phone has in its chats: every message it sent, received or saw a companion send, decrypted.

use std::collections::HashMap;

use jiff::Timestamp;
use wacore_binary::Jid;

/// Which way a message went, seen from the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
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
    /// A new text for the message `target`.
    Edit {
        target: String,
        text: String,
    },
    /// The message `target` is deleted for everyone.
    Revoke {
        target: String,
    },
    /// Somebody's feeling about the message `target`; an empty emoji takes an earlier one back.
    Reaction {
        target: String,
        emoji: String,
    },
    /// A kind without a model here, by its name in the protocol (`image`, `poll_creation`, …).
    Other(String),
    /// It arrived but could not be decrypted; a retry was asked for.
    Undecryptable(String),
}

impl Content {
    /// The text of a text; that of an edit is [`Self::new_text`].
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Edit { .. } | Self::Revoke { .. } | Self::Reaction { .. } | Self::Other(_) | Self::Undecryptable(_) => None,
        }
    }

    /// What an edit puts in place of its target's text.
    pub fn new_text(&self) -> Option<&str> {
        match self {
            Self::Edit { text, .. } => Some(text),
            Self::Text(_) | Self::Revoke { .. } | Self::Reaction { .. } | Self::Other(_) | Self::Undecryptable(_) => None,
        }
    }

    pub fn emoji(&self) -> Option<&str> {
        match self {
            Self::Reaction { emoji, .. } => Some(emoji),
            Self::Text(_) | Self::Edit { .. } | Self::Revoke { .. } | Self::Other(_) | Self::Undecryptable(_) => None,
        }
    }

    /// The message that an edit, a revoke or a reaction is about.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Edit { target, .. } | Self::Revoke { target } | Self::Reaction { target, .. } => Some(target),
            Self::Text(_) | Self::Other(_) | Self::Undecryptable(_) => None,
        }
    }

    /// `text`, `edit`, `revoke`, `reaction`, the protocol's name of another kind, or `undecryptable`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Edit { .. } => "edit",
            Self::Revoke { .. } => "revoke",
            Self::Reaction { .. } => "reaction",
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
    /// How often it has reached this phone readably, in whatever number of stanzas and of ciphertexts: 1 is right, more are
    /// duplicates, which a phone shows once. 0 for what the phone itself wrote, and while it is undecryptable.
    pub arrivals: u32,
}

/// A chat with its newest message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub chat: Jid,
    pub messages: usize,
    pub unread: usize,
    pub last: PhoneMessage,
}

/// All messages of a phone, in the order in which their first copies came (or were written).
#[derive(Debug, Default)]
pub(super) struct Messages {
    all: Vec<PhoneMessage>,
    /// Where a message stands in `all`. A text to oneself is there twice: it went out and came in.
    places: HashMap<(String, Direction), usize>,
}

impl Messages {
    /// Adds a message. One that is there already (same id, same direction) is kept and its arrival counted, unless it had
    /// not been decryptable: then this one takes its place. Says whether there is anything new to see.
    pub fn add(&mut self, message: PhoneMessage) -> bool {
        match self.find_mut(&message.id, message.direction) {
            Some(old) if matches!(old.content, Content::Undecryptable(_)) => {
                let new = *old != message;
                *old = message;
                new
            }
            // Another copy cannot be read: the one that is there is as good.
            Some(_) if matches!(message.content, Content::Undecryptable(_)) => false,
            Some(old) => {
                old.arrivals += 1;
                false
            }
            None => {
                self.places.insert((message.id.clone(), message.direction), self.all.len());
                self.all.push(message);
                true
            }
        }
    }

    /// The very ciphertext of a message came again. False if that message has never been read.
    pub fn came_again(&mut self, id: &str, direction: Direction) -> bool {
        match self.find_mut(id, direction) {
            Some(known) if !matches!(known.content, Content::Undecryptable(_)) => {
                known.arrivals += 1;
                true
            }
            Some(_) | None => false,
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
            arrivals: 1,
        }
    }

    #[test]
    fn a_message_that_comes_twice_is_kept_once() {
        let mut messages = Messages::default();
        assert!(messages.add(message("1", "15550100101", Content::Text("a".to_owned()))));
        assert!(!messages.add(message("1", "15550100101", Content::Text("a".to_owned()))));
        assert_eq!((messages.all().len(), messages.all()[0].arrivals), (1, 2));
        assert!(messages.came_again("1", Direction::In));
        assert!(!messages.came_again("2", Direction::In), "a ciphertext of a message that nobody has seen");
        assert_eq!(messages.all()[0].arrivals, 3);
    }

    #[test]
    fn a_retry_replaces_the_message_that_could_not_be_decrypted() {
        let mut messages = Messages::default();
        messages.add(message("1", "15550100101", Content::Undecryptable("no session".to_owned())));
        assert!(messages.add(message("1", "15550100101", Content::Text("a".to_owned()))));
        assert_eq!((messages.all()[0].content.text(), messages.all()[0].arrivals), (Some("a"), 1));
        assert!(!messages.came_again("9", Direction::In));
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
