//! Makes deliveries of events: whenever the log has grown, and whenever an endpoint changed.

use crate::ground::{Complaint, Ground, LEDGER_REST, LOOK_ANYWAY};
use std::sync::Arc;
use tokio::sync::watch;

/// Events that are looked at in one transaction; other writes go between two of them.
const AT_ONCE: u32 = 500;

/// `wanted`: whether there is anybody to plan for. Without, the log is left alone: an endpoint begins with the events that
/// come after it.
pub(crate) async fn run(ground: Arc<Ground>, mut wanted: watch::Receiver<bool>) {
    let mut tip = ground.ledger.tip();
    let mut complaint = Complaint::default();
    let end = ground.shutdown.clone();
    let plan = async {
        loop {
            if wanted.wait_for(|wanted| *wanted).await.is_err() {
                return;
            }
            tip.mark_unchanged();
            let planned = ground.ledger.plan_deliveries(ground.config.clock.now(), AT_ONCE).await;
            let Some(planned) = complaint.note("planning deliveries", planned) else { return };
            let rest = match planned {
                Ok(planned) => {
                    // Others plan too, for those that are served here as well.
                    if planned.made > 0 || ground.config.worker.is_some() {
                        ground.planned.send_modify(|n| *n += 1);
                    }
                    if planned.more {
                        continue;
                    }
                    LOOK_ANYWAY
                }
                Err(()) => {
                    ground.config.clock.sleep(LEDGER_REST).await;
                    continue;
                }
            };
            tokio::select! {
                _ = tip.changed() => {}
                _ = wanted.changed() => {}
                () = ground.config.clock.sleep(rest) => {}
            }
        }
    };
    end.run_until_cancelled(plan).await;
}
