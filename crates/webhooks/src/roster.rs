//! Keeps one task per endpoint.

use crate::endpoint;
use crate::ground::{Complaint, Ground, LEDGER_REST, LOOK_ANYWAY};
use domain::EndpointId;
use ledger::{Endpoint, EndpointStatus};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

type Tasks = HashMap<EndpointId, JoinHandle<()>>;

/// `wanted`: told whether there is any endpoint here that events are owed to.
pub(crate) async fn run(ground: Arc<Ground>, wanted: watch::Sender<bool>) {
    let mut changed = ground.ledger.deliveries_tip();
    let mut woken = ground.woken.subscribe();
    let mut claims = ground.claims.subscribe();
    let mut complaint = Complaint::default();
    let mut tasks = Tasks::new();
    let end = ground.shutdown.clone();
    let keep = async {
        loop {
            changed.mark_unchanged();
            woken.mark_unchanged();
            let claimed = claims.borrow_and_update().clone();
            let Some(endpoints) = complaint.note("reading the endpoints", ground.ledger.endpoints().await) else { return };
            let rest = match endpoints {
                Ok(endpoints) => {
                    forget(&ground, &mut tasks, &endpoints);
                    let served: Vec<_> = endpoints.into_iter().filter(|endpoint| claimed.hold(endpoint.id)).collect();
                    wanted.send_if_modified(|wanted| {
                        let any = served.iter().any(|e| !matches!(e.status, EndpointStatus::Disabled { .. }));
                        std::mem::replace(wanted, any) != any
                    });
                    employ(&ground, &mut tasks, &served);
                    LOOK_ANYWAY
                }
                Err(()) => LEDGER_REST,
            };
            tokio::select! {
                _ = changed.changed() => {}
                _ = woken.changed() => {}
                _ = claims.changed() => {}
                () = ground.config.clock.sleep(rest) => {}
            }
        }
    };
    end.run_until_cancelled(keep).await;
}

fn forget(ground: &Ground, tasks: &mut Tasks, endpoints: &[Endpoint]) {
    // The task of an endpoint that is gone ends by itself.
    tasks.retain(|id, _| {
        let exists = endpoints.iter().any(|e| e.id == *id);
        if !exists {
            ground.numbers.deleted(*id);
        }
        exists
    });
}

fn employ(ground: &Arc<Ground>, tasks: &mut Tasks, served: &[Endpoint]) {
    for Endpoint { id, .. } in served {
        // One that ended otherwise (by a defect, or as another process served it meanwhile) must not leave its endpoint without.
        if tasks.get(id).is_none_or(JoinHandle::is_finished) {
            tasks.insert(*id, ground.lanes.spawn(endpoint::run(Arc::clone(ground), *id)));
        }
    }
}
