//! Orders for channels that other workers hold. They meet in the ledger: who wants something places an order, the channel's holder
//! takes it (each is taken once), does as with any other, and answers.

use crate::engine::Engine;
use crate::errand::{self, Answer};
use crate::error::CommandError;
use crate::follow::seen;
use crate::holding::Holding;
use crate::order::{Order, What};
use domain::{ChannelId, ChannelView};
use ledger::PlacedOrder;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a channel may be without a holder before whoever wants something of it is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an order may take that was taken in the last moment.
const AFTER_ALL: Duration = Duration::from_secs(5);
/// Answers are looked for this often, should their news not arrive.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Before an order that was turned away is placed again.
const BREATH: Duration = Duration::from_millis(200);
/// How soon a ledger that cannot be written is tried again.
const LEDGER_RETRY: Duration = Duration::from_secs(1);
const TRIES_TO_ANSWER: u32 = 5;
/// Orders that are taken together.
const TOGETHER: u32 = 32;

/// What came of telling a channel's driver in this process.
pub(crate) enum Heard {
    Answer(Box<Result<ChannelView, CommandError>>),
    /// There is none, or it is going: it has done nothing.
    Nobody,
}

impl Engine {
    /// Has the channel's holder do it, wherever that is.
    pub(crate) async fn order(&self, id: ChannelId, what: What) -> Result<ChannelView, CommandError> {
        if self.inner.shutdown.is_cancelled() {
            return Err(CommandError::ShuttingDown);
        }
        match self.inner.holding {
            Holding::All => match self.tell(id, what).await {
                Heard::Answer(answer) => *answer,
                // Deleted in this moment, or stopping.
                Heard::Nobody if self.inner.shutdown.is_cancelled() => Err(CommandError::ShuttingDown),
                Heard::Nobody => Err(CommandError::NotFound),
            },
            Holding::Assigned { .. } => self.order_anywhere(id, what).await,
        }
    }

    /// Has the driver in this process do it.
    async fn tell(&self, id: ChannelId, what: What) -> Heard {
        let Some(seat) = self.inner.seat(id).filter(|seat| !seat.stay.is_parting()) else { return Heard::Nobody };
        let (reply, answer) = oneshot::channel();
        if seat.orders.send(Order { what, reply }).await.is_err() {
            return Heard::Nobody;
        }
        match (answer.await, self.inner.holding) {
            (Ok(Err(CommandError::NoHolder)), _) => Heard::Nobody,
            (Ok(answer), _) => Heard::Answer(Box::new(answer)),
            (Err(_), Holding::All) => Heard::Nobody,
            // It may have been half-way through.
            (Err(_), Holding::Assigned { .. }) if self.inner.shutdown.is_cancelled() => {
                Heard::Answer(Box::new(Err(CommandError::ShuttingDown)))
            }
            (Err(_), Holding::Assigned { .. }) => Heard::Answer(Box::new(Err(CommandError::NoHolder))),
        }
    }

    async fn order_anywhere(&self, id: ChannelId, what: What) -> Result<ChannelView, CommandError> {
        let clock = &self.inner.clock;
        let deadline = clock.passed() + PATIENCE;
        loop {
            if let Heard::Answer(answer) = self.tell(id, what.clone()).await {
                return *answer;
            }
            if self.inner.shutdown.is_cancelled() {
                return Err(CommandError::ShuttingDown);
            }
            let before = self.inner.ledger.channel(id).await?.map(seen).ok_or(CommandError::NotFound)?;
            let answer = self.ask(id, &what, deadline).await?;
            if answer == Answer::TurnedAway && clock.passed() < deadline {
                clock.sleep(BREATH).await;
                continue;
            }
            return match answer.outcome() {
                Ok(()) => self.as_it_is(id, before).await,
                Err(error) => Err(error),
            };
        }
    }

    /// Places an order and waits for its answer.
    async fn ask(&self, id: ChannelId, what: &What, deadline: Duration) -> Result<Answer, CommandError> {
        let (ledger, clock) = (&self.inner.ledger, &self.inner.clock);
        let mut tip = self.inner.orders_tip.subscribe();
        let placed = ledger.place_order(id, errand::write(what), clock.now()).await;
        let n = self.inner.health.note(placed)?;
        // Another engine of this very process, or this one a moment later, may be the holder.
        self.inner.call_for_orders();
        let mut until = deadline;
        loop {
            tip.borrow_and_update();
            if let Some(answer) = ledger.order_answer(n).await? {
                return Ok(Answer::read(&answer));
            }
            if clock.passed() >= until {
                if until > deadline || ledger.withdraw_order(n).await? {
                    return Ok(Answer::Unheard);
                }
                until = deadline + AFTER_ALL;
            }
            let wait = until.saturating_sub(clock.passed()).min(LOOK_EVERY);
            tokio::select! {
                () = self.inner.shutdown.cancelled() => return Err(CommandError::ShuttingDown),
                _ = tip.changed() => {}
                () = clock.sleep(wait) => {}
            }
        }
    }

    /// The channel after an order was carried out elsewhere; on the board it is the same. One that is gone (it was an order to
    /// delete it) as it was before.
    async fn as_it_is(&self, id: ChannelId, before: ChannelView) -> Result<ChannelView, CommandError> {
        self.inner.read_these(&BTreeSet::from([id])).await?;
        Ok(self.channel(id).unwrap_or(before))
    }

    async fn carry_out(&self, order: PlacedOrder) {
        let answer = match errand::read(&order.what) {
            Some(what) => match self.tell(order.channel, what).await {
                Heard::Answer(outcome) => Answer::of(&outcome),
                Heard::Nobody => Answer::TurnedAway,
            },
            None => Answer::Failed { why: "this worker's version does not know such an order".to_owned() },
        };
        let text = answer.write();
        for _ in 0..TRIES_TO_ANSWER {
            match self.inner.ledger.answer_order(order.n, text.clone()).await {
                Ok(()) => return self.inner.call_for_orders(),
                Err(error) => tracing::warn!(channel.id = %order.channel, %error, "an order cannot be answered yet"),
            }
            self.inner.clock.sleep(LEDGER_RETRY).await;
        }
    }
}

/// Takes the orders for the channels that are held here, until the engine stops.
pub(crate) async fn take_orders(engine: Engine) {
    let inner = &engine.inner;
    let mut tip = inner.orders_tip.subscribe();
    while !inner.shutdown.is_cancelled() {
        tip.borrow_and_update();
        let held = inner.held();
        let taken = if held.is_empty() { Ok(Vec::new()) } else { inner.ledger.take_orders(&held, TOGETHER).await };
        let more = match taken {
            Ok(orders) => {
                let more = orders.len() >= TOGETHER as usize;
                for order in orders {
                    let engine = engine.clone();
                    inner.tracker.spawn(async move { engine.carry_out(order).await });
                }
                more
            }
            Err(error) => {
                tracing::debug!(%error, "orders cannot be taken yet");
                inner.shutdown.run_until_cancelled(inner.clock.sleep(LEDGER_RETRY)).await;
                true
            }
        };
        if !more {
            // The sender lives as long as the engine.
            inner.shutdown.run_until_cancelled(tip.changed()).await;
        }
    }
}
