use crate::engine::Engine;
use crate::error::CommandError;
use domain::{ChannelId, Desired};
use futures::future::join_all;
use ledger::LedgerError;
use std::sync::atomic::Ordering;

/// Under which the ledger keeps the ids of the channels that a pause stopped: a list of texts.
const SETTING: &str = "paused_channels";

impl Engine {
    /// Stops every channel that should run and remembers which, also over a restart of the application.
    pub async fn pause_all(&self) -> Result<(), CommandError> {
        let mut ids: Vec<_> = self.remembered().await?;
        let running: Vec<_> = self
            .overview()
            .borrow()
            .channels
            .iter()
            .filter(|channel| channel.desired == Desired::Running)
            .map(|channel| channel.id)
            .collect();
        ids.extend(running.iter().filter(|id| !ids.contains(id)).copied().collect::<Vec<_>>());
        self.remember(&ids).await?;
        first_error(join_all(running.into_iter().map(|id| self.stop(id))).await)
    }

    /// Starts what the pause stopped.
    pub async fn resume_all(&self) -> Result<(), CommandError> {
        let ids = self.remembered().await?;
        let outcome = first_error(join_all(ids.into_iter().map(|id| self.start(id))).await);
        if outcome.is_ok() {
            self.remember(&[]).await?;
        }
        outcome
    }

    /// Whether [`Engine::resume_all`] has something to do.
    pub fn is_paused(&self) -> bool {
        self.inner.paused.load(Ordering::Relaxed)
    }

    pub(crate) async fn load_pause(&self) -> Result<(), LedgerError> {
        let any = !self.remembered().await?.is_empty();
        self.inner.paused.store(any, Ordering::Relaxed);
        Ok(())
    }

    async fn remembered(&self) -> Result<Vec<ChannelId>, LedgerError> {
        let texts: Vec<String> = self.inner.ledger.setting(SETTING).await?.unwrap_or_default();
        Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
    }

    async fn remember(&self, ids: &[ChannelId]) -> Result<(), CommandError> {
        let texts: Vec<_> = ids.iter().map(ToString::to_string).collect();
        self.inner.health.note(self.inner.ledger.set_setting(SETTING, &texts).await)?;
        self.inner.paused.store(!ids.is_empty(), Ordering::Relaxed);
        Ok(())
    }
}

/// A channel that was deleted meanwhile is no error.
fn first_error<T>(outcomes: Vec<Result<T, CommandError>>) -> Result<(), CommandError> {
    outcomes.into_iter().find_map(|o| o.err().filter(|e| *e != CommandError::NotFound)).map_or(Ok(()), Err)
}
