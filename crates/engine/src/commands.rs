use crate::driver::Card;
use crate::engine::Engine;
use crate::error::CommandError;
use crate::holding::Holding;
use crate::order::What;
use channel::{Channel, Command, Input};
use domain::{ChannelId, ChannelView, Event, PairingPrompt, Phone, Proxy, State};
use ledger::ChannelPatch;
use std::time::Duration;

/// Longest wait for a pairing code: a connection to WhatsApp and an answer.
const CODE_DEADLINE: Duration = Duration::from_secs(45);
/// Longest wait for a deletion: a logout, a close and a shred.
const DELETE_DEADLINE: Duration = Duration::from_secs(20);
/// When a deletion takes so long it is asked for once more.
const DELETE_AGAIN: Duration = Duration::from_secs(5);

/// A channel to be made.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub name: String,
    pub proxy: Option<Proxy>,
    /// Begin pairing at once.
    pub start: bool,
}

impl Engine {
    /// Makes a channel.
    pub async fn create(&self, new: NewChannel) -> Result<ChannelView, CommandError> {
        if self.inner.shutdown.is_cancelled() {
            return Err(CommandError::ShuttingDown);
        }
        let now = self.inner.clock.now();
        let card = Card { id: ChannelId::new(now, rand::random()), name: new.name, created_at: now, proxy: new.proxy };
        self.make(card, Channel::new(now), new.start).await
    }

    pub(crate) async fn make(&self, card: Card, channel: Channel, start: bool) -> Result<ChannelView, CommandError> {
        match self.inner.holding {
            Holding::All => self.make_here(card, channel, start).await,
            Holding::Assigned { .. } => self.make_for_others(card, channel, start).await,
        }
    }

    async fn make_here(&self, card: Card, channel: Channel, start: bool) -> Result<ChannelView, CommandError> {
        let view = card.view(&channel);
        self.insert(&view).await?;
        self.inner.board.put(view.clone());
        self.settle(card, channel, Vec::new());
        if !start {
            return Ok(view);
        }
        match self.start(view.id).await {
            Ok(view) => Ok(view),
            Err(error) => {
                // It exists, and a start can be asked for again.
                tracing::warn!(channel.id = %view.id, %error, "made, but not started");
                Ok(view)
            }
        }
    }

    /// Whoever becomes its holder begins with what is written here.
    async fn make_for_others(&self, card: Card, mut channel: Channel, start: bool) -> Result<ChannelView, CommandError> {
        if start {
            (channel, _) = channel::step(&channel, Input::Command(Command::Start), card.created_at, rand::random());
        }
        let view = card.view(&channel);
        let _one = self.inner.reading.lock().await;
        self.insert(&view).await?;
        self.inner.board.follow(vec![(view.id, Some(view.clone()))], |id| self.inner.has_seat(id));
        Ok(view)
    }

    async fn insert(&self, view: &ChannelView) -> Result<(), CommandError> {
        let created = Event::ChannelCreated { channel: view.clone() };
        let at = view.created_at;
        self.inner.health.note(self.inner.ledger.insert_channel(view.clone(), vec![created], at).await)?;
        Ok(())
    }

    /// Changes name or proxy. A new proxy takes effect at once.
    pub async fn patch(&self, id: ChannelId, patch: ChannelPatch) -> Result<ChannelView, CommandError> {
        self.order(id, What::Patch(patch)).await
    }

    /// Runs the channel from now on: resumes it, or begins pairing. No error when it runs already.
    pub async fn start(&self, id: ChannelId) -> Result<ChannelView, CommandError> {
        self.command(id, Command::Start).await
    }

    /// Lets the channel rest; its auth-state stays.
    pub async fn stop(&self, id: ChannelId) -> Result<ChannelView, CommandError> {
        self.command(id, Command::Stop).await
    }

    /// A fresh connection (or a fresh QR) now.
    pub async fn restart(&self, id: ChannelId) -> Result<ChannelView, CommandError> {
        self.command(id, Command::Restart).await
    }

    /// Leaves the account: WhatsApp is told when that is possible, and the auth-state is shredded. Returns when that is
    /// under way.
    pub async fn logout(&self, id: ChannelId) -> Result<ChannelView, CommandError> {
        self.command(id, Command::Logout).await
    }

    /// Logs out, shreds, and removes the channel with its messages. Returns when it is gone. `Conflict` when that takes
    /// long (a locked keychain keeps a key from being deleted, say): it goes on all the same.
    pub async fn delete(&self, id: ChannelId) -> Result<(), CommandError> {
        let mut overview = self.overview();
        let clock = &self.inner.clock;
        let deadline = clock.passed() + DELETE_DEADLINE;
        self.command(id, Command::Delete).await?;
        loop {
            let left = deadline.saturating_sub(clock.passed());
            let gone = overview.wait_for(|overview| overview.get(id).is_none());
            if clock.timeout(left.min(DELETE_AGAIN), gone).await.is_some() {
                return Ok(());
            }
            if clock.passed() >= deadline {
                return Err(CommandError::Conflict {
                    code: "deletion_pending",
                    sentence: "The channel is being deleted, but its credentials cannot be destroyed yet. Unlock the keychain; it goes on by itself.",
                });
            }
            // A holder that lost the channel half-way has not told the next one.
            match self.command(id, Command::Delete).await {
                Ok(_) => {}
                Err(CommandError::NotFound) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Shows a code, to be typed on `phone`, instead of a QR, and waits for it (or for a passkey that WhatsApp demands).
    /// Starts the channel when it does not run.
    pub async fn pairing_code(&self, id: ChannelId, phone: Phone) -> Result<PairingPrompt, CommandError> {
        let mut overview = self.overview();
        self.command(id, Command::PairByCode(phone.clone())).await?;
        let code = async {
            loop {
                let view = overview.borrow_and_update().get(id).cloned().ok_or(CommandError::NotFound)?;
                match view.state {
                    State::Pairing { prompt, .. } => match prompt {
                        PairingPrompt::Code { phone: ref of, .. } if *of == phone => return Ok(prompt),
                        PairingPrompt::Passkey { .. } => return Ok(prompt),
                        PairingPrompt::Code { .. }
                        | PairingPrompt::Waiting { .. }
                        | PairingPrompt::Qr { .. }
                        | PairingPrompt::Scanned { .. } => {}
                    },
                    State::Disconnected { reason, .. } => {
                        return Err(CommandError::Conflict { code: "pairing_ended", sentence: reason.sentence() });
                    }
                    State::Connected { .. } | State::Reconnecting { .. } => {
                        return Err(channel::Refusal::AlreadyPaired.into());
                    }
                }
                overview.changed().await.map_err(|_| CommandError::ShuttingDown)?;
            }
        };
        match self.inner.clock.timeout(CODE_DEADLINE, code).await {
            Some(code) => code,
            None => {
                let setback = match self.channel(id).map(|view| view.state) {
                    Some(State::Pairing { prompt, .. }) => prompt.setback(),
                    Some(State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. }) | None => None,
                };
                Err(CommandError::Conflict {
                    code: "no_pairing_code",
                    sentence: setback.map_or(
                        "WhatsApp has not given a code yet. Check the connection; the channel goes on trying.",
                        |setback| setback.cause.sentence(),
                    ),
                })
            }
        }
    }

    async fn command(&self, id: ChannelId, command: Command) -> Result<ChannelView, CommandError> {
        self.order(id, What::Command(command)).await
    }
}
