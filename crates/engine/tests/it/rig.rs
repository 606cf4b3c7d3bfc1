use domain::{
    Cause, ChannelId, ChannelView, Content, Identity, Message, MessageId, Overview, Reason, State, StateKind, Timestamp,
};
use engine::{Clock, ClockHand, Drained, Engine, EngineConfig, Holding, NewChannel, NewMessage, OutboxConfig, RetentionConfig};
use ledger::{EventQuery, Ledger, OpenOptions};
use socket::scripted::{Call, Played, Script};
use socket::{Close, InboundMessage, Secret, SocketEvent, SocketFactory};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

pub const START: Timestamp = Timestamp::from_secs(1_800_000_000);
pub const KEY: [u8; 32] = [7; 32];

/// Ends a test that hangs.
pub struct Watchdog {
    _alive: mpsc::Sender<()>,
}

impl Watchdog {
    pub fn new() -> Self {
        Watchdog::patient(Duration::from_secs(20))
    }

    pub fn patient(patience: Duration) -> Self {
        let (alive, gone) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if gone.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("the test hangs");
                std::process::exit(101);
            }
        });
        Watchdog { _alive: alive }
    }
}

pub struct Rig {
    pub engine: Engine,
    pub ledger: Ledger,
    pub script: Script,
    opened: UnboundedReceiver<Played>,
    /// What was opened while the test looked for another.
    waiting: Vec<Played>,
    config: EngineConfig,
    pub hand: ClockHand,
    ended: bool,
    _watchdog: Watchdog,
    _dir: Option<tempfile::TempDir>,
}

pub async fn ledger(dir: &Path) -> Ledger {
    Ledger::open(dir, &KEY, OpenOptions::default()).await.unwrap()
}

pub fn identity() -> Identity {
    Identity { phone: Some("15550100123".parse().unwrap()), lid: None, push_name: Some("Ada".into()) }
}

pub fn text(text: &str) -> NewMessage {
    NewMessage::new("+15550100177".parse().unwrap(), Content::Text { text: text.into() })
}

/// A text to another chat than [`text`]'s.
pub fn text_to(phone: &str, text: &str) -> NewMessage {
    NewMessage::new(phone.parse().unwrap(), Content::Text { text: text.into() })
}

pub fn inbound(whatsapp_id: &str, text: &str) -> InboundMessage {
    InboundMessage {
        whatsapp_id: whatsapp_id.into(),
        chat: "15550100177@s.whatsapp.net".parse().unwrap(),
        sender: domain::Person { phone: Some("15550100177".parse().unwrap()), lid: None, name: Some("Grace".into()) },
        from_me: false,
        content: Content::Text { text: text.into() },
        at: START,
    }
}

pub fn is(kind: StateKind) -> impl Fn(&ChannelView) -> bool {
    move |view| view.state.kind() == kind
}

pub fn is_down(wanted: Reason) -> impl Fn(&ChannelView) -> bool {
    move |view| matches!(&view.state, State::Disconnected { reason, .. } if *reason == wanted)
}

impl Rig {
    pub async fn new() -> Self {
        Rig::with(|_| ()).await
    }

