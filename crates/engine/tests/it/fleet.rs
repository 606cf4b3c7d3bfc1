//! Workers that share one Postgres, each with a ledger of its own, and one script of sockets, as they would share WhatsApp.

use crate::rig::{KEY, START, Watchdog, identity, is, qr};
use domain::{ChannelId, ChannelView, Fence, Message, MessageId, StateKind, Timestamp, WorkerId};
use engine::{
    Clock, ClockHand, CommandError, Drained, Engine, EngineConfig, Holding, NewChannel, OutboxConfig, RetentionConfig,
};
use ledger::{EventQuery, Ledger, Postgres, PostgresConfig};
use servers::Postgres as Server;
use socket::scripted::{Played, Script};
use socket::{Close, SocketEvent};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

pub struct Fleet {
    pub server: Server,
    pub script: Script,
    pub hand: ClockHand,
    clock: Clock,
    url: String,
    opened: UnboundedReceiver<Played>,
    waiting: Vec<Played>,
    fences: AtomicU64,
    workers: u128,
    _watchdog: Watchdog,
}

/// One process, as it were.
pub struct Worker {
    pub id: WorkerId,
    pub engine: Engine,
    pub ledger: Ledger,
}

impl Fleet {
    pub async fn new() -> Self {
        let watchdog = Watchdog::patient(Duration::from_secs(90));
        let (server, url) = tokio::task::spawn_blocking(|| {
            let server = Server::start();
            let url = server.database();
            (server, url)
        })
        .await
        .unwrap();
        let (script, opened) = Script::new();
        let (clock, hand) = Clock::by_hand(START);
        let (waiting, fences) = (Vec::new(), AtomicU64::new(0));
        Fleet { server, script, hand, clock, url, opened, waiting, fences, workers: 0, _watchdog: watchdog }
    }

    pub async fn two() -> (Self, Worker, Worker) {
        let mut fleet = Fleet::new().await;
        let (one, other) = (fleet.worker().await, fleet.worker().await);
        (fleet, one, other)
    }

    pub async fn worker(&mut self) -> Worker {
        self.workers += 1;
        let id = WorkerId::new(START, self.workers);
        let postgres = Postgres::connect(PostgresConfig::new(self.url.clone())).await.unwrap();
        let ledger = Ledger::on(postgres, &KEY).await.unwrap();
        let config = EngineConfig {
            clock: self.clock.clone(),
            watch_network: false,
            opening_at_once: 16,
            outbox: OutboxConfig { per_minute: 0, burst: 0, max_queued: 10_000 },
            retention: RetentionConfig::default(),
            holding: Holding::Assigned { worker: id },
        };
        let factory = Arc::new(self.script.clone());
        let engine = Engine::launch(config, ledger.clone(), factory, CancellationToken::new()).await.unwrap();
        Worker { id, engine, ledger }
    }

