//! What other workers do with the ledger that this engine shares with them: shown on the board, and told to whom it concerns.

use crate::engine::{Engine, Inner};
use domain::{ChannelId, ChannelView, State};
use ledger::{LedgerError, News};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};

/// When more channels than this changed, all are read at once.
const ONE_BY_ONE: usize = 64;
/// How soon a ledger that cannot be read is tried again.
const READ_RETRY: Duration = Duration::from_secs(1);

/// Channels that are to be read anew, because somebody else may have changed them.
#[derive(Debug, Default)]
pub(crate) struct Stale {
    which: Mutex<Which>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Which {
    all: bool,
    ids: BTreeSet<ChannelId>,
}

impl Stale {
    pub fn note(&self, ids: impl IntoIterator<Item = ChannelId>) {
        self.which().ids.extend(ids);
        self.bell.notify_one();
    }

    pub fn note_all(&self) {
        self.which().all = true;
        self.bell.notify_one();
    }

    fn take(&self) -> Which {
        std::mem::take(&mut *self.which())
    }

    fn put_back(&self, which: Which) {
        let mut now = self.which();
        now.all |= which.all;
        now.ids.extend(which.ids);
    }

    fn which(&self) -> MutexGuard<'_, Which> {
        self.which.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears what others did, until the engine stops.
pub(crate) async fn listen(engine: Arc<Inner>, mut news: broadcast::Receiver<News>) {
    while let Some(heard) = engine.shutdown.run_until_cancelled(news.recv()).await {
        match heard {
            Ok(News::Channels(ids)) => engine.stale.note(ids),
            Ok(News::Outbox(ids)) => {
                for id in ids {
                    if let Some(seat) = engine.seat(id) {
                        seat.bell.notify_one();
                        fail_what_came_too_late(&engine, id);
                    }
                }
            }
            Ok(News::Orders) => engine.call_for_orders(),
            Ok(News::Endpoints | News::Access) => {}
            Ok(News::Missed) | Err(RecvError::Lagged(_)) => {
                engine.stale.note_all();
                engine.ring_all();
                engine.held().into_iter().for_each(|id| fail_what_came_too_late(&engine, id));
                engine.expiry_bell.notify_one();
                engine.call_for_orders();
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Another node may have accepted a message before it heard that the channel is not linked any more.
fn fail_what_came_too_late(engine: &Arc<Inner>, id: ChannelId) {
    if engine.board.get(id).is_some_and(|view| !view.paired) {
        let here = Engine { inner: engine.clone() };
        engine.tracker.spawn(async move { here.fail_when_unlinked(id).await });
    }
}

/// Reads what others changed, until the engine stops.
pub(crate) async fn read_anew(engine: Arc<Inner>) {
    let mut well = true;
    while engine.shutdown.run_until_cancelled(engine.stale.bell.notified()).await.is_some() {
        loop {
            let which = engine.stale.take();
            let Err(error) = engine.read(&which).await else {
                well = true;
                break;
            };
            if std::mem::replace(&mut well, false) {
                tracing::warn!(%error, "what other workers do cannot be read");
            }
            engine.stale.put_back(which);
            if engine.shutdown.run_until_cancelled(engine.clock.sleep(READ_RETRY)).await.is_none() {
                return;
            }
        }
    }
}

impl Inner {
    async fn read(&self, which: &Which) -> Result<(), LedgerError> {
        if !which.all && which.ids.len() <= ONE_BY_ONE {
            return self.read_these(&which.ids).await;
        }
        let shows_something = {
            let _one = self.reading.lock().await;
            let views = self.ledger.channels().await?;
            let pairing = views.iter().filter(|view| matches!(view.state, State::Pairing { .. }));
            let shows_something = pairing.map(|view| view.id).collect();
            self.board.follow_all(views.into_iter().map(seen).collect(), |id| self.has_seat(id));
            shows_something
        };
        self.read_these(&shows_something).await
    }

    /// Shows on the board how others left these channels.
    pub(crate) async fn read_these(&self, ids: &BTreeSet<ChannelId>) -> Result<(), LedgerError> {
        let _one = self.reading.lock().await;
        let mut read = Vec::with_capacity(ids.len());
        for id in ids.iter().filter(|id| !self.has_seat(**id)) {
            read.push((*id, self.ledger.channel(*id).await?.map(seen)));
        }
        self.board.follow(read, |id| self.has_seat(id));
        Ok(())
    }
}

/// A row as people see it: auth-state that waits to be destroyed is none.
pub(crate) fn seen(mut view: ChannelView) -> ChannelView {
    if let State::Disconnected { reason, .. } = &view.state
        && reason.invalidates()
    {
        view.paired = false;
    }
    view
}
