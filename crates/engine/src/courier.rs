//! Sends a channel's outbox, in order, over one logged-in socket.

use crate::clock::Clock;
use crate::health::Health;
use crate::outbox::{Next, Outcome, next_step};
use domain::{ChannelId, Message, MessageId, MessageStatus};
use futures::future::join_all;
use ledger::{Ledger, LedgerError};
use socket::{Outbound, Socket};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Messages marked together as being sent, to share a commit.
const TOGETHER: usize = 32;
/// Written messages that may be without WhatsApp's word. At this number sending waits for acks.
const UNANSWERED: usize = 128;
/// A message without WhatsApp's word for so long is sent once more, under the same id.
const ACK_DEADLINE: Duration = Duration::from_secs(60);
/// How soon a ledger that cannot be read or written is tried again.
const LEDGER_RETRY: Duration = Duration::from_secs(2);

pub(crate) struct Courier {
    pub channel: ChannelId,
    pub ledger: Ledger,
    pub clock: Clock,
    pub health: Health,
    pub socket: Arc<dyn Socket>,
    /// Rung when a message joins the outbox, or WhatsApp's word on some was noted.
    pub bell: Arc<Notify>,
}

/// Why a round ended early.
enum Pause {
    /// Nothing more leaves on this connection.
    Disconnected,
    For(Duration),
}

impl Courier {
    /// Runs until it is cancelled or the socket says that it is not connected. What was written but not answered by
    /// then goes out again with the next socket: the ledger still has it in the outbox.
    pub async fn run(self) {
        let mut written = HashMap::new();
        let mut head = (None, 0);
        loop {
            // Before the look, so that a ring during it is not missed.
            let rung = self.bell.notified();
            let fresh = match self.look(&mut written).await {
                Ok(fresh) => fresh,
                Err(error) => {
                    tracing::warn!(channel.id = %self.channel, %error, "the outbox cannot be read or marked");
                    self.clock.sleep(LEDGER_RETRY).await;
                    continue;
                }
            };
            if fresh.is_empty() {
                match written.values().min() {
                    // The deadline passing is as good as a ring.
                    Some(first) => {
                        let wait = (*first + ACK_DEADLINE).saturating_sub(self.clock.passed());
                        self.clock.timeout(wait, rung).await;
                    }
                    None => rung.await,
                }
                continue;
            }
            match self.send_all(fresh, &mut written, &mut head).await {
                None => {}
                Some(Pause::For(span)) => self.clock.sleep(span).await,
                Some(Pause::Disconnected) => return,
            }
        }
    }

    /// The next messages to write, marked as being sent. `written`: those that wait for WhatsApp's word, with when they left (by the monotonic clock).
    async fn look(&self, written: &mut HashMap<MessageId, Duration>) -> Result<Vec<Message>, LedgerError> {
        let room = UNANSWERED.saturating_sub(written.len()).min(TOGETHER);
        let limit = u32::try_from(written.len() + room).unwrap_or(u32::MAX);
        let waiting = self.ledger.outbox(self.channel, limit.max(1)).await?;
        let now = self.clock.passed();
        // What left the outbox was answered; what was not answered in time goes again, in its order.
        written.retain(|id, left| waiting.iter().any(|m| m.id == *id) && now.saturating_sub(*left) < ACK_DEADLINE);
        let fresh: Vec<_> = waiting.into_iter().filter(|m| !written.contains_key(&m.id)).take(room).collect();
        let at = self.clock.now();
        let unmarked = fresh.iter().filter(|m| m.status == MessageStatus::Queued);
        let marked = join_all(unmarked.map(|m| self.ledger.set_status(m.id, MessageStatus::Sending, at))).await;
        self.health.note(marked.into_iter().collect::<Result<Vec<_>, _>>())?;
        Ok(fresh)
    }

    /// `head`: the message tried last, and how often in a row.
    async fn send_all(
        &self,
        messages: Vec<Message>,
        written: &mut HashMap<MessageId, Duration>,
        head: &mut (Option<MessageId>, u32),
    ) -> Option<Pause> {
        for message in messages {
            let id = message.id;
            *head = if head.0 == Some(id) { (head.0, head.1 + 1) } else { (Some(id), 1) };
            let outbound = Outbound { whatsapp_id: message.whatsapp_id, chat: message.chat, content: message.content };
            let outcome = match self.socket.send(outbound).await {
                Ok(()) => Outcome::Written,
                Err(error) => Outcome::Refused(error),
            };
            let now = self.clock.now();
            match next_step(&outcome, head.1, now) {
                Next::AwaitAck => {
                    written.insert(id, self.clock.passed());
                }
                Next::WaitForConnection => return Some(Pause::Disconnected),
                Next::Retry { at } => {
                    tracing::info!(channel.id = %self.channel, message.id = %id, ?outcome, "a send was not answered; it is tried again");
                    return Some(Pause::For(at.since(now)));
                }
                Next::End(reason) => {
                    tracing::warn!(channel.id = %self.channel, message.id = %id, ?outcome, "a message cannot be sent");
                    let failed = self.ledger.set_status(id, MessageStatus::Failed(reason), now).await;
                    if self.health.note(failed).is_err() {
                        return Some(Pause::For(LEDGER_RETRY));
                    }
                }
            }
        }
        None
    }
}
