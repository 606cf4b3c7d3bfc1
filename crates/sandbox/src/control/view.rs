//! The JSON of phones, devices and messages.

use serde::Serialize;
use utoipa::ToSchema;

use crate::network::DeviceView;
use crate::phone::{Conversation, Direction, MessageStatus, Phone, PhoneMessage};

/// A simulated phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhoneOut {
    /// Digits, country code first.
    #[schema(example = "15550100101")]
    pub number: String,
    #[schema(example = "Ada")]
    pub name: String,
    /// The account's other address.
    pub lid: String,
    pub online: bool,
    /// Answers every text with `Echo: …`.
    pub auto_reply: bool,
    /// Sends another copy to whoever could not decrypt the first.
    pub answers_retries: bool,
    pub unread: usize,
    pub linked_devices: Vec<DeviceOut>,
}

/// A companion in a phone's list of linked devices.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceOut {
    #[schema(example = "15550100101:1@s.whatsapp.net")]
    pub device: String,
    pub lid: String,
    /// What the client called itself.
    pub platform: String,
    /// Its socket is logged in right now.
    pub online: bool,
    /// Stanzas that wait for it.
    pub queued: usize,
    /// One-time pre-keys that it has left on the network.
    pub pre_keys_left: usize,
}

/// A message as the phone shows it, decrypted.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageOut {
    pub id: String,
    /// Its place among all messages of the phone, from 0: the order in which their first copies came.
    pub place: Option<usize>,
    /// The other party's address.
    #[schema(example = "15550100102@s.whatsapp.net")]
    pub chat: String,
    /// The sending device.
    pub from: String,
    #[schema(value_type = String, example = "in")]
    pub direction: Direction,
    /// A companion of this phone sent it.
    pub by_companion: bool,
    /// It had waited while the phone was offline.
    pub offline: bool,
    /// `text`, `edit`, `revoke`, `reaction`, `undecryptable`, or the protocol's name of a kind that the phone does not show.
    #[schema(example = "text")]
    pub kind: String,
    /// Of a text; of an edit: the new one.
    pub text: Option<String>,
    /// The message that an edit, a revoke or a reaction is about.
    pub target: Option<String>,
    /// Of a reaction; empty: taken back.
    pub emoji: Option<String>,
    /// RFC 3339.
    pub at: String,
    /// `pending`, `sent`, `delivered`, `read` or `failed`.
    #[schema(value_type = String, example = "delivered")]
    pub status: MessageStatus,
    /// How often it has reached the phone readably: 1 is right, more are duplicates; 0 for what the phone itself wrote.
    pub arrivals: u32,
}

/// A chat of a phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationOut {
    pub chat: String,
    pub messages: usize,
    pub unread: usize,
    pub last: MessageOut,
}

impl PhoneOut {
    pub async fn of(phone: &Phone) -> Self {
        let unread = phone.conversations().await.iter().map(|chat| chat.unread).sum();
        Self {
            number: phone.number().to_owned(),
            name: phone.push_name().await,
            lid: phone.account().lid.to_string(),
            online: phone.is_online(),
            auto_reply: phone.auto_reply().await,
            answers_retries: phone.answers_retries().await,
            unread,
            linked_devices: phone.linked_devices().iter().map(DeviceOut::from).collect(),
        }
    }
}

impl From<&DeviceView> for DeviceOut {
    fn from(view: &DeviceView) -> Self {
        Self {
            device: view.device.to_string(),
            lid: view.lid.to_string(),
            platform: view.platform.clone(),
            online: view.online,
            queued: view.queued,
            pre_keys_left: view.pre_keys_left,
        }
    }
}

impl From<&PhoneMessage> for MessageOut {
    fn from(message: &PhoneMessage) -> Self {
        Self {
            id: message.id.clone(),
            place: None,
            chat: message.chat.to_string(),
            from: message.from.to_string(),
            direction: message.direction,
            by_companion: message.by_companion,
            offline: message.offline,
            kind: message.content.kind().to_owned(),
            text: message.content.text().or(message.content.new_text()).map(str::to_owned),
            target: message.content.target().map(str::to_owned),
            emoji: message.content.emoji().map(str::to_owned),
            at: message.at.to_string(),
            status: message.status,
            arrivals: message.arrivals,
        }
    }
}

impl From<&Conversation> for ConversationOut {
    fn from(conversation: &Conversation) -> Self {
        Self {
            chat: conversation.chat.to_string(),
            messages: conversation.messages,
            unread: conversation.unread,
            last: MessageOut::from(&conversation.last),
        }
    }
}
