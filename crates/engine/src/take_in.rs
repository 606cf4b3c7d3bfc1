use crate::commands::NewChannel;
use crate::driver::Card;
use crate::engine::Engine;
use crate::error::CommandError;
use channel::{Stored, restore};
use domain::{Cause, ChannelId, ChannelView, Desired, Identity, Reason, State};

impl Engine {
    /// An id for a channel to be [taken in](Engine::take_in).
    pub fn new_channel_id(&self) -> ChannelId {
        ChannelId::new(self.inner.clock.now(), rand::random())
    }

    /// Makes a channel of a session that lies in the store under `id` already. Started, it resumes: nothing is to be scanned.
    ///
    /// # Errors
    /// When it cannot be written; the session in the store is the caller's to take away then.
    pub async fn take_in(&self, id: ChannelId, identity: Identity, new: NewChannel) -> Result<ChannelView, CommandError> {
        if self.inner.shutdown.is_cancelled() {
            return Err(CommandError::ShuttingDown);
        }
        let now = self.inner.clock.now();
        let card = Card { id, name: new.name, created_at: now, proxy: new.proxy };
        let stored = Stored {
            desired: Desired::Stopped,
            state: State::Disconnected { since: now, reason: Reason::Stopped },
            holds_auth_state: true,
            identity: Some(identity),
            cause: Cause::Starting,
        };
        // It rests: there is nothing to be done about it yet.
        let (channel, _) = restore(stored, now, rand::random());
        self.make(card, channel, new.start).await
    }
}
