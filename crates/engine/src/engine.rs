use crate::board::Board;
use crate::clock::Clock;
use crate::follow::Stale;
use crate::health::Health;
use crate::holding::{Holding, Stay};
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
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Channels given up that a slow listener may be behind.
const LOST_KEPT: usize = 1024;

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
    pub holding: Holding,
    /// Told of channels that were given up because another worker holds them.
    pub lost: broadcast::Sender<ChannelId>,
    /// What is to be read anew of the channels that others hold.
    pub stale: Stale,
    /// Held by whoever reads channels of others and shows them, so that an older reading is never shown after a newer one.
    pub reading: tokio::sync::Mutex<()>,
    /// Changes when orders were placed or answered, or may be taken that could not be taken before.
    pub orders_tip: watch::Sender<u64>,
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
    /// Begins anew with every holder: after a move a channel may send a whole burst once more.
    pub pace: SharedPace,
    pub stay: Arc<Stay>,
    live: Arc<watch::Sender<Option<Arc<dyn Socket>>>>,
}

impl Seat {
    pub fn new(outbox: &OutboxConfig, stay: Arc<Stay>) -> (Self, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(order::WAITING);
        let pace = Arc::new(Mutex::new(Bucket::new(outbox.per_minute, outbox.burst)));
        let live = Arc::new(watch::Sender::new(None));
        (Seat { orders, bell: Arc::default(), flight: SharedFlight::default(), pace, stay, live }, receiver)
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
            holding: config.holding,
            lost: broadcast::Sender::new(LOST_KEPT),
            stale: Stale::default(),
            reading: tokio::sync::Mutex::default(),
            orders_tip: watch::Sender::new(0),
            roster: Mutex::default(),
        }
    }

    pub fn seat(&self, id: ChannelId) -> Option<Seat> {
        self.roster().get(&id).cloned()
    }

    /// Whether a driver runs the channel here, or is about to.
    pub fn has_seat(&self, id: ChannelId) -> bool {
        self.roster().contains_key(&id)
    }

    /// The channel's, or that of who sits there already.
    pub fn take_seat(&self, id: ChannelId, seat: Seat) -> Result<(), Seat> {
        match self.roster().entry(id) {
            Entry::Occupied(taken) => Err(taken.get().clone()),
            Entry::Vacant(free) => {
                free.insert(seat);
                Ok(())
            }
        }
    }

    /// For another driver within the same stay.
    pub fn change_seat(&self, id: ChannelId, seat: Seat) {
        if let Some(old) = self.roster().get_mut(&id).filter(|old| Arc::ptr_eq(&old.stay, &seat.stay)) {
            *old = seat;
        }
    }

    /// Nothing is left of this stay.
    pub fn vacate(&self, id: ChannelId, stay: &Arc<Stay>) {
        let left = match self.roster().entry(id) {
            Entry::Occupied(taken) if Arc::ptr_eq(&taken.get().stay, stay) => Some(taken.remove()),
            Entry::Occupied(_) | Entry::Vacant(_) => None,
        };
        if let Some(seat) = left {
            seat.show(None);
        }
        stay.ended.cancel();
        if let Holding::Assigned { .. } = self.holding {
            // What others made of it is not known here.
            self.stale.note([id]);
        }
    }

    /// The channels that are held here.
    pub fn held(&self) -> Vec<ChannelId> {
        let roster = self.roster();
        let held = roster.iter().filter(|(_, seat)| seat.stay.here.is_cancelled() && !seat.stay.is_parting());
        held.map(|(id, _)| *id).collect()
    }

    /// Has everybody look for orders and answers.
    pub fn call_for_orders(&self) {
        self.orders_tip.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Has every courier look again.
    pub fn ring_all(&self) {
        for seat in self.roster().values() {
            seat.bell.notify_one();
        }
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
