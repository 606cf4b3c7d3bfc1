//! The task that runs one channel.

use crate::engine::Seat;
use crate::journal::{Entry, Journal};
use crate::line::{DONE_WAITING, Done, Line, Yard};
use crate::order::Order;
use crate::outbox::flight::Ticket;
use crate::outbox::verdict::{self, Verdict};
use crate::translate::{Told, Word, told};
use crate::world::World;
use crate::{engine, liveness};
use channel::{Channel, Effect, End, Input};
use domain::{Cause, ChannelId, ChannelView, Proxy, State, Timestamp};
use ledger::Receipt;
use socket::SocketEvent;
use std::future::pending;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

/// What a channel is besides its state.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub id: ChannelId,
    pub name: String,
    pub created_at: Timestamp,
    pub proxy: Option<Proxy>,
}

impl Card {
    pub fn view(&self, channel: &Channel) -> ChannelView {
        ChannelView {
            id: self.id,
            name: self.name.clone(),
            created_at: self.created_at,
            desired: channel.desired(),
            state: channel.state().clone(),
            stuck_since: channel.stuck_since(),
            flapping_since: channel.flapping_since(),
            paired: channel.paired(),
            identity: channel.identity().cloned(),
            proxy: self.proxy.clone(),
        }
    }
}

pub(crate) struct Driver {
    pub(crate) engine: Arc<engine::Inner>,
    pub(crate) card: Card,
    pub(crate) channel: Channel,
    pub(crate) seat: Seat,
    pub(crate) journal: Journal,
    pub(crate) line: Option<Line>,
    pub(crate) generation: u64,
    pub(crate) yard: Yard,
    pub(crate) done: mpsc::Receiver<Done>,
    pub(crate) orders: mpsc::Receiver<Order>,
    /// Another worker holds the channel: nothing is decided, done or written here any more.
    pub(crate) dispossessed: bool,
    world: broadcast::Receiver<World>,
}

/// How a driver ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The channel is deleted.
    Gone,
    /// In good order: the engine stops, or another worker takes the channel over.
    Closed,
    /// Another worker holds the channel.
    Dispossessed,
}

impl Driver {
    pub fn new(engine: Arc<engine::Inner>, card: Card, channel: Channel, seat: Seat, orders: mpsc::Receiver<Order>) -> Self {
        let (done_in, done) = mpsc::channel(DONE_WAITING);
        let yard = Yard {
            factory: engine.factory.clone(),
            gate: engine.gate.clone(),
            tracker: engine.tracker.clone(),
            done: done_in,
            clock: engine.clock.clone(),
        };
        let (ledger, health, clock) = (engine.ledger.clone(), engine.health.clone(), engine.clock.clone());
        let journal = Journal::new(card.id, seat.stay.fence, ledger, health, clock, seat.flight.clone());
        let world = engine.world.subscribe();
        Driver {
            engine,
            card,
            channel,
            seat,
            journal,
            line: None,
            generation: 0,
            yard,
            done,
            orders,
            dispossessed: false,
            world,
        }
    }

    /// Performs what the start asks for, then lives until the channel is deleted, goes to another worker, or the engine stops.
    pub async fn run(mut self, first: Vec<Effect>) -> Ended {
        self.record(&first);
        self.journal.flush_when_due().await;
        if !self.is_dispossessed() {
            self.perform(first);
        }
        let (shutdown, stay) = (self.engine.shutdown.clone(), self.seat.stay.clone());
        while !(self.channel.is_gone() && self.journal.is_empty()) {
            if self.is_dispossessed() {
                stay.released.cancel();
                self.turn_away();
                return Ended::Dispossessed;
            }
            // Only the waiting is cut short, never what follows from it.
            let happened = tokio::select! {
                biased;
                () = shutdown.cancelled() => None,
                () = stay.released.cancelled() => None,
                happened = self.wait() => Some(happened),
            };
            match happened {
                Some(happened) => self.deal(happened).await,
                None => {
                    self.close_out().await;
                    return Ended::Closed;
                }
            }
        }
        Ended::Gone
    }

    pub(crate) fn is_dispossessed(&self) -> bool {
        self.dispossessed || self.journal.is_fenced()
    }

    async fn wait(&mut self) -> Happened {
        let clock = &self.engine.clock;
        let due = self.channel.due_at().map(|at| clock.sleep_until(at));
        let look = self.channel.is_connected().then(|| clock.sleep(liveness::LOOK_EVERY));
        let retry = self.journal.retry_in().map(|wait| clock.sleep(wait));
        let mut events = Vec::new();
        tokio::select! {
            Some(order) = self.orders.recv() => Happened::Order(order),
            _ = Line::next(&mut self.line, &mut events) => Happened::Events(events),
            Some(done) = self.done.recv() => Happened::Done(done),
            news = self.world.recv() => Happened::World(news),
            () = if_any(due) => Happened::Due,
            () = if_any(look) => Happened::Look,
            () = if_any(retry) => Happened::Retry,
        }
    }

    async fn deal(&mut self, happened: Happened) {
        match happened {
            Happened::Order(order) => self.obey(order).await,
            Happened::Events(events) => self.hear(events).await,
            Happened::Done(done) => self.finished(done).await,
            Happened::World(Ok(news)) => self.feed(news.into()).await,
            Happened::World(Err(RecvError::Lagged(_))) => self.feed(Input::Woke).await,
            // The sender lives in the engine, which outlives its drivers.
            Happened::World(Err(RecvError::Closed)) => {}
            Happened::Due => self.feed(Input::Due).await,
            Happened::Look => self.look().await,
            Happened::Retry => self.write_words().await,
        }
    }

