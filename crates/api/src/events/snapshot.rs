use crate::api::Parts;
use domain::{ChannelView, State};
use ledger::LedgerError;
use std::sync::{Arc, Mutex, PoisonError};

/// All channels, and the `seq` of the newest event that they show. They may show later ones already: each event carries
/// its channel whole, so hearing such a one again changes nothing for the worse.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub seq: u64,
    pub channels: Vec<ChannelView>,
}

/// The last one that was made: good for all who come before the next event.
#[derive(Debug, Default)]
pub(super) struct Snapshots(Mutex<Option<Arc<Snapshot>>>);

impl Snapshots {
    pub async fn take(&self, api: &Parts) -> Result<Arc<Snapshot>, LedgerError> {
        // The position first and the rows after it: an event and its row are one transaction, so the rows lack nothing
        // of what the position promises. (The overview may be a moment behind the log.)
        let seq = *api.ledger.tip().borrow();
        if let Some(made) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|s| s.seq == seq) {
            return Ok(made.clone());
        }
        let mut channels = api.ledger.channels().await?;
        // What there is to scan is kept out of the ledger; the overview has it.
        let overview = api.overview();
        for stored in &mut channels {
            let live = overview.get(stored.id).filter(|live| matches!(live.state, State::Pairing { .. }));
            if let (State::Pairing { since, .. }, Some(live)) = (&stored.state, live)
                && *since == live.state.since()
            {
                stored.state = live.state.clone();
            }
        }
        let made = Arc::new(Snapshot { seq, channels });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }
}
