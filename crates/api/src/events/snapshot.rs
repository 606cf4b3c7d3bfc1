use crate::api::Parts;
use domain::{ChannelView, Overview};
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
        // The position first and the rows after it: an event and its row are one transaction, so the rows lack nothing of
        // what the position promises.
        let seq = *api.ledger.tip().borrow();
        if let Some(made) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().filter(|s| s.seq == seq) {
            return Ok(made.clone());
        }
        let overview = api.overview();
        let rows = api.ledger.channels().await?;
        let channels = rows.into_iter().map(|row| newest(row, &overview)).collect();
        let made = Arc::new(Snapshot { seq, channels });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }
}

/// The overview is ahead of the ledger while a transition is being written, and knows what there is to scan, which is kept
/// out of the ledger; but it may lack a channel, or a name, for a moment.
fn newest(row: ChannelView, overview: &Overview) -> ChannelView {
    match overview.get(row.id) {
        Some(live) if live.state.since() >= row.state.since() => {
            ChannelView { name: row.name, proxy: row.proxy, ..live.clone() }
        }
        Some(_) | None => row,
    }
}
