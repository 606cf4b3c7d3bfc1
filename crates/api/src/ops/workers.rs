use crate::api::{Api, Parts};
use crate::guard::{Need, permit};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use cluster::Standing;
use domain::WorkerId;
use serde::Serialize;
use utoipa::ToSchema;

/// How this process stands among the workers that share the channels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkerStanding)]
pub(crate) struct StandingOut {
    #[schema(example = "wk_01JZ8QF0S4T6V2M1K3D5B7C9AE")]
    id: String,
    #[schema(example = "worker-0")]
    name: String,
    /// Whether it takes channels: the store of the sessions answers, and it is not about to stop.
    able: bool,
    /// What keeps it from that, in words.
    trouble: Option<String>,
    /// Channels that it holds.
    held: usize,
    /// Channels that ought to be its own.
    wanted: usize,
    /// Channels that it is starting.
    adopting: usize,
    /// Workers that are alive, this one included.
    workers: usize,
}

/// A worker that is alive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Worker)]
pub(crate) struct WorkerOut {
    id: String,
    name: String,
    /// Where its API is, if it says so.
    address: Option<String>,
    /// Whether it is the one that answers.
    answering: bool,
    /// When it was last heard of: RFC 3339, UTC.
    seen_at: String,
    able: bool,
    /// Gives away what it holds, and stops.
    leaving: bool,
    /// The channels that it holds, by what is written down.
    channels: Vec<String>,
}

/// Workers that share the channels; empty where one process has them all.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Workers {
    items: Vec<WorkerOut>,
    /// Channels that none of these holds, as after the death of one: they are taken within seconds.
    unheld: Vec<String>,
}

permit!(list: Need::person());

/// List workers
///
/// Who holds which channel, where several processes share them.
#[utoipa::path(get, path = "/v1/workers", tag = "ops", operation_id = "list_workers",
    responses((status = 200, description = "All that are alive.", body = Workers)))]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<Workers>, Problem> {
    let Some(standing) = standing(&api) else { return Ok(Json(Workers { items: Vec::new(), unheld: Vec::new() })) };
    let holders = api.ledger.holders().await?;
    let held_by = |worker: WorkerId| {
        holders.iter().filter(move |(_, holder)| *holder == Some(worker)).map(|(channel, _)| channel.to_string()).collect()
    };
    let items = standing.workers.iter().map(|worker| WorkerOut {
        id: worker.id.to_string(),
        name: worker.name.clone(),
        address: worker.address.clone(),
        answering: worker.id == standing.worker,
        seen_at: worker.seen.to_string(),
        able: worker.able,
        leaving: worker.leaving,
        channels: held_by(worker.id),
    });
    let alive = |holder: &Option<WorkerId>| standing.workers.iter().any(|worker| Some(worker.id) == *holder);
    let unheld = holders.iter().filter(|(_, holder)| !alive(holder)).map(|(channel, _)| channel.to_string()).collect();
    Ok(Json(Workers { items: items.collect(), unheld }))
}

/// As it is now, where there is one.
pub(super) fn standing(api: &Parts) -> Option<Standing> {
    Some(api.cluster.as_ref()?.borrow().clone())
}

pub(super) fn out(standing: &Standing) -> StandingOut {
    let me = standing.workers.iter().find(|worker| worker.id == standing.worker);
    StandingOut {
        id: standing.worker.to_string(),
        name: me.map(|me| me.name.clone()).unwrap_or_default(),
        able: standing.able,
        trouble: standing.trouble.clone(),
        held: standing.held,
        wanted: standing.wanted,
        adopting: standing.adopting,
        workers: standing.workers.len(),
    }
}
