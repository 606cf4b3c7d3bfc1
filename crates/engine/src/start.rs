use crate::driver::{Card, Driver, Ended};
use crate::engine::{Engine, Inner, Seat};
use crate::holding::{Holding, Stay, Tenancy};
use crate::order::Order;
use crate::{EngineConfig, StartError, elsewhere, follow, heartbeat, network, outbox, retention, wake};
use channel::{CLOSE_DEADLINE, Channel, Effect, Stored, restore};
use domain::{Cause, ChannelId, ChannelView, Desired, StateKind};
use futures::FutureExt;
use ledger::{Ledger, LedgerError, News};
use socket::SocketFactory;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

impl Engine {
    /// Loads the channels and resumes those that should run, a few at a time; with [`Holding::Assigned`] none before it is told to.
    /// Returns before they are connected.
    /// `shutdown` stops everything, as [`Engine::drain`] does.
    pub async fn launch(
        config: EngineConfig,
        ledger: Ledger,
        factory: Arc<dyn SocketFactory>,
        shutdown: CancellationToken,
    ) -> Result<Engine, StartError> {
        let inner = Arc::new(Inner::new(&config, ledger, factory, shutdown.child_token()));
        let engine = Engine { inner };
        engine.load_pause().await?;
        let now = engine.inner.clock.now();
        // A full disk is no reason not to run.
        if let Err(error) = engine.inner.health.note(engine.inner.ledger.begin_run(now).await) {
            tracing::warn!(%error, "the start could not be noted");
        }
        // Before the channels are read, so that no news of them are missed.
        let news = engine.inner.ledger.news();
        let views = engine.inner.ledger.channels().await?;
        match config.holding {
            Holding::All => engine.run_all(views).await,
            Holding::Assigned { .. } => {
                engine.inner.board.follow_all(views.into_iter().map(follow::seen).collect(), |_| false);
                // Those that show something are read with what they show.
                engine.inner.stale.note_all();
                engine.attend(news);
            }
        }
        engine.watch(&config);
        Ok(engine)
    }

    async fn run_all(&self, views: Vec<ChannelView>) {
        let mut restored = Vec::new();
        for view in views {
            restored.push(self.restored(view, Cause::Starting).await);
        }
        // Everybody who asks sees all of them, from the first moment.
        self.inner.board.put_all(restored.iter().map(|(card, channel, _)| card.view(channel)).collect());
        for (card, channel, effects) in restored {
            self.settle(card, channel, effects);
        }
    }

    /// Gives a channel that is nobody else's its driver.
    pub(crate) fn settle(&self, card: Card, channel: Channel, first: Vec<Effect>) {
        let stay = Stay::with(None);
        let (seat, orders) = Seat::new(&self.inner.outbox, stay.clone());
        let id = card.id;
        if self.inner.take_seat(id, seat.clone()).is_ok() {
            let tenancy = Tenancy { engine: self.inner.clone(), id, stay: stay.clone() };
            self.run(card, channel, first, seat, orders, tenancy);
            stay.here.cancel();
        }
    }

    pub(crate) async fn restored(&self, view: ChannelView, cause: Cause) -> (Card, Channel, Vec<Effect>) {
        let card = Card { id: view.id, name: view.name, created_at: view.created_at, proxy: view.proxy };
        let mut holds_auth_state = view.paired;
        // The process may have ended between the scan and its record. Asked only then: it opens a database.
        let unsure = !holds_auth_state && view.desired == Desired::Running && view.state.kind() == StateKind::Pairing;
        if unsure {
            match self.inner.factory.is_paired(card.id).await {
                Ok(paired) => holds_auth_state = paired,
                Err(error) => {
                    tracing::debug!(channel.id = %card.id, %error, "cannot tell whether it was paired; the socket will")
                }
            }
        }
        let stored = Stored { desired: view.desired, state: view.state, holds_auth_state, identity: view.identity, cause };
        let (channel, effects) = restore(stored, self.inner.clock.now(), rand::random());
        (card, channel, effects)
    }

