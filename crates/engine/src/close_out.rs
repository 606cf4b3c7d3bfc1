//! The end of a driver when the engine stops.

use crate::driver::Driver;
use crate::line::{Done, Line};
use crate::translate::{Told, told};
use channel::{CLOSE_DEADLINE, Input};
use socket::SocketEvent;

impl Driver {
    /// The engine stops: the socket is closed in good order, what it still tells is written, and nothing is decided
    /// any more. The state stays as it is, for the next start to take up.
    pub(crate) async fn close_out(mut self) {
        let clock = self.engine.clock.clone();
        let deadline = clock.passed() + CLOSE_DEADLINE;
        // From here on nobody is answered: whoever asks learns that the engine is stopping.
        self.orders.close();
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
                Some(Some(Done::LogoutTold { .. } | Done::CodeRefused { .. } | Done::Shred { .. })) => {}
            }
        }
        if self.journal.flush().await.is_err() {
            tracing::error!(channel.id = %self.card.id, "what happened last could not be written");
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
