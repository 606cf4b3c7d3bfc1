use crate::engine::Engine;
use crate::error::CommandError;
use crate::holding::Holding;
use domain::{
    Amended, AppId, ChannelId, ChannelView, Content, Direction, FailReason, Message, MessageId, MessageStatus, OutboxNote,
    Recipient, Timestamp,
};
use ledger::{Accepted, Cancelled, Idempotency, LedgerError};
use std::collections::BTreeSet;

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub to: Recipient,
    pub content: Content,
    /// Not before this moment; at once when it has passed. Until then it holds nothing back.
    pub send_at: Option<Timestamp>,
    /// Not after this moment: a message that still waits then expires.
    pub expires_at: Option<Timestamp>,
    pub idempotency: Option<Idempotency>,
    /// The app that wants it sent.
    pub app: Option<AppId>,
    /// A person has to say yes until this moment, before it enters the outbox ([`Engine::approve`]).
    pub ask_until: Option<Timestamp>,
}

impl NewMessage {
    /// As soon as possible, and however long that takes.
    pub fn new(to: Recipient, content: Content) -> Self {
        NewMessage { to, content, send_at: None, expires_at: None, idempotency: None, app: None, ask_until: None }
    }
}

impl Engine {
    /// Puts a message into the channel's outbox. When this returns, the message is durable under its id and its WhatsApp id;
    /// it leaves in order as soon as the channel is connected. What was accepted under the same [`NewMessage::idempotency`] is
    /// given again as it was answered then, and nothing is sent twice. With [`NewMessage::ask_until`] it waits for a person first,
    /// and is as durable.
    pub async fn send(&self, id: ChannelId, new: NewMessage) -> Result<Message, CommandError> {
        let view = self.linked(id).await?;
        check_sendable(&new.content)?;
        let now = self.inner.clock.now();
        let message = Message {
            id: MessageId::new(now, rand::random()),
            channel: id,
            whatsapp_id: socket::new_message_id(rand::random()),
            chat: new.to.into_chat(),
            direction: Direction::Outbound,
            sender: view.identity.map(|identity| identity.person()).unwrap_or_default(),
            from_me: true,
            content: new.content,
            status: MessageStatus::Queued,
            at: now,
            updated_at: now,
            outbox: OutboxNote { send_at: new.send_at, expires_at: new.expires_at, app: new.app, ..OutboxNote::default() },
            amended: Amended::default(),
        };
        let ledger = &self.inner.ledger;
        let accepted = match new.ask_until {
            Some(until) => ledger.accept_asking(message, until, new.idempotency, Some(MAX_ASKING)).await,
            None => ledger.insert_outbound(message, new.idempotency, Some(self.inner.outbox.max_queued)).await,
        };
        match self.inner.health.note(accepted) {
            Ok(Accepted::New(message)) => {
                if message.outbox.expires_at.is_some() || message.outbox.ask_until.is_some() {
                    self.inner.expiry_bell.notify_one();
                }
                self.ring(id);
                self.fail_when_unlinked(id).await;
                Ok(message)
            }
            Ok(Accepted::Again(message)) => Ok(message),
            Ok(Accepted::OtherBody) => Err(CommandError::IdempotencyOtherBody),
            Err(LedgerError::NoSuchChannel) => Err(CommandError::NotFound),
            Err(LedgerError::QueueFull) => Err(CommandError::QueueFull),
            Err(error) => Err(error.into()),
        }
    }

