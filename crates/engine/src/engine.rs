use crate::board::Board;
use crate::clock::Clock;
use crate::health::Health;
use crate::line::Line;
use crate::order::{self, Order};
use crate::outbox::flight::SharedFlight;
use crate::outbox::pacing::Bucket;
use crate::outbox::picker::SharedPace;
use crate::world::{NEWS_WAITING, World};
use crate::{EngineConfig, OutboxConfig};
use domain::{ChannelId, ChannelView, Overview};
use ledger::{Ledger, LedgerError};
use socket::{Liveness, Socket, SocketFactory};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The running engine. Cheap to clone; the channels run until [`Engine::drain`] or the shutdown given at the start.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub ledger: Ledger,
    pub factory: Arc<dyn SocketFactory>,
    pub clock: Clock,
    pub board: Board,
    pub health: Health,
    pub world: broadcast::Sender<World>,
    pub gate: Arc<Semaphore>,
    pub tracker: TaskTracker,
    pub shutdown: CancellationToken,
    pub paused: AtomicBool,
    pub outbox: OutboxConfig,
    /// Wakes the sweeper of expired messages.
    pub expiry_bell: Notify,
    /// Never held across an await.
    roster: Mutex<HashMap<ChannelId, Seat>>,
}

/// Where a channel's driver is reached.
#[derive(Clone)]
pub(crate) struct Seat {
    pub orders: mpsc::Sender<Order>,
    /// Wakes the courier.
    pub bell: Arc<Notify>,
    pub flight: SharedFlight,
    pub pace: SharedPace,
    live: Arc<watch::Sender<Option<Arc<dyn Socket>>>>,
}

impl Seat {
    pub fn new(outbox: &OutboxConfig) -> (Self, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(order::WAITING);
        let pace = Arc::new(Mutex::new(Bucket::new(outbox.per_minute, outbox.burst)));
        let live = Arc::new(watch::Sender::new(None));
        (Seat { orders, bell: Arc::default(), flight: SharedFlight::default(), pace, live }, receiver)
    }

    /// The logged-in socket, for those who measure it.
    pub fn show(&self, line: Option<&Line>) {
        self.live.send_replace(line.and_then(|line| line.socket.clone()));
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("channels", &self.inner.roster().len()).finish_non_exhaustive()
    }
}

impl Inner {
    pub fn new(config: &EngineConfig, ledger: Ledger, factory: Arc<dyn SocketFactory>, shutdown: CancellationToken) -> Self {
        Inner {
            ledger,
            factory,
            clock: config.clock.clone(),
            board: Board::new(),
            health: Health::new(),
            world: broadcast::Sender::new(NEWS_WAITING),
            gate: Arc::new(Semaphore::new(config.opening_at_once.max(1))),
            tracker: TaskTracker::new(),
            shutdown,
            paused: AtomicBool::new(false),
            outbox: config.outbox,
            expiry_bell: Notify::new(),
            roster: Mutex::default(),
        }
    }

    pub fn seat(&self, id: ChannelId) -> Option<Seat> {
        self.roster().get(&id).cloned()
    }

    pub fn take_seat(&self, id: ChannelId, seat: Seat) {
        self.roster().insert(id, seat);
    }

    /// Has every courier look again.
    pub fn ring_all(&self) {
        for seat in self.roster().values() {
            seat.bell.notify_one();
        }
    }

    /// The channel is gone.
    pub fn forget(&self, id: ChannelId) {
        self.roster().remove(&id);
        self.board.remove(id);
    }

    fn roster(&self) -> MutexGuard<'_, HashMap<ChannelId, Seat>> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// All channels, in the order of their creation; changes with every one of them.
    pub fn overview(&self) -> watch::Receiver<Arc<Overview>> {
        self.inner.board.subscribe()
    }

    pub fn channel(&self, id: ChannelId) -> Option<ChannelView> {
        self.inner.board.get(id)
    }

    /// What was measured of a channel's connection; `None` while it is not connected.
    pub fn liveness(&self, id: ChannelId) -> Option<Liveness> {
        let seat = self.inner.seat(id)?;
        let socket = seat.live.borrow().clone()?;
        Some(socket.liveness())
    }

    /// `Some` while the ledger cannot be written: sessions stay up, what happens waits in memory, and what comes in stays
    /// with WhatsApp.
    pub fn ledger_trouble(&self) -> watch::Receiver<Option<LedgerError>> {
        self.inner.health.subscribe()
    }

    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Tells the channels that wait for the keychain to look again now.
    pub fn vault_unlocked(&self) {
        // No receiver means no channel.
        let _ = self.inner.world.send(World::VaultUnlocked);
    }
}
