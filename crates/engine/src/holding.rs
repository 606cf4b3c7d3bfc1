use crate::engine::Inner;
use domain::{ChannelId, Fence, WorkerId};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Which channels an engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// All that there are: it is the only one that writes to its ledger.
    All,
    /// Those that it is told to with [`crate::Engine::adopt`]; other workers run the others of the same ledger.
    Assigned { worker: WorkerId },
}

/// One time of holding a channel, from its beginning to the end of its driver. Everything about it is said once.
#[derive(Debug, Default)]
pub(crate) struct Stay {
    /// `None`: there are no other workers.
    pub fence: Option<Fence>,
    /// Its driver runs.
    pub here: CancellationToken,
    /// It is to be left in good order, for another worker.
    pub released: CancellationToken,
    /// It is another worker's already.
    pub abandoned: CancellationToken,
    /// Nothing of it is left.
    pub ended: CancellationToken,
}

impl Stay {
    pub fn with(fence: Option<Fence>) -> Arc<Self> {
        Arc::new(Stay { fence, ..Stay::default() })
    }

    /// Whether the driver takes no orders any more, or is about to take none.
    pub fn is_parting(&self) -> bool {
        self.released.is_cancelled() || self.abandoned.is_cancelled() || self.ended.is_cancelled()
    }

    /// Resolves when it is to end, in whatever way.
    pub async fn parting(&self) {
        tokio::select! {
            () = self.released.cancelled() => {}
            () = self.abandoned.cancelled() => {}
        }
    }
}

/// A place in the roster that is given back however its holder ends.
pub(crate) struct Tenancy {
    pub engine: Arc<Inner>,
    pub id: ChannelId,
    pub stay: Arc<Stay>,
}

impl Drop for Tenancy {
    fn drop(&mut self) {
        self.engine.vacate(self.id, &self.stay);
    }
}