    /// With another configuration.
    pub async fn with(configure: impl FnOnce(&mut EngineConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut rig = Rig::made(dir.path(), configure).await;
        rig._dir = Some(dir);
        rig
    }

    pub async fn at(dir: &Path) -> Self {
        Rig::made(dir, |_| ()).await
    }

    async fn made(dir: &Path, configure: impl FnOnce(&mut EngineConfig)) -> Self {
        let watchdog = Watchdog::new();
        let ledger = ledger(dir).await;
        let (script, opened) = Script::new();
        let (clock, hand) = Clock::by_hand(START);
        let mut config = EngineConfig {
            clock,
            watch_network: false,
            opening_at_once: 16,
            outbox: OutboxConfig { per_minute: 0, burst: 0, max_queued: 10_000 },
            retention: RetentionConfig::default(),
            holding: Holding::All,
        };
        configure(&mut config);
        let engine = launch(&ledger, &script, &config).await;
        let waiting = Vec::new();
        Rig { engine, ledger, script, opened, waiting, config, hand, ended: false, _watchdog: watchdog, _dir: None }
    }

    /// Ends the process, as it were, and starts it again.
    pub async fn start_again(&mut self) {
        assert_eq!(self.engine.drain(Duration::from_secs(10)).await, Drained::Clean);
        self.launch().await;
    }

    pub async fn launch(&mut self) {
        self.engine = launch(&self.ledger, &self.script, &self.config).await;
    }

    /// Ends every test. A process that exits while the ledger's thread still works may crash in the exit handlers of OpenSSL.
    pub async fn end(mut self) {
        let engine = self.engine.clone();
        let drain = tokio::spawn(async move { engine.drain(Duration::from_secs(60)).await });
        while !drain.is_finished() {
            self.pass(Duration::from_secs(1)).await;
        }
        self.ledger.close().await;
        self.ended = true;
    }

    /// As [`Rig::start_again`], with another factory around the script.
    pub async fn start_again_with(&mut self, factory: Arc<dyn SocketFactory>) {
        assert_eq!(self.engine.drain(Duration::from_secs(10)).await, Drained::Clean);
        self.engine = launch_with(&self.ledger, factory, &self.config).await;
    }

    /// Lets the clock go on and everybody act on it.
    pub async fn pass(&self, span: Duration) {
        let mut left = span;
        loop {
            // In steps, because a clock that leaps looks like a machine that slept.
            let step = left.min(Duration::from_secs(5));
            self.hand.pass(step);
            // Drivers look at their timers, then at what came of it.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            left -= step;
            if left.is_zero() {
                return;
            }
        }
    }

    pub async fn create(&self) -> ChannelId {
        self.create_named("office").await
    }

    pub async fn create_named(&self, name: &str) -> ChannelId {
        self.engine.create(NewChannel { name: name.into(), proxy: None, start: true }).await.unwrap().id
    }

    /// The next socket that is opened for the channel.
    pub async fn socket(&mut self, id: ChannelId) -> Played {
        loop {
            if let Some(at) = self.waiting.iter().position(|played| played.opening.channel == id) {
                return self.waiting.remove(at);
            }
            let played = self.opened.recv().await.unwrap();
            self.waiting.push(played);
        }
    }

    /// The next `count` sockets, whosever they are.
    pub async fn sockets(&mut self, count: usize) -> Vec<Played> {
        let mut sockets = std::mem::take(&mut self.waiting);
        while sockets.len() < count {
            sockets.push(self.opened.recv().await.unwrap());
        }
        sockets
    }

    /// Lets time pass, second by second, until something that tells nobody is so.
    pub async fn in_time(&self, what: &str, wanted: impl Fn() -> bool) {
        for _ in 0..600 {
            if wanted() {
                return;
            }
            self.pass(Duration::from_secs(1)).await;
            self.breathe().await;
        }
        panic!("never came: {what}");
    }

    /// Drops the connection and logs in anew.
    pub async fn comes_back(&mut self, id: ChannelId, socket: &Played) -> Played {
        socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
        self.until(id, is(StateKind::Reconnecting)).await;
        let socket = self.socket_within(id, Duration::from_millis(500)).await;
        self.log_in(&socket).await;
        socket
    }

    /// WhatsApp's word on a message: it has it, or refuses it with this code.
    pub async fn ack(&self, socket: &Played, whatsapp_id: &str, error: Option<u16>) {
        let at = self.engine.clock().now();
        socket.says(SocketEvent::ServerAck { whatsapp_id: whatsapp_id.into(), error, at }).await;
    }

    /// Lets time pass until the log holds as many events of this type.
    pub async fn logged_in_time(&self, kind: &str, count: usize) {
        for _ in 0..600 {
            if self.events(None).await.iter().filter(|k| *k == kind).count() >= count {
                return;
            }
            self.pass(Duration::from_secs(1)).await;
            self.breathe().await;
        }
        panic!("never logged: {count} × {kind}");
    }

    /// Lets the machine sleep for so long, and gives the socket that is opened after it.
    pub async fn sleeps(&mut self, id: ChannelId, span: Duration) -> Played {
        self.hand.stray(i64::try_from(span.as_millis()).unwrap());
        self.pass(Duration::from_secs(5)).await;
        self.until(id, |view| matches!(view.state, State::Reconnecting { cause: Cause::Woke, .. })).await;
        self.socket_within(id, Duration::from_millis(250)).await
    }

    /// Lets a quarter of an hour pass, in steps that nobody takes for sleep; ends early when something is so.
    pub async fn quarter_of_an_hour(&self, wanted: impl Fn() -> bool) {
        for _ in 0..180 {
            if wanted() {
                return;
            }
            self.pass(Duration::from_secs(5)).await;
            self.breathe().await;
        }
    }

    /// Lets the ledger do what it has been asked, and everybody act on it.
    pub async fn breathe(&self) {
        // A courier reads, writes and reads again between two looks at the clock.
        for _ in 0..4 {
            // A write is answered after those before it; on a full disk it fails, which takes as long.
            let _ = self.ledger.set_setting("test", &()).await;
            self.pass(Duration::ZERO).await;
            let _ = self.ledger.next_expiry().await;
            self.pass(Duration::ZERO).await;
        }
    }

    pub fn no_socket_was_opened(&mut self) {
        assert!(self.waiting.is_empty() && self.opened.try_recv().is_err(), "a socket was opened");
    }

    /// Lets the next attempt come whose time it is, and gives its socket.
    pub async fn socket_within(&mut self, id: ChannelId, span: Duration) -> Played {
        self.pass(span).await;
        self.socket(id).await
    }

    pub async fn until(&self, id: ChannelId, wanted: impl Fn(&ChannelView) -> bool) -> ChannelView {
        let mut overview = self.engine.overview();
        let seen = overview.wait_for(|all| all.get(id).is_some_and(&wanted)).await.unwrap();
        seen.get(id).unwrap().clone()
    }

    pub async fn until_all(&self, wanted: impl Fn(&Overview) -> bool) {
        self.engine.overview().wait_for(|all| wanted(all)).await.unwrap();
    }

    /// A new channel that was paired and is logged in, with its socket.
    pub async fn connected(&mut self) -> (ChannelId, Played) {
        let id = self.create().await;
        let socket = self.socket(id).await;
        socket.says(SocketEvent::Handshaken).await;
        socket.says(qr("first")).await;
        socket.says(SocketEvent::Paired { identity: identity() }).await;
        socket.says(SocketEvent::Closed(Close::Restart)).await;
        let socket = self.socket(id).await;
        self.log_in(&socket).await;
        (id, socket)
    }

    pub async fn log_in(&self, socket: &Played) {
        socket.says(SocketEvent::Handshaken).await;
        socket.says(SocketEvent::Opened { identity: identity() }).await;
        self.until(socket.opening.channel, is(StateKind::Connected)).await;
    }

    /// The types of a channel's events (all channels': `None`) so far.
    pub async fn events(&self, id: Option<ChannelId>) -> Vec<String> {
        let query = EventQuery { after: 0, limit: 1000, channel: id, ..EventQuery::default() };
        self.ledger.events(&query).await.unwrap().into_iter().map(|event| event.kind).collect()
    }

    /// Waits until the log holds as many events of this type.
    pub async fn until_logged(&self, kind: &str, count: usize) {
        let mut tip = self.ledger.tip();
        loop {
            tip.borrow_and_update();
            if self.events(None).await.iter().filter(|k| *k == kind).count() >= count {
                return;
            }
            tip.changed().await.unwrap();
        }
    }

    /// What is wanted of a message's row becomes so.
    pub async fn until_message(&self, id: MessageId, wanted: impl Fn(&Message) -> bool) -> Message {
        let mut tip = self.ledger.tip();
        loop {
            tip.borrow_and_update();
            let message = self.message(id).await;
            if wanted(&message) {
                return message;
            }
            tip.changed().await.unwrap();
        }
    }

    pub async fn message(&self, id: MessageId) -> Message {
        self.ledger.message(id).await.unwrap().unwrap()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        assert!(self.ended || std::thread::panicking(), "the test did not end its rig");
    }
}

async fn launch(ledger: &Ledger, script: &Script, config: &EngineConfig) -> Engine {
    launch_with(ledger, Arc::new(script.clone()), config).await
}

async fn launch_with(ledger: &Ledger, factory: Arc<dyn SocketFactory>, config: &EngineConfig) -> Engine {
    Engine::launch(config.clone(), ledger.clone(), factory, CancellationToken::new()).await.unwrap()
}

pub fn qr(code: &str) -> SocketEvent {
    SocketEvent::PairingQr { code: Secret(code.into()), expires_at: START.plus(Duration::from_secs(60)) }
}

/// The texts that a socket was asked to send, in order.
pub fn sent(socket: &Played) -> Vec<String> {
    socket
        .calls()
        .into_iter()
        .filter_map(|call| match call {
            Call::Send(outbound) => match outbound.content {
                Content::Text { text } => Some(text),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The WhatsApp ids that a socket was asked to send, in order.
pub fn whatsapp_ids(socket: &Played) -> Vec<String> {
    let of = |call| if let Call::Send(out) = call { Some(out.whatsapp_id) } else { None };
    socket.calls().into_iter().filter_map(of).collect()
}

/// Waits, without a clock, until something that tells nobody is so.
pub async fn eventually(what: &str, wanted: impl Fn() -> bool) {
    for _ in 0..200_000 {
        if wanted() {
            return;
        }
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
    panic!("never came: {what}");
}
