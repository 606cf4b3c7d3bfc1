//! What a person says to a message that an app may only propose.

use crate::engine::Engine;
use crate::error::CommandError;
use crate::sending::check_sendable;
use domain::{Content, Message, MessageId, MessageStatus};
use ledger::Answered;

impl Engine {
    /// Lets a message that waits for a person into the outbox, at its end: what was queued for its chat meanwhile leaves before it. With
    /// another content when the person changed it. `NotFound`; `Conflict` when it does not wait any more, or when its channel is
    /// not linked.
    pub async fn approve(&self, id: MessageId, edited: Option<Content>) -> Result<Message, CommandError> {
        let message = self.inner.ledger.message(id).await?.ok_or(CommandError::NotFound)?;
        if message.status != MessageStatus::Asking {
            return Err(NOT_ASKING);
        }
        if let Some(content) = &edited {
            check_sendable(content)?;
        }
        self.linked(message.channel).await?;
        let approved = self.inner.ledger.approve(id, edited, self.inner.clock.now()).await;
        let message = match self.inner.health.note(approved)? {
            Answered::Done(message) => message,
            // Somebody else was faster, or its time is over.
            Answered::TooLate(_) => return Err(NOT_ASKING),
            Answered::Unknown => return Err(CommandError::NotFound),
        };
        self.inner.expiry_bell.notify_one();
        self.ring(message.channel);
        self.fail_when_unlinked(message.channel).await;
        Ok(message)
    }

    /// Says no to a message that waits for a person: it never leaves. No error when that was done before. `NotFound`; `Conflict` when
    /// it does not wait any more.
    pub async fn deny(&self, id: MessageId) -> Result<Message, CommandError> {
        if self.inner.shutdown.is_cancelled() {
            return Err(CommandError::ShuttingDown);
        }
        match self.inner.health.note(self.inner.ledger.deny(id, self.inner.clock.now()).await)? {
            Answered::Done(message) => Ok(message),
            Answered::TooLate(_) => Err(NOT_ASKING),
            Answered::Unknown => Err(CommandError::NotFound),
        }
    }
}

const NOT_ASKING: CommandError = CommandError::Conflict {
    code: "not_asking",
    sentence: "This message does not wait for an answer: it was answered for, withdrawn, or its time is over.",
};
