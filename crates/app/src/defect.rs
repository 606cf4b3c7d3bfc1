//! A program that is broken on purpose, to show that the chaos test finds it. Sandbox builds only, and only when
//! `SANDBOX_DEFECT` names a defect.

use async_trait::async_trait;
use domain::ChannelId;
use socket::{InboundMessage, Inbox, InboxError, Opening, Socket, SocketFactory, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Tells WhatsApp that a message is kept, and keeps it this much later.
const COMMIT_LATER: Duration = Duration::from_millis(400);

/// The factory, or a broken one around it.
pub(crate) fn of(factory: Arc<dyn SocketFactory>) -> Arc<dyn SocketFactory> {
    match std::env::var("SANDBOX_DEFECT").as_deref() {
        Ok("ack-before-commit") => {
            tracing::warn!("broken on purpose: WhatsApp gets its ack before a message is written");
            Arc::new(Hasty(factory))
        }
        Ok(_) | Err(_) => factory,
    }
}

struct Hasty(Arc<dyn SocketFactory>);

#[async_trait]
impl SocketFactory for Hasty {
    async fn open(&self, opening: Opening) -> Box<dyn Socket> {
        let inbox = Arc::new(HastyInbox(opening.inbox.clone()));
        self.0.open(Opening { inbox, ..opening }).await
    }

    async fn is_paired(&self, channel: ChannelId) -> Result<bool, StoreError> {
        self.0.is_paired(channel).await
    }

    async fn shred(&self, channel: ChannelId) -> Result<(), StoreError> {
        self.0.shred(channel).await
    }
}

struct HastyInbox(Arc<dyn Inbox>);

#[async_trait]
impl Inbox for HastyInbox {
    async fn commit(&self, messages: Vec<InboundMessage>) -> Result<(), InboxError> {
        let inbox = self.0.clone();
        tokio::spawn(async move {
            tokio::time::sleep(COMMIT_LATER).await;
            inbox.commit(messages).await
        });
        Ok(())
    }
}
