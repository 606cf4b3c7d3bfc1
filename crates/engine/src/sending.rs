use crate::engine::Engine;
use crate::error::CommandError;
use domain::{ChannelId, Content, Direction, Message, MessageId, MessageStatus, Recipient};
use rand::RngCore;

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub to: Recipient,
    pub content: Content,
}

impl Engine {
    /// Puts a message into the channel's outbox. When this returns, the message is durable under its id and its WhatsApp id;
    /// it leaves in order as soon as the channel is connected.
    pub async fn send(&self, id: ChannelId, new: NewMessage) -> Result<Message, CommandError> {
        if self.inner.shutdown.is_cancelled() {
            return Err(CommandError::ShuttingDown);
        }
        let view = self.channel(id).ok_or(CommandError::NotFound)?;
        let seat = self.inner.seat(id).ok_or(CommandError::NotFound)?;
        if !view.paired {
            return Err(CommandError::Conflict {
                code: "not_paired",
                sentence: "This channel is not linked to a phone. Pair it first.",
            });
        }
        match &new.content {
            Content::Text { .. } => {}
            Content::Unsupported { .. }
            | Content::Undecryptable
            | Content::Reaction { .. }
            | Content::Edit { .. }
            | Content::Revoke { .. } => {
                return Err(CommandError::Conflict { code: "not_sendable", sentence: "This kind of message cannot be sent." });
            }
        }
        let now = self.inner.clock.now();
        let message = Message {
            id: MessageId::new(now, rand::random()),
            channel: id,
            whatsapp_id: whatsapp_id(),
            chat: new.to.into_chat(),
            direction: Direction::Outbound,
            sender: view.identity.map(|identity| identity.person()).unwrap_or_default(),
            from_me: true,
            content: new.content,
            status: MessageStatus::Queued,
            at: now,
            updated_at: now,
            outbox: domain::OutboxNote::default(),
            amended: domain::Amended::default(),
        };
        match self.inner.health.note(self.inner.ledger.insert_outbound(message.clone(), None, None).await) {
            Ok(_) => {}
            Err(ledger::LedgerError::NoSuchChannel) => return Err(CommandError::NotFound),
            Err(error) => return Err(error.into()),
        }
        seat.bell.notify_one();
        Ok(message)
    }
}

/// An id as WhatsApp's own web client makes them: `3EB0` and 18 hexadecimal digits.
fn whatsapp_id() -> String {
    let mut random = [0; 9];
    rand::rng().fill_bytes(&mut random);
    let digits: String = random.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("3EB0{digits}")
}
