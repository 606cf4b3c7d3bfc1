//! Performing what the machine decided. Nothing here waits: what takes time runs as a task and reports back.

use crate::driver::Driver;
use crate::inbox::ChannelInbox;
use crate::journal::Entry;
use crate::line::{Done, Line};
use crate::outbox::courier::Courier;
use crate::outbox::picker::Picker;
use channel::{Channel, Effect, News};
use domain::{Cause, Event, State};
use ledger::TransitionRecord;
use socket::Opening;
use std::sync::Arc;

impl Driver {
    /// The channel is this from now on, for everybody. Nothing is sent any more unless it is connected.
    pub(crate) fn adopt(&mut self, channel: Channel) {
        let before = cause_of_waiting(&self.channel);
        self.channel = channel;
        // Once per cause, however many attempts it spoils.
        if let Some(cause) = cause_of_waiting(&self.channel).filter(|cause| before != Some(*cause)) {
            tracing::warn!(channel.id = %self.card.id, cause = cause.as_str(), "pairing cannot ask whatsapp; it is tried again");
        }
        if !self.channel.is_connected()
            && let Some(line) = &mut self.line
        {
            line.dismiss_courier();
        }
        self.engine.board.put(self.card.view(&self.channel));
    }

    /// Puts what has to be written of a step into the journal.
    pub(crate) fn record(&mut self, effects: &[Effect]) {
        if let Some(record) = self.record_of(effects) {
            self.journal.push(Entry::Transition(Box::new(record)));
        }
        self.record_rest(effects);
    }

    /// What has to be written of a step besides the transition.
    pub(crate) fn record_rest(&mut self, effects: &[Effect]) {
        let at = self.engine.clock.now();
        for effect in effects {
            match effect {
                Effect::FailOutbox => self.journal.push(Entry::FailOutbox { at }),
                Effect::Forget => self.journal.push(Entry::Delete { name: self.card.name.clone(), at }),
                Effect::Tell(_)
                | Effect::Keep
                | Effect::OpenSocket { .. }
                | Effect::CloseSocket
                | Effect::AbandonSocket
                | Effect::LogoutSocket
                | Effect::AskPairingCode(_)
                | Effect::Shred => {}
            }
        }
    }

    /// What has to be written of a step, if anything: the channel as it is now, with its events.
    pub(crate) fn record_of(&self, effects: &[Effect]) -> Option<TransitionRecord> {
        let mut kept = false;
        let mut events = Vec::new();
        for effect in effects {
            match effect {
                Effect::Tell(news) => events.push(self.event(*news)),
                Effect::Keep => kept = true,
                Effect::OpenSocket { .. }
                | Effect::CloseSocket
                | Effect::AbandonSocket
                | Effect::LogoutSocket
                | Effect::AskPairingCode(_)
                | Effect::Shred
                | Effect::FailOutbox
                | Effect::Forget => {}
            }
        }
        (kept || !events.is_empty()).then(|| TransitionRecord {
            channel: self.card.id,
            state: self.channel.state().clone(),
            stuck_since: self.channel.stuck_since(),
            desired: self.channel.desired(),
            paired: self.channel.holds_auth_state(),
            identity: self.channel.identity().cloned(),
            events,
            at: self.engine.clock.now(),
            fence: self.seat.stay.fence,
        })
    }

