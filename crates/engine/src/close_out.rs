//! The end of a driver in good order: the engine stops, or another worker takes the channel over.

use crate::driver::Driver;
use crate::error::CommandError;
use crate::line::{Done, Line};
use crate::translate::{Told, told};
use channel::{CLOSE_DEADLINE, Input, hand_over};
use socket::SocketEvent;
use std::time::Duration;

/// Longest time that a socket may take to close when another worker waits for the channel …
const CLOSE_TO_HAND_OVER: Duration = Duration::from_millis(3_000);
/// … and that all of the hand-over may take. Below [`crate::adopt::RELEASE_DEADLINE`].
const HAND_OVER: Duration = Duration::from_millis(4_500);
/// Between two tries to write what is to be written before.
const WRITE_RETRY: Duration = Duration::from_millis(250);

impl Driver {
    /// The socket is closed in good order, what it still tells is written, and nothing is decided any more. The state stays as
    /// it is, for the next start to take up; for another worker it is written that the channel moves.
    pub(crate) async fn close_out(mut self) {
        let clock = self.engine.clock.clone();
        let began = clock.passed();
        let moves = self.seat.stay.fence.is_some();
        let deadline = began + if moves { CLOSE_TO_HAND_OVER } else { CLOSE_DEADLINE };
        self.turn_away();
        self.seat.show(None);
        if let Some(line) = &mut self.line {
            line.dismiss_courier();
            line.close(&self.yard);
        }
        while self.line.is_some() {
            let mut events = Vec::new();
            let closing = async {
                tokio::select! {
                    _ = Line::next(&mut self.line, &mut events) => None,
                    Some(done) = self.done.recv() => Some(done),
                }
            };
            match clock.timeout(deadline.saturating_sub(clock.passed()), closing).await {
                Some(None) => {
                    self.hear_the_last(events);
                    // The socket acknowledges what is written.
                    self.journal.flush_when_due().await;
                }
                Some(Some(Done::Opened { generation, socket })) => {
                    let yard = self.yard.clone();
                    if let Some(line) = self.line_of(generation) {
                        line.opened(&yard, socket);
                    }
                }
                Some(Some(Done::NeverOpened { .. })) | None => self.line = None,
                Some(Some(Done::Judged { ticket, verdict })) => self.judged(ticket, verdict),
                Some(Some(Done::LogoutTold { .. } | Done::CodeRefused { .. } | Done::Shred { .. } | Done::Fenced)) => {}
            }
        }
        if moves {
            self.hand_over(began + HAND_OVER).await;
        } else if self.journal.flush().await.is_err() {
            tracing::error!(channel.id = %self.card.id, "what happened last could not be written");
        }
    }

    /// Whoever asked and was not heard yet learns it, so that it can ask the next holder. When the engine stops, nobody is answered:
    /// whoever asks learns that.
    pub(crate) fn turn_away(&mut self) {
        self.orders.close();
        if self.engine.shutdown.is_cancelled() {
            return;
        }
        while let Ok(order) = self.orders.try_recv() {
            let _ = order.reply.send(Err(CommandError::NoHolder));
        }
    }

    /// Writes what the next holder begins with, and that nobody holds the channel now.
    async fn hand_over(&mut self, deadline: Duration) {
        let clock = self.engine.clock.clone();
        let (next, effects) = hand_over(&self.channel, clock.now());
        self.adopt(next);
        self.record(&effects);
        while self.journal.flush().await.is_err() {
            if self.journal.is_fenced() {
                return;
            }
            if clock.passed() + WRITE_RETRY >= deadline {
                // What leaves once more has the same id, and what was not acknowledged is told again.
                tracing::error!(channel.id = %self.card.id, "handed over, but what happened last could not be written");
                return;
            }
            clock.sleep(WRITE_RETRY).await;
        }
        if let Some(fence) = self.seat.stay.fence
            && let Err(error) = self.engine.ledger.let_go(self.card.id, fence).await
        {
            tracing::debug!(channel.id = %self.card.id, %error, "the ledger still names the former holder");
        }
    }

    fn hear_the_last(&mut self, events: Vec<SocketEvent>) {
        if events.is_empty() {
            self.line = None;
        }
        for event in events {
            match told(event) {
                Told::Word(word) => self.note(word),
                Told::Step(Input::Closed(_)) => self.line = None,
                // The scan must not be forgotten.
                Told::Step(paired @ Input::Paired { .. }) => {
                    let (next, effects) = channel::step(&self.channel, paired, self.engine.clock.now(), rand::random());
                    self.adopt(next);
                    self.record(&effects);
                }
                Told::Step(_) => {}
            }
        }
    }
}
