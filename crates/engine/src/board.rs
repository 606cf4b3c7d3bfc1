use domain::{ChannelId, ChannelView, Overview};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// What all channels are at this moment. Whoever was told that a command is done finds its result here.
#[derive(Debug)]
pub(crate) struct Board {
    /// Ids sort by creation.
    views: Mutex<BTreeMap<ChannelId, ChannelView>>,
    overview: watch::Sender<Arc<Overview>>,
}

impl Board {
    pub fn new() -> Self {
        Board { views: Mutex::default(), overview: watch::Sender::new(Arc::default()) }
    }

    /// A reader that is slow sees the latest, not every step.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Overview>> {
        self.overview.subscribe()
    }

    pub fn get(&self, id: ChannelId) -> Option<ChannelView> {
        self.overview.borrow().get(id).cloned()
    }

    pub fn put(&self, view: ChannelView) {
        self.change(|views| views.insert(view.id, view.clone()).as_ref() != Some(&view));
    }

    /// Many at once, with one publication.
    pub fn put_all(&self, all: Vec<ChannelView>) {
        self.change(|views| {
            views.extend(all.into_iter().map(|view| (view.id, view)));
            true
        });
    }

    /// What was read of channels (`None`: there is no such channel), except of those that are `held` here: their drivers know better.
    pub fn follow(&self, read: Vec<(ChannelId, Option<ChannelView>)>, held: impl Fn(ChannelId) -> bool) {
        self.change(|views| {
            let mut changed = false;
            for (id, view) in read.into_iter().filter(|(id, _)| !held(*id)) {
                changed |= match view {
                    Some(view) => views.insert(id, view.clone()).as_ref() != Some(&view),
                    None => views.remove(&id).is_some(),
                };
            }
            changed
        });
    }

    /// As [`Board::follow`], when all channels were read.
    pub fn follow_all(&self, read: Vec<ChannelView>, held: impl Fn(ChannelId) -> bool) {
        self.change(|views| {
            let mut now: BTreeMap<_, _> = read.into_iter().map(|view| (view.id, view)).collect();
            now.retain(|id, _| !held(*id));
            now.extend(views.iter().filter(|(id, _)| held(**id)).map(|(id, view)| (*id, view.clone())));
            let changed = *views != now;
            *views = now;
            changed
        });
    }

    pub fn remove(&self, id: ChannelId) {
        self.change(|views| views.remove(&id).is_some());
    }

    /// Published under the lock, so that an older overview never replaces a newer one.
    fn change(&self, act: impl FnOnce(&mut BTreeMap<ChannelId, ChannelView>) -> bool) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if act(&mut views) {
            self.overview.send_replace(Arc::new(Overview { channels: views.values().cloned().collect() }));
        }
    }
}