    fn event(&self, news: News) -> Event {
        let channel = self.card.view(&self.channel);
        let id = channel.id;
        match news {
            News::Pairing => {
                match cause_of_waiting(&self.channel) {
                    // The warning at its change is enough.
                    Some(cause) => tracing::debug!(channel.id = %id, cause = cause.as_str(), "pairing"),
                    None => tracing::info!(channel.id = %id, "pairing"),
                }
                Event::ChannelPairing { channel }
            }
            News::Connected => {
                tracing::info!(channel.id = %id, "connected");
                Event::ChannelConnected { channel }
            }
            News::Reconnecting(cause) => {
                tracing::info!(channel.id = %id, cause = cause.as_str(), "reconnecting");
                Event::ChannelReconnecting { channel, cause }
            }
            News::Disconnected(reason) => {
                tracing::info!(channel.id = %id, reason = reason.as_str(), "disconnected");
                Event::ChannelDisconnected { channel, reason }
            }
            News::Stuck => {
                tracing::warn!(channel.id = %id, "reconnecting for too long");
                Event::ChannelStuck { channel }
            }
            News::Flapping => {
                tracing::warn!(channel.id = %id, "losing one connection after the other");
                Event::ChannelFlapping { channel }
            }
            News::Recovered { stuck_since } => {
                tracing::info!(channel.id = %id, "connected again after having been stuck, or flapping");
                Event::ChannelRecovered { channel, stuck_since }
            }
        }
    }

    pub(crate) fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                // Written before anything is done about them.
                Effect::Tell(_) | Effect::Keep | Effect::FailOutbox | Effect::Forget => {}
                Effect::OpenSocket { pair_by_code } => {
                    self.generation += 1;
                    let inbox = ChannelInbox {
                        channel: self.card.id,
                        ledger: self.engine.ledger.clone(),
                        clock: self.engine.clock.clone(),
                        health: self.engine.health.clone(),
                        abandoned: self.seat.stay.abandoned.clone(),
                    };
                    let (channel, proxy) = (self.card.id, self.card.proxy.clone());
                    self.line = Some(Line::open(&self.yard, self.generation, |events| Opening {
                        channel,
                        proxy,
                        pair_by_code,
                        events,
                        inbox: Arc::new(inbox),
                    }));
                }
                Effect::CloseSocket => {
                    if let Some(line) = &mut self.line {
                        line.close(&self.yard);
                    }
                }
                Effect::AbandonSocket => self.line = None,
                Effect::LogoutSocket => {
                    if let Some(line) = &self.line {
                        line.log_out(&self.yard);
                    }
                }
                Effect::AskPairingCode(phone) => {
                    if let Some(line) = &self.line {
                        line.ask_code(&self.yard, phone);
                    }
                }
                Effect::Shred => self.shred(),
            }
        }
        self.serve();
    }

    /// Shows a logged-in socket to those who measure it, and has its outbox sent.
    pub(crate) fn serve(&mut self) {
        self.seat.show(self.line.as_ref().filter(|_| self.channel.is_connected()));
        self.employ_courier();
    }

    fn shred(&self) {
        let (factory, done, id) = (self.yard.factory.clone(), self.yard.done.clone(), self.card.id);
        self.yard.tracker.spawn(async move {
            let outcome = factory.shred(id).await;
            if let Err(error) = &outcome {
                tracing::warn!(channel.id = %id, %error, "the credentials could not be destroyed; it is tried again");
            }
            // The driver has gone: the next start finishes this.
            let _ = done.send(Done::Shred { ok: outcome.is_ok() }).await;
        });
    }

    /// One courier per logged-in socket, which ends with it.
    fn employ_courier(&mut self) {
        if !self.channel.is_connected() {
            return;
        }
        let Some(line) = &mut self.line else { return };
        let Some((socket, dismissed)) = line.engage_courier() else { return };
        let picker = Picker {
            channel: self.card.id,
            fence: self.seat.stay.fence,
            ledger: self.engine.ledger.clone(),
            clock: self.engine.clock.clone(),
            health: self.engine.health.clone(),
            flight: self.seat.flight.clone(),
            pace: self.seat.pace.clone(),
            bell: self.seat.bell.clone(),
            reports: self.yard.done.clone(),
            ahead: None,
        };
        let courier = Courier { picker, socket };
        self.yard.tracker.spawn(async move { dismissed.run_until_cancelled(courier.run()).await });
    }
}

/// Why there is nothing to scan yet.
fn cause_of_waiting(channel: &Channel) -> Option<Cause> {
    match channel.state() {
        State::Pairing { prompt, .. } => prompt.setback().map(|setback| setback.cause),
        State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. } => None,
    }
}