    /// Runs the channel's driver until the stay ends.
    pub(crate) fn run(
        &self,
        card: Card,
        channel: Channel,
        first: Vec<Effect>,
        seat: Seat,
        orders: mpsc::Receiver<Order>,
        tenancy: Tenancy,
    ) {
        let (engine, stay, id) = (self.clone(), seat.stay.clone(), card.id);
        self.inner.tracker.spawn(async move {
            // An abandoned driver is dropped wherever it is, with its socket.
            let ended = stay.abandoned.run_until_cancelled(engine.live(card, channel, first, seat, orders)).await;
            if ended == Some(Ended::Gone) {
                engine.inner.board.remove(id);
            }
            let last = engine.inner.board.get(id);
            drop(tenancy);
            match ended {
                Some(Ended::Dispossessed) => {
                    tracing::warn!(channel.id = %id, "given up: another worker holds it");
                    // Nobody may listen.
                    let _ = engine.inner.lost.send(id);
                }
                Some(Ended::Gone | Ended::Closed) => {}
                None => engine.inner.tell_left(last, stay.fence).await,
            }
        });
    }

    /// A defect in one driver is a hiccup of one channel, not its end.
    async fn live(
        &self,
        mut card: Card,
        mut channel: Channel,
        mut first: Vec<Effect>,
        mut seat: Seat,
        mut orders: mpsc::Receiver<Order>,
    ) -> Ended {
        let (id, stay) = (card.id, seat.stay.clone());
        loop {
            let driver = Driver::new(self.inner.clone(), card, channel, seat, orders);
            if let Ok(ended) = AssertUnwindSafe(driver.run(first)).catch_unwind().await {
                return ended;
            }
            tracing::error!(channel.id = %id, "a channel's driver panicked; it starts anew from what is stored");
            (card, channel, first) = match self.read_again(id, &stay).await {
                Ok(restored) => restored,
                Err(ended) => return ended,
            };
            self.inner.board.put(card.view(&channel));
            (seat, orders) = Seat::new(&self.inner.outbox, stay.clone());
            self.inner.change_seat(id, seat.clone());
        }
    }

    /// The socket that a driver held was dropped with it; it has the time to go before the next one.
    async fn read_again(&self, id: ChannelId, stay: &Stay) -> Result<(Card, Channel, Vec<Effect>), Ended> {
        let Inner { clock, ledger, shutdown, .. } = &*self.inner;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Err(Ended::Closed),
                () = stay.released.cancelled() => return Err(Ended::Closed),
                () = clock.sleep(CLOSE_DEADLINE) => {}
            }
            let view = match (self.inner.holding, stay.fence) {
                (Holding::Assigned { worker }, Some(fence)) => ledger.hold(id, fence, worker, clock.now()).await.map(Some),
                (Holding::Assigned { .. } | Holding::All, _) => ledger.channel(id).await,
            };
            match view {
                Ok(Some(view)) => return Ok(self.restored(view, Cause::Starting).await),
                Ok(None) | Err(LedgerError::NoSuchChannel) => return Err(Ended::Gone),
                Err(LedgerError::Fenced) => return Err(Ended::Dispossessed),
                Err(error) => tracing::warn!(channel.id = %id, %error, "cannot be read yet"),
            }
        }
    }

    /// What an engine does that shares its ledger with others.
    fn attend(&self, news: broadcast::Receiver<News>) {
        let tracker = &self.inner.tracker;
        tracker.spawn(follow::listen(self.inner.clone(), news));
        tracker.spawn(follow::read_anew(self.inner.clone()));
        tracker.spawn(elsewhere::take_orders(self.clone()));
    }

    fn watch(&self, config: &EngineConfig) {
        let Inner { tracker, clock, world, shutdown, .. } = &*self.inner;
        tracker.spawn(wake::watch(clock.clone(), world.clone(), shutdown.clone()));
        if config.watch_network {
            tracker.spawn(network::watch(world.clone(), shutdown.clone()));
        }
        tracker.spawn(heartbeat::beat(self.inner.clone()));
        tracker.spawn(outbox::expiry::sweep(self.inner.clone()));
        tracker.spawn(retention::keep_pruning(self.inner.clone(), config.retention));
    }
}