    /// One step of the machine, whose outcome holds whether or not it can be written at once.
    pub(crate) async fn feed(&mut self, input: Input) {
        let (next, effects) = channel::step(&self.channel, input, self.engine.clock.now(), rand::random());
        self.adopt(next);
        self.record(&effects);
        self.journal.flush_when_due().await;
        if !self.is_dispossessed() {
            self.perform(effects);
        }
    }

    /// What the socket told, in order. Word on messages is gathered, to be written together.
    async fn hear(&mut self, events: Vec<SocketEvent>) {
        if events.is_empty() {
            // Gone without a word.
            self.line = None;
            return self.feed(Input::Closed(End::Lost(Cause::ConnectionLost))).await;
        }
        let mut progress = false;
        for event in events {
            match told(event) {
                Told::Word(word) => {
                    self.note(word);
                    progress = true;
                }
                Told::Step(Input::Closed(End::Lost(Cause::Moving))) if self.seat.stay.fence.is_some() => {
                    // The auth-state refuses what this holder writes.
                    self.dispossessed = true;
                    return;
                }
                Told::Step(input) => {
                    let last = matches!(input, Input::Closed(_));
                    if last {
                        self.line = None;
                    }
                    self.feed(input).await;
                    if last || self.is_dispossessed() {
                        // The line may be another one by now.
                        break;
                    }
                    if let Some(line) = &self.line
                        && !self.channel.is_opening()
                    {
                        line.settle();
                    }
                }
            }
        }
        if progress {
            // The courier need not wait until this is written: there is room in the air.
            self.seat.bell.notify_one();
            self.write_words().await;
        }
    }

    /// Word on messages, for the journal.
    pub(crate) fn note(&mut self, word: Word) {
        let channel = self.card.id;
        match word {
            Word::Ack { whatsapp_id, error: None, at } => {
                let id = self.seat.flight.lock().answered(&whatsapp_id).map(|ticket| ticket.id);
                self.journal.push(Entry::Sent { whatsapp_id, id, at });
            }
            Word::Ack { whatsapp_id, error: Some(code), at } => {
                let mut flight = self.seat.flight.lock();
                // One that is not on its way leaves (or left) once more, and is refused once more.
                let Some(ticket) = flight.answered(&whatsapp_id) else { return };
                let verdict = verdict::nacked(code, ticket.attempts, rand::random());
                tracing::info!(channel.id = %channel, message.id = %ticket.id, code, ?verdict, "WhatsApp refused a message");
                if let Verdict::Retry { .. } = verdict {
                    flight.hold(&ticket.chat);
                }
                drop(flight);
                self.journal.push(Entry::Judged { ticket, verdict, at });
            }
            Word::Receipt { chat, by, whatsapp_ids, status, at, kept } => {
                self.journal.push(Entry::Receipt(Receipt { channel, chat, by, whatsapp_ids, status, at }, kept));
            }
        }
    }

    /// Writes what is known of messages, and has the courier look again when some are to be tried again: when that is due has
    /// just been decided.
    async fn write_words(&mut self) {
        if self.journal.flush_when_due().await {
            self.seat.bell.notify_one();
        }
    }

    async fn finished(&mut self, done: Done) {
        match done {
            Done::Opened { generation, socket } => {
                let yard = self.yard.clone();
                if let Some(line) = self.line_of(generation) {
                    line.opened(&yard, socket);
                    self.serve();
                }
            }
            Done::NeverOpened { generation } => {
                if self.line_of(generation).is_some() {
                    self.line = None;
                    self.feed(Input::Closed(End::Asked)).await;
                }
            }
            Done::LogoutTold { generation } => {
                if self.line_of(generation).is_some() {
                    self.feed(Input::LogoutTold).await;
                }
            }
            Done::CodeRefused { generation } => {
                if self.line_of(generation).is_some() {
                    self.feed(Input::PairingCodeRefused).await;
                }
            }
            Done::Judged { ticket, verdict } => {
                self.judged(ticket, verdict);
                self.write_words().await;
            }
            Done::Fenced => self.dispossessed = true,
            Done::Shred { ok } => self.feed(if ok { Input::Shredded } else { Input::ShredFailed }).await,
        }
    }

    /// What the courier made of a try that came to nothing. True whatever became of its socket since.
    pub(crate) fn judged(&mut self, ticket: Ticket, verdict: Verdict) {
        let at = self.engine.clock.now();
        self.journal.push(Entry::Judged { ticket, verdict, at });
    }

    /// Results of an earlier socket find nobody.
    pub(crate) fn line_of(&mut self, generation: u64) -> Option<&mut Line> {
        self.line.as_mut().filter(|line| line.generation == generation)
    }

    /// Connected is a measured claim.
    async fn look(&mut self) {
        let State::Connected { since, .. } = *self.channel.state() else { return };
        let measured = self.line.as_ref().and_then(|line| line.socket.as_ref()).map(|socket| socket.liveness());
        if measured.is_some_and(|measured| liveness::is_lost(measured, since, self.engine.clock.now())) {
            tracing::warn!(channel.id = %self.card.id, "connected, but nothing was heard within the deadline");
            self.feed(Input::LivenessLost).await;
        }
    }
}

/// What ends a driver's waiting.
enum Happened {
    Order(Order),
    /// Of the present line; empty when it ended without a word.
    Events(Vec<SocketEvent>),
    Done(Done),
    World(Result<World, RecvError>),
    Due,
    Look,
    Retry,
}

async fn if_any(wait: Option<impl Future<Output = ()>>) {
    match wait {
        Some(wait) => wait.await,
        None => pending().await,
    }
}
