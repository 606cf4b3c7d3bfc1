use crate::{Phone, PhoneError};
use std::fmt;
use std::str::FromStr;

/// A chat by WhatsApp's canonical JID: `15550100123@s.whatsapp.net`, `…@lid`, `…@g.us`, `…@newsletter`
/// or `status@broadcast`. Never carries a device part.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatId(String);

impl ChatId {
    /// The one-to-one chat with a phone number.
    pub fn of_phone(phone: &Phone) -> Self {
        ChatId(format!("{}@s.whatsapp.net", phone.digits()))
    }

    /// A chat as WhatsApp itself named it: also servers and users that nobody would write by hand (`0@s.whatsapp.net`,
    /// `…@bot`). `None` when it is not even of that shape.
    pub fn from_wire(user: &str, server: &str) -> Option<Self> {
        let plain = |text: &str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        (plain(user) && plain(server)).then(|| ChatId(format!("{user}@{server}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn user(&self) -> &str {
        self.0.split_once('@').map_or(self.0.as_str(), |(user, _)| user)
    }

    /// The part after the `@`.
    pub fn server(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, server)| server)
    }
}

/// Why a text names no chat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    #[error("not a chat: give a phone number like +15550100123 or a WhatsApp id like 15550100123@s.whatsapp.net")]
    NotAChat,
    #[error(transparent)]
    Phone(#[from] PhoneError),
}

const SERVERS: [&str; 5] = ["s.whatsapp.net", "lid", "g.us", "newsletter", "broadcast"];

impl FromStr for ChatId {
    type Err = RecipientError;

    /// Takes a JID; `c.us`, the older form of `s.whatsapp.net`, is brought to the canonical one.
    fn from_str(text: &str) -> Result<Self, RecipientError> {
        let (user, server) = text.trim().split_once('@').ok_or(RecipientError::NotAChat)?;
        let server = if server == "c.us" { "s.whatsapp.net" } else { server };
        if !SERVERS.contains(&server) || user.is_empty() || user.len() > 64 {
            return Err(RecipientError::NotAChat);
        }
        // A device part (`user:3@…`) names a phone or computer of the person, not the chat with them.
        let user = user.split(':').next().unwrap_or(user);
        let fits = match server {
            "s.whatsapp.net" => user.parse::<Phone>().is_ok_and(|p| p.digits() == user),
            "broadcast" => user == "status" || (!user.is_empty() && user.bytes().all(|b| b.is_ascii_digit())),
            _ => !user.is_empty() && user.bytes().all(|b| b.is_ascii_digit() || b == b'-'),
        };
        if fits { Ok(ChatId(format!("{user}@{server}"))) } else { Err(RecipientError::NotAChat) }
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a program may write into `to`: a phone number or a chat id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(ChatId);

impl Recipient {
    pub fn into_chat(self) -> ChatId {
        self.0
    }
}

impl FromStr for Recipient {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Self, RecipientError> {
        if text.contains('@') {
            return text.parse().map(Recipient);
        }
        let phone: Phone = text.parse()?;
        Ok(Recipient(ChatId::of_phone(&phone)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_chat_has_one_id_however_it_is_written() {
        for text in ["+1 555 010 0123", "15550100123@s.whatsapp.net", "15550100123@c.us", "15550100123:7@s.whatsapp.net"] {
            let to: Recipient = text.parse().unwrap();
            assert_eq!(to.into_chat().as_str(), "15550100123@s.whatsapp.net", "{text}");
        }
    }

    #[test]
    fn refuses_what_names_no_chat() {
        for text in ["", "nobody", "@lid", ":@broadcast", ":1@lid", "1@example.org", "abc@s.whatsapp.net", "x y@g.us"] {
            assert!(text.parse::<Recipient>().is_err(), "{text}");
        }
    }
}