    /// Has a failed message tried anew, at the end of the outbox. `Conflict` when it has not failed, or when its channel is not
    /// linked.
    pub async fn retry(&self, id: MessageId) -> Result<Message, CommandError> {
        let message = self.inner.ledger.message(id).await?.ok_or(CommandError::NotFound)?;
        let channel = message.channel;
        match message.status {
            MessageStatus::Failed(_) => {}
            MessageStatus::Received
            | MessageStatus::Asking
            | MessageStatus::Denied
            | MessageStatus::Queued
            | MessageStatus::Sending
            | MessageStatus::Sent
            | MessageStatus::Delivered
            | MessageStatus::Read
            | MessageStatus::Played
            | MessageStatus::Cancelled
            | MessageStatus::Expired => return Err(NOT_FAILED),
        }
        self.linked(channel).await?;
        let retried = self.inner.health.note(self.inner.ledger.retry(id, self.inner.clock.now()).await)?;
        // Somebody else was faster.
        let message = retried.ok_or(NOT_FAILED)?;
        self.inner.expiry_bell.notify_one();
        self.ring(channel);
        self.fail_when_unlinked(channel).await;
        Ok(message)
    }

    /// Takes a message out of the outbox, withdraws one that waits for a person, or discards one that has failed. No error when that was done before. `Conflict` when it is
    /// being sent or has left: whether it did is decided by the ledger's row, against which nothing leaves.
    pub async fn cancel(&self, id: MessageId) -> Result<Message, CommandError> {
        if self.inner.shutdown.is_cancelled() {
            return Err(CommandError::ShuttingDown);
        }
        match self.inner.health.note(self.inner.ledger.cancel(id, self.inner.clock.now()).await)? {
            Cancelled::Done(message) => {
                // It may have held its chat back.
                self.ring(message.channel);
                Ok(message)
            }
            Cancelled::TooLate(_) => Err(CommandError::Conflict {
                code: "not_cancellable",
                sentence: "This message is being sent or has left already.",
            }),
            Cancelled::Unknown => Err(CommandError::NotFound),
        }
    }

    pub(crate) async fn linked(&self, id: ChannelId) -> Result<ChannelView, CommandError> {
        if self.inner.shutdown.is_cancelled() {
            return Err(CommandError::ShuttingDown);
        }
        if let Holding::Assigned { .. } = self.inner.holding
            && self.channel(id).is_none_or(|view| !view.paired)
        {
            // Others may have made or linked it just now.
            self.inner.read_these(&BTreeSet::from([id])).await?;
        }
        let view = self.channel(id).ok_or(CommandError::NotFound)?;
        if view.paired {
            Ok(view)
        } else {
            Err(CommandError::Conflict {
                code: "not_paired",
                sentence: "This channel is not linked to a phone. Pair it first.",
            })
        }
    }

    /// The session may have ended for good while the row was being written, and what it left have been failed already: this one
    /// must not wait for the next account that is linked here.
    pub(crate) async fn fail_when_unlinked(&self, id: ChannelId) {
        if self.channel(id).is_some_and(|view| !view.paired) {
            let failed = self.inner.ledger.fail_queued(id, FailReason::SessionEnded, self.inner.clock.now()).await;
            if let Err(error) = self.inner.health.note(failed) {
                tracing::warn!(channel.id = %id, %error, "what waits in the outbox of an unlinked channel cannot be failed yet");
            }
        }
    }

    /// The holder elsewhere hears of it from the ledger.
    pub(crate) fn ring(&self, id: ChannelId) {
        if let Some(seat) = self.inner.seat(id) {
            seat.bell.notify_one();
        }
    }
}

pub(crate) fn check_sendable(content: &Content) -> Result<(), CommandError> {
    match content {
        Content::Text { .. } => Ok(()),
        Content::Unsupported { .. }
        | Content::Undecryptable
        | Content::Reaction { .. }
        | Content::Edit { .. }
        | Content::Revoke { .. } => {
            Err(CommandError::Conflict { code: "not_sendable", sentence: "This kind of message cannot be sent." })
        }
    }
}

/// Messages of one app that may wait for a person at once; further ones are refused with
/// [`CommandError::QueueFull`]. More than that nobody reads before he says yes.
const MAX_ASKING: u32 = 100;

const NOT_FAILED: CommandError =
    CommandError::Conflict { code: "not_failed", sentence: "This message has not failed, so there is nothing to try again." };
