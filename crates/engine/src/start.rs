use crate::driver::{Card, Driver};
use crate::engine::{Engine, Inner, Seat};
use crate::{EngineConfig, StartError, heartbeat, network, outbox, retention, wake};
use channel::{CLOSE_DEADLINE, Channel, Effect, Stored, restore};
use domain::{ChannelId, ChannelView, Desired, StateKind};
use futures::FutureExt;
use ledger::Ledger;
use socket::SocketFactory;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

impl Engine {
    /// Loads the channels and resumes those that should run, a few at a time. Returns before they are connected.
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
        let mut restored = Vec::new();
        for view in engine.inner.ledger.channels().await? {
            restored.push(engine.restored(view).await);
        }
        // Everybody who asks sees all of them, from the first moment.
        engine.inner.board.put_all(restored.iter().map(|(card, channel, _)| card.view(channel)).collect());
        for (card, channel, effects) in restored {
            engine.run(card, channel, effects);
        }
        engine.watch(&config);
        Ok(engine)
    }

    async fn restored(&self, view: ChannelView) -> (Card, Channel, Vec<Effect>) {
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
        let stored = Stored { desired: view.desired, state: view.state, holds_auth_state, identity: view.identity };
        let (channel, effects) = restore(stored, self.inner.clock.now(), rand::random());
        (card, channel, effects)
    }

    /// Gives the channel its driver.
    pub(crate) fn run(&self, card: Card, channel: Channel, first: Vec<Effect>) {
        let (seat, orders) = Seat::new(&self.inner.outbox);
        self.inner.take_seat(card.id, seat.clone());
        let id = card.id;
        let driver = Driver::new(self.inner.clone(), card, channel, seat, orders);
        let engine = self.clone();
        self.inner.tracker.spawn(async move {
            if AssertUnwindSafe(driver.run(first)).catch_unwind().await.is_err() {
                tracing::error!(channel.id = %id, "a channel's driver panicked; it starts anew from what is stored");
                engine.revive(id).await;
            }
        });
    }

    /// A defect in one driver is a hiccup of one channel, not its end. The socket that the driver held was dropped with
    /// it; it has the time to go before the next one.
    async fn revive(&self, id: ChannelId) {
        let Inner { clock, ledger, shutdown, .. } = &*self.inner;
        loop {
            if shutdown.run_until_cancelled(clock.sleep(CLOSE_DEADLINE)).await.is_none() {
                return;
            }
            match ledger.channels().await {
                Ok(views) => {
                    let Some(view) = views.into_iter().find(|view| view.id == id) else { return self.inner.forget(id) };
                    let (card, channel, effects) = self.restored(view).await;
                    self.inner.board.put(card.view(&channel));
                    return self.run(card, channel, effects);
                }
                Err(error) => tracing::warn!(channel.id = %id, %error, "cannot be read yet"),
            }
        }
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
