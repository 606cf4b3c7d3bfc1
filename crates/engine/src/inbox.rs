use crate::clock::Clock;
use crate::health::Health;
use async_trait::async_trait;
use domain::{ChannelId, Direction, Message, MessageId, MessageStatus, Timestamp};
use ledger::Ledger;
use socket::{InboundMessage, Inbox, InboxError};
use tokio_util::sync::CancellationToken;

/// Commits what comes in for one channel. Messages of a socket that is being let go are as true as any.
#[derive(Debug)]
pub(crate) struct ChannelInbox {
    pub channel: ChannelId,
    pub ledger: Ledger,
    pub clock: Clock,
    pub health: Health,
    /// Another worker holds the channel: WhatsApp tells it to that one.
    pub abandoned: CancellationToken,
}

#[async_trait]
impl Inbox for ChannelInbox {
    async fn commit(&self, messages: Vec<InboundMessage>) -> Result<(), InboxError> {
        if self.abandoned.is_cancelled() {
            return Err(InboxError("another worker holds the channel".to_owned()));
        }
        let now = self.clock.now();
        let rows = messages.into_iter().map(|message| row(self.channel, message, now, rand::random())).collect();
        match self.health.note(self.ledger.insert_inbound(rows, now).await) {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(channel.id = %self.channel, %error, "messages not stored; they stay with WhatsApp and come again");
                Err(InboxError(error.to_string()))
            }
        }
    }
}

fn row(channel: ChannelId, message: InboundMessage, now: Timestamp, random: u128) -> Message {
    Message {
        id: MessageId::new(now, random),
        channel,
        whatsapp_id: message.whatsapp_id,
        chat: message.chat,
        direction: Direction::Inbound,
        sender: message.sender,
        from_me: message.from_me,
        content: message.content,
        status: MessageStatus::Received,
        at: message.at,
        updated_at: now,
        outbox: domain::OutboxNote::default(),
        amended: domain::Amended::default(),
    }
}
