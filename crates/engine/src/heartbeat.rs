//! Notes that the program runs, so that its absence shows in the uptime; and finds out when a failing ledger is well again.

use crate::engine::Inner;
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);
/// While the ledger cannot be written.
const WHILE_FAILING: Duration = Duration::from_secs(5);

pub(crate) async fn beat(engine: Arc<Inner>) {
    let mut trouble = engine.health.subscribe();
    loop {
        let wait = if engine.health.is_well() { EVERY } else { WHILE_FAILING };
        tokio::select! {
            () = engine.shutdown.cancelled() => return,
            () = engine.clock.sleep(wait) => {}
            // Look sooner from now on, or less often.
            _ = trouble.changed() => continue,
        }
        // Noted by `note`; the next beat tries again.
        let _ = engine.health.note(engine.ledger.still_running(engine.clock.now()).await);
    }
}
