//! Messages that come in: into the engine's inbox before WhatsApp gets its ack.

use super::shared::Shared;
use crate::content::content;
use crate::people;
use anyhow::Context as _;
use async_trait::async_trait;
use domain::{Content, Timestamp};
use socket::{EVENT_CAPACITY, InboundMessage, Inbox};
use std::sync::Arc;
use std::time::Duration;
use wacore::types::events::{DecryptFailMode, InboundMessage as Arrived, MessageBatch, UnavailableType, UndecryptableMessage};
use wacore::types::message::{MessageCategory, MessageInfo};
use wacore_binary::JidExt as _;
use whatsapp_rust::{Client, InboundDurabilityHook};

/// How often the inbox is asked before the message stays with WhatsApp, and how long between.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// Called by whatsapp-rust before each ack: `Ok` lets it go out, an error keeps the messages with WhatsApp.
pub(super) struct Hook {
    inbox: Arc<dyn Inbox>,
    shared: Arc<Shared>,
}

impl Hook {
    pub fn new(inbox: Arc<dyn Inbox>, shared: Arc<Shared>) -> Self {
        Hook { inbox, shared }
    }
}

#[async_trait]
impl InboundDurabilityHook for Hook {
    async fn on_messages(&self, client: Arc<Client>, batch: &[Arrived]) -> anyhow::Result<()> {
        // While the engine lags behind with events, no further message is taken from WhatsApp.
        self.shared.caught_up(EVENT_CAPACITY).await;
        // What follows a message that was not stored comes after it, with the next connection.
        anyhow::ensure!(!self.shared.cannot_store(), "an earlier message was not stored");
        let messages = translated(&client, batch).await;
        commit(&self.inbox, &self.shared, messages).await
    }
}

/// Puts messages into the inbox, with some patience for a store that is busy.
async fn commit(inbox: &Arc<dyn Inbox>, shared: &Shared, messages: Vec<InboundMessage>) -> anyhow::Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut tries = 1;
    loop {
        match inbox.commit(messages.clone()).await {
            Ok(()) => return Ok(()),
            Err(e) if tries < TRIES && !shared.ending() => {
                tracing::debug!(channel.id = %shared.channel, error = %e, "the inbox refuses a message; asking again");
                tokio::time::sleep(PAUSE * tries).await;
                tries += 1;
            }
            Err(e) => {
                tracing::error!(channel.id = %shared.channel, error = %e, "a message stays with whatsapp");
                // WhatsApp gives it again to the next connection only.
                shared.storage_failed();
                return Err(e).context("inbound messages not stored");
            }
        }
    }
}

async fn translated(client: &Client, batch: &[Arrived]) -> Vec<InboundMessage> {
    let mut messages = Vec::with_capacity(batch.len());
    for arrived in batch {
        if let Some(content) = content(&arrived.message) {
            messages.extend(message(client, &arrived.info, content).await);
        }
    }
    messages
}

/// Those that whatsapp-rust acknowledges before anybody could commit them: of newsletters, and recovered by the phone.
pub(super) async fn past_the_hook(client: &Client, inbox: &Arc<dyn Inbox>, shared: &Shared, batch: &MessageBatch) {
    let late: Vec<Arrived> = batch
        .iter()
        .filter(|m| m.info.source.chat.is_newsletter() || m.info.unavailable_request_id.is_some())
        .cloned()
        .collect();
    let messages = translated(client, &late).await;
    // Logged there; there is nobody left to refuse it to.
    let _ = commit(inbox, shared, messages).await;
}

/// A message that none of our keys opens. The protocol asks its sender again; what comes then resolves this one.
pub(super) async fn undecryptable(client: &Client, inbox: &Arc<dyn Inbox>, shared: &Shared, lost: &UndecryptableMessage) {
    // Marked by its sender as nothing to see (a vote, a reaction).
    if lost.decrypt_fail_mode == DecryptFailMode::Hide {
        return;
    }
    let content = if lost.is_unavailable && lost.unavailable_type == UnavailableType::ViewOnce {
        // WhatsApp shows these on phones only.
        Content::Unsupported { kind: "viewOnceMessage".into() }
    } else {
        Content::Undecryptable
    };
    let messages = message(client, &lost.info, content).await.into_iter().collect();
    let _ = commit(inbox, shared, messages).await;
}

async fn message(client: &Client, info: &MessageInfo, content: Content) -> Option<InboundMessage> {
    // Between devices of one account.
    if info.category == MessageCategory::Peer {
        return None;
    }
    let source = &info.source;
    let chat_alternative = match (source.is_group, source.is_from_me) {
        (true, _) => None,
        (false, true) => source.recipient_alt.as_ref().or(info.peer_recipient_pn.as_ref()),
        (false, false) => source.sender_alt.as_ref(),
    };
    let Some(chat) = people::chat(client, &source.chat, chat_alternative).await else {
        tracing::error!(server = source.chat.server.as_str(), "a message of a chat that has no name was left out");
        return None;
    };
    let sender = people::person(client, &source.sender, source.sender_alt.as_ref(), Some(&info.push_name)).await;
    Some(InboundMessage {
        whatsapp_id: info.id.clone(),
        chat,
        sender,
        from_me: source.is_from_me,
        content,
        at: Timestamp::from_millis(info.timestamp.timestamp_millis()),
    })
}
