use domain::{ChatId, Content, Person, Timestamp};

/// A message to send, under an id fixed beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    pub whatsapp_id: String,
    pub chat: ChatId,
    pub content: Content,
}

/// A message id in the form that WhatsApp Web gives its own: `3EB0` and 18 upper-case hex digits, taken from the low
/// 72 bits of `random`.
pub fn new_message_id(random: u128) -> String {
    format!("3EB0{:018X}", random & ((1 << 72) - 1))
}

/// A message as it came in, decrypted (or not: see [`Content::Undecryptable`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundMessage {
    pub whatsapp_id: String,
    /// The one id of the chat, however its parties were addressed on the wire.
    pub chat: ChatId,
    pub sender: Person,
    /// Written by the channel's own account on another device.
    pub from_me: bool,
    pub content: Content,
    /// WhatsApp's clock.
    pub at: Timestamp,
}

/// Why a message did not go out on this socket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was lost: try again on the next connection.
    #[error("not connected")]
    NotConnected,
    #[error("this number is not on WhatsApp")]
    NoSuchRecipient,
    #[error("whatsapp did not answer in time")]
    TimedOut,
    #[error("not possible in the present state: {0}")]
    NotNow(&'static str),
    #[error("cannot be sent: {0}")]
    Rejected(String),
}

#[cfg(test)]
mod tests {
    use super::new_message_id;

    #[test]
    fn a_message_id_looks_like_one_of_whatsapp_web() {
        assert_eq!(new_message_id(0), "3EB0000000000000000000");
        assert_eq!(new_message_id(u128::MAX), "3EB0FFFFFFFFFFFFFFFFFF");
    }
}