    /// What the next holder of some channel proves itself with.
    pub fn fence(&self) -> Fence {
        Fence(self.fences.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Lets the clock go on until `work` is done.
    pub async fn in_time<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                // Answers of the server take real time.
                () = tokio::time::sleep(Duration::from_millis(2)) => self.hand.pass(Duration::from_millis(50)),
            }
        }
    }

    /// The next socket that is opened for the channel, by whomever.
    pub async fn socket(&mut self, id: ChannelId) -> Played {
        loop {
            if let Some(at) = self.waiting.iter().position(|played| played.opening.channel == id) {
                return self.waiting.remove(at);
            }
            let opened = tokio::time::timeout(Duration::from_millis(2), self.opened.recv()).await;
            match opened {
                Ok(played) => self.waiting.push(played.unwrap()),
                Err(_) => self.hand.pass(Duration::from_millis(50)),
            }
        }
    }

    pub fn no_socket_was_opened(&mut self) {
        assert!(self.waiting.is_empty() && self.opened.try_recv().is_err(), "a socket was opened");
    }

    /// A new channel of `worker` that shows its first QR.
    pub async fn pairing(&mut self, worker: &Worker) -> (ChannelId, Played) {
        let id = worker.create().await;
        worker.engine.adopt(id, self.fence()).await.unwrap();
        let socket = self.socket(id).await;
        socket.says(SocketEvent::Handshaken).await;
        socket.says(qr("first")).await;
        (id, socket)
    }

    /// A new channel of `worker` that was paired and is logged in.
    pub async fn connected(&mut self, worker: &Worker) -> (ChannelId, Played) {
        let (id, socket) = self.pairing(worker).await;
        socket.says(SocketEvent::Paired { identity: identity() }).await;
        socket.says(SocketEvent::Closed(Close::Restart)).await;
        let socket = self.socket(id).await;
        worker.log_in(&socket).await;
        (id, socket)
    }

    /// Ends the test: the processes stop in good order.
    pub async fn end(self, workers: impl IntoIterator<Item = Worker>) {
        assert!(self.script.most_sockets_of_one_channel() <= 1, "a channel was in two places");
        for worker in workers {
            assert_eq!(self.in_time(worker.engine.drain(Duration::from_secs(10))).await, Drained::Clean);
            worker.ledger.close().await;
        }
        // It blocks while the server ends.
        tokio::task::spawn_blocking(move || drop(self)).await.unwrap();
    }
}

impl Worker {
    pub async fn create(&self) -> ChannelId {
        self.engine.create(NewChannel { name: "office".into(), proxy: None, start: true }).await.unwrap().id
    }

    pub async fn until(&self, id: ChannelId, wanted: impl Fn(&ChannelView) -> bool) -> ChannelView {
        let mut overview = self.engine.overview();
        let seen = overview.wait_for(|all| all.get(id).is_some_and(&wanted)).await.unwrap();
        seen.get(id).unwrap().clone()
    }

    pub async fn until_gone(&self, id: ChannelId) {
        self.engine.overview().wait_for(|all| all.get(id).is_none()).await.unwrap();
    }

    pub async fn log_in(&self, socket: &Played) {
        socket.says(SocketEvent::Handshaken).await;
        socket.says(SocketEvent::Opened { identity: identity() }).await;
        let id = socket.opening.channel;
        self.until(id, is(StateKind::Connected)).await;
        // It is shown a moment before it is written.
        let mut tip = self.ledger.tip();
        while !self.ledger.channel(id).await.unwrap().is_some_and(|view| is(StateKind::Connected)(&view)) {
            tip.changed().await.unwrap();
        }
    }

    pub async fn ack(&self, socket: &Played, whatsapp_id: &str) {
        let at: Timestamp = self.engine.clock().now();
        socket.says(SocketEvent::ServerAck { whatsapp_id: whatsapp_id.into(), error: None, at }).await;
    }

    pub async fn until_message(&self, id: MessageId, wanted: impl Fn(&Message) -> bool) -> Message {
        let mut tip = self.ledger.tip();
        loop {
            tip.borrow_and_update();
            let message = self.ledger.message(id).await.unwrap().unwrap();
            if wanted(&message) {
                return message;
            }
            tip.changed().await.unwrap();
        }
    }

    pub async fn events(&self, id: ChannelId) -> Vec<String> {
        let query = EventQuery { after: 0, limit: 1000, channel: Some(id), ..EventQuery::default() };
        self.ledger.events(&query).await.unwrap().into_iter().map(|event| event.kind).collect()
    }

    pub async fn adopt(&self, id: ChannelId, fence: Fence) -> Result<(), CommandError> {
        self.engine.adopt(id, fence).await
    }

    /// Kills it, as far as a part of a process can be killed: it writes nothing more, and all that it runs is dropped.
    pub async fn dies(self) {
        self.ledger.close().await;
        for id in self.engine.held() {
            self.engine.abandon(id).await;
        }
    }
}
