use crate::placement::{Placement, Share};
use std::sync::{Arc, Mutex, PoisonError};

/// Placements worked out already. A rolling restart comes back to the same set of workers now and then, and a simulation asks
/// the same question for every worker.
#[derive(Clone, Debug, Default)]
pub struct Atlas {
    pages: Arc<Mutex<Vec<Page>>>,
}

/// The shares, and what was worked out for them.
type Page = (Vec<Share>, Arc<Placement>);

/// Each is 0.8 MB.
const PAGES: usize = 12;

impl Atlas {
    /// The placement over these shares, given in the order of their workers.
    pub fn over(&self, shares: &[Share]) -> Arc<Placement> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = pages.iter().position(|(key, _)| key == shares) {
            // The last is the one asked for most recently.
            let page = pages.remove(at);
            let placement = page.1.clone();
            pages.push(page);
            return placement;
        }
        let placement = Arc::new(match pages.last() {
            Some((_, last)) => last.changed_to(shares),
            None => Placement::over(shares),
        });
        if pages.len() >= PAGES {
            pages.remove(0);
        }
        pages.push((shares.to_vec(), placement.clone()));
        placement
    }
}
