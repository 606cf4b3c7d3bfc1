//! What a driver does when it is told to.

use crate::driver::Driver;
use crate::error::CommandError;
use crate::order::{Order, What};
use channel::{Command, Input};
use domain::{ChannelView, Desired, Event, State};
use ledger::{ChannelPatch, LedgerError};

impl Driver {
    /// Nobody there any more to take the answer: it was done, or not, all the same.
    pub(crate) async fn obey(&mut self, order: Order) {
        let outcome = match order.what {
            What::Command(command) => self.command(command).await,
            What::Patch(patch) => self.patch(patch).await,
        };
        let outcome = match outcome {
            // Nothing was changed: it is for the other one to do.
            Err(CommandError::Storage(LedgerError::Fenced)) => {
                self.dispossessed = true;
                // Nobody asks here any more.
                self.seat.stay.released.cancel();
                Err(CommandError::NoHolder)
            }
            outcome => outcome,
        };
        let _ = order.reply.send(outcome);
    }

    /// A command is carried out only when that can be written: what a program was told is true after a crash.
    async fn command(&mut self, command: Command) -> Result<ChannelView, CommandError> {
        self.channel.admits(&command)?;
        self.journal.flush().await?;
        let now = self.engine.clock.now();
        let (next, effects) = channel::step(&self.channel, Input::Command(command), now, rand::random());
        let before = self.channel.clone();
        self.adopt(next);
        if let Some(record) = self.record_of(&effects)
            && let Err(error) = self.engine.health.note(self.engine.ledger.transition(record).await)
        {
            self.adopt(before);
            self.serve();
            return Err(error.into());
        }
        self.record_rest(&effects);
        self.journal.flush_when_due().await;
        if !self.is_dispossessed() {
            self.perform(effects);
        }
        Ok(self.card.view(&self.channel))
    }

    async fn patch(&mut self, patch: ChannelPatch) -> Result<ChannelView, CommandError> {
        if self.channel.is_gone() {
            return Err(CommandError::NotFound);
        }
        self.journal.flush().await?;
        let mut card = self.card.clone();
        if let Some(name) = &patch.name {
            card.name.clone_from(name);
        }
        if let Some(proxy) = &patch.proxy {
            card.proxy.clone_from(proxy);
        }
        let event = Event::ChannelUpdated { channel: card.view(&self.channel) };
        let written = self.engine.ledger.update_channel(card.id, patch, vec![event], self.engine.clock.now()).await;
        self.engine.health.note(written)?;
        let other_way = card.proxy != self.card.proxy;
        self.card = card;
        self.engine.board.put(self.card.view(&self.channel));
        // The present connection goes the old way, and the next attempt need not wait for what the old way came to.
        let under_way = match self.channel.state() {
            State::Pairing { .. } | State::Reconnecting { .. } => true,
            State::Disconnected { .. } | State::Connected { .. } => self.line.is_some(),
        };
        if other_way && under_way && self.channel.desired() == Desired::Running {
            self.feed(Input::Command(Command::Restart)).await;
        }
        Ok(self.card.view(&self.channel))
    }
}
