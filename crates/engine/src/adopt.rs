//! Channels that come from other workers and go to them.

use crate::engine::{Engine, Inner, Seat};
use crate::error::CommandError;
use crate::holding::{Holding, Stay, Tenancy};
use channel::left_by_its_holder;
use domain::{Cause, ChannelId, ChannelView, Event, Fence, State, WorkerId};
use ledger::{LedgerError, TransitionRecord};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};

/// Longest time that a hand-over may take. After it the channel is let go of as it is.
pub(crate) const RELEASE_DEADLINE: Duration = Duration::from_secs(5);

impl Engine {
    /// Runs the channel from now on, as its holder with this `fence`, and resumes it from where the last holder left it. Returns
    /// when its driver runs; again with the same fence it changes nothing. What this engine still did with the channel under an
    /// earlier fence is dropped first.
    ///
    /// # Errors
    /// `NotFound`: there is no such channel (any more). `Storage(Fenced)`: somebody holds it with a higher fence. `NoHolder`: it was
    /// released or abandoned meanwhile. `Storage`: the ledger cannot be written now. Nothing is held then.
    pub async fn adopt(&self, id: ChannelId, fence: Fence) -> Result<(), CommandError> {
        let Holding::Assigned { worker } = self.inner.holding else {
            return Err(CommandError::Conflict {
                code: "holds_all",
                sentence: "This process runs all channels of its database by itself.",
            });
        };
        loop {
            if self.inner.shutdown.is_cancelled() {
                return Err(CommandError::ShuttingDown);
            }
            let (seat, orders) = Seat::new(&self.inner.outbox, Stay::with(Some(fence)));
            let Err(taken) = self.inner.take_seat(id, seat.clone()) else {
                return self.move_in(id, fence, worker, seat, orders).await;
            };
            let stay = taken.stay;
            if stay.fence > Some(fence) {
                return Err(LedgerError::Fenced.into());
            }
            if stay.fence < Some(fence) {
                // Others may have held it in between.
                stay.abandoned.cancel();
            }
            tokio::select! {
                biased;
                () = stay.ended.cancelled() => {}
                () = stay.here.cancelled(), if !stay.is_parting() => return Ok(()),
            }
        }
    }

    /// The seat is taken; whoever wants the channel to go can say so from now on.
    async fn move_in(
        &self,
        id: ChannelId,
        fence: Fence,
        worker: WorkerId,
        seat: Seat,
        orders: mpsc::Receiver<crate::order::Order>,
    ) -> Result<(), CommandError> {
        let stay = seat.stay.clone();
        let tenancy = Tenancy { engine: self.inner.clone(), id, stay: stay.clone() };
        let ready = async {
            let held = self.inner.ledger.hold(id, fence, worker, self.inner.clock.now()).await;
            match self.inner.health.note(held) {
                // The first holder of all takes up what no worker left.
                Ok(view) => Ok(self.restored(view, if fence.0 > 1 { Cause::Moving } else { Cause::Starting }).await),
                Err(LedgerError::NoSuchChannel) => Err(CommandError::NotFound),
                Err(error) => Err(error.into()),
            }
        };
        let ready = tokio::select! {
            biased;
            () = stay.parting() => Err(CommandError::NoHolder),
            () = self.inner.shutdown.cancelled() => Err(CommandError::ShuttingDown),
            ready = ready => ready,
        };
        let (card, channel, effects) = ready?;
        tracing::debug!(channel.id = %id, %fence, "adopted");
        self.inner.board.put(card.view(&channel));
        self.run(card, channel, effects, seat, orders, tenancy);
        stay.here.cancel();
        // Somebody may wait for a holder.
        self.inner.call_for_orders();
        Ok(())
    }

    /// Lets go of the channel for another worker: its socket is closed in good order, what happened is written, and what was up is
    /// `reconnecting` because it moves. Returns when nothing of it runs any more, after five seconds at most. No error when it is not
    /// held.
    pub async fn release(&self, id: ChannelId) {
        let Some(seat) = self.inner.seat(id) else { return };
        seat.stay.released.cancel();
        if self.inner.clock.timeout(RELEASE_DEADLINE, seat.stay.ended.cancelled()).await.is_none() {
            tracing::warn!(channel.id = %id, "not handed over in time; let go of as it is");
            self.abandon(id).await;
        }
    }

    /// The channel may be another worker's already: its socket is dropped at once and what was to be written is not. Returns when
    /// nothing of it runs any more, which is at once. No error when it is not held.
    ///
    /// When nobody has taken the channel over yet, by its fence, it is noted that it is not connected any more.
    pub async fn abandon(&self, id: ChannelId) {
        let Some(seat) = self.inner.seat(id) else { return };
        seat.stay.abandoned.cancel();
        seat.stay.ended.cancelled().await;
    }

    /// The channels that this engine runs; with [`Holding::All`] all of them.
    pub fn held(&self) -> Vec<ChannelId> {
        self.inner.held()
    }

    /// Channels that the engine gave up by itself, as the ledger or the auth-state said that another worker holds them. Not those
    /// that were released or abandoned. Whoever lags behind compares with [`Engine::held`].
    pub fn lost(&self) -> broadcast::Receiver<ChannelId> {
        self.inner.lost.subscribe()
    }
}

impl Inner {
    /// Nobody may take an abandoned channel over for a while (when all workers lost their leases together): it must not seem to be
    /// connected until then. Refused, and rightly so, when there is a new holder.
    pub(crate) async fn tell_left(&self, last: Option<ChannelView>, fence: Option<Fence>) {
        let now = self.clock.now();
        let Some(mut view) = last else { return };
        let Some(state) = left_by_its_holder(&view.state, now) else { return };
        view.state = state;
        let event = match &view.state {
            State::Reconnecting { cause, .. } => Event::ChannelReconnecting { channel: view.clone(), cause: *cause },
            State::Pairing { .. } => Event::ChannelPairing { channel: view.clone() },
            State::Disconnected { .. } | State::Connected { .. } => return,
        };
        let (id, events) = (view.id, vec![event]);
        let record = TransitionRecord {
            channel: id,
            state: view.state,
            stuck_since: view.stuck_since,
            desired: view.desired,
            paired: view.paired,
            identity: None,
            events,
            at: now,
            fence,
        };
        match self.health.note(self.ledger.transition(record).await) {
            Ok(_) => self.stale.note([id]),
            Err(error) => tracing::debug!(channel.id = %id, %error, "it is not told that the channel was let go of"),
        }
    }
}
