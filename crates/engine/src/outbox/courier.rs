//! Sends a channel's outbox, in order, over one logged-in socket.

use super::flight::SharedFlight;
use super::picker::{BATCHES_WAITING, Batch, Picker};
use super::verdict::{Refusal, Verdict, refused, unanswered};
use crate::clock::Clock;
use crate::line::Done;
use domain::MessageId;
use socket::{Outbound, Socket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// How soon a socket that says that it is not connected, and of which nobody has said that it is gone, is asked again.
const NOT_CONNECTED_RETRY: Duration = Duration::from_secs(1);

pub(crate) struct Courier {
    pub picker: Picker,
    pub socket: Arc<dyn Socket>,
}

impl Courier {
    /// Runs until it is dropped. What was marked or written but not answered by then goes out again with the next socket: the
    /// ledger still has it in the outbox, under the same WhatsApp id.
    pub async fn run(self) {
        let suspect = self.picker.flight.lock().grounded();
        if let Some(ticket) = suspect {
            tracing::warn!(message.id = %ticket.id, "the same message was unanswered whenever the connection was lost; it waits");
            let verdict = unanswered(ticket.attempts, rand::random());
            judge(&self.picker.flight, &self.picker.reports, ticket.id, verdict).await;
        }
        let (hand_over, batches) = mpsc::channel(BATCHES_WAITING);
        let carrier = Carrier {
            socket: self.socket,
            flight: self.picker.flight.clone(),
            clock: self.picker.clock.clone(),
            bell: self.picker.bell.clone(),
            reports: self.picker.reports.clone(),
        };
        // Side by side, so that the next batch is marked while this one is on its way.
        tokio::join!(self.picker.run(hand_over), carrier.run(batches));
    }
}

struct Carrier {
    socket: Arc<dyn Socket>,
    flight: SharedFlight,
    clock: Clock,
    bell: Arc<Notify>,
    reports: mpsc::Sender<Done>,
}

impl Carrier {
    async fn run(self, mut batches: mpsc::Receiver<Batch>) {
        while let Some(batch) = batches.recv().await {
            if !self.carry(batch).await {
                self.clock.sleep(NOT_CONNECTED_RETRY).await;
            }
            // What did not leave is to be found again.
            self.bell.notify_one();
        }
    }

    /// False: the socket takes nothing more for now.
    async fn carry(&self, batch: Batch) -> bool {
        let mut messages = batch.messages.into_iter();
        while let Some(message) = messages.next() {
            let (id, attempts) = (message.id, message.outbox.attempts);
            if !self.flight.lock().may_leave(&message.chat, batch.look) {
                self.flight.lock().held_back(id);
                continue;
            }
            let outbound = Outbound { whatsapp_id: message.whatsapp_id, chat: message.chat, content: message.content };
            match self.socket.send(outbound).await {
                Ok(()) => self.flight.lock().written(id, self.clock.passed()),
                Err(error) => match refused(&error, attempts, rand::random()) {
                    Refusal::Judged(verdict) => {
                        tracing::info!(message.id = %id, ?verdict, "a message did not leave");
                        // The library's own words may name the recipient.
                        tracing::debug!(message.id = %id, %error, "why a message did not leave");
                        judge(&self.flight, &self.reports, id, verdict).await;
                    }
                    Refusal::NotConnected => {
                        let rest = std::iter::once(id).chain(messages.map(|message| message.id));
                        self.flight.lock().turned_back(rest);
                        return false;
                    }
                },
            }
        }
        true
    }
}

/// Reports what is to become of a message; its driver writes it. Unless WhatsApp's word came first.
pub(super) async fn judge(flight: &SharedFlight, reports: &mpsc::Sender<Done>, id: MessageId, verdict: Verdict) {
    let ticket = {
        let mut flight = flight.lock();
        let ticket = flight.judge(id);
        if let (Some(ticket), Verdict::Retry { .. }) = (&ticket, verdict) {
            flight.hold(&ticket.chat);
        }
        ticket
    };
    if let Some(ticket) = ticket {
        // No driver: the channel is gone, or the next start sends it again.
        let _ = reports.send(Done::Judged { ticket, verdict }).await;
    }
}
