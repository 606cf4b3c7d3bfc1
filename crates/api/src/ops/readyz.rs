use super::workers::{self, StandingOut};
use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::StateKind;
use ledger::LedgerError;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether it can take requests, check by check. A worker that cannot hold channels just now still takes requests for those that
/// others hold, so that alone does not make it unready.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    checks: Vec<Check>,
    /// How it stands among other workers; `null` where one process has all channels.
    #[schema(required)]
    worker: Option<StandingOut>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Check {
    /// `ledger`, `channels` or `worker`.
    #[schema(example = "ledger")]
    name: &'static str,
    ok: bool,
    /// For a person.
    detail: String,
}

permit!(readyz: Need::known());

/// Whether it can do its work
#[utoipa::path(get, path = "/readyz", tag = "ops", operation_id = "readyz",
    responses((status = 200, description = "It can.", body = Readiness), (status = 503, description = "It cannot; `checks` says why.", body = Readiness)))]
pub(crate) async fn readyz(State(api): State<Api>, caller: Caller) -> (StatusCode, Json<Readiness>) {
    let standing = workers::standing(&api);
    let mut checks = vec![ledger(&api).await, channels(&api)];
    let ready = checks.iter().all(|c| c.ok) && !api.shutdown.is_cancelled();
    checks.extend(standing.as_ref().map(worker));
    // How many there are of what is a person's business; that all is well is a program's too.
    if !caller.is_person() {
        checks.iter_mut().filter(|check| check.ok).for_each(|check| check.detail = "is well".to_owned());
    }
    let standing = standing.filter(|_| caller.is_person());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks, worker: standing.as_ref().map(workers::out) }))
}

/// Tries a write, which every run of the program makes now and then anyway: it notes that we still run.
async fn ledger(api: &Api) -> Check {
    let detail = match api.ledger.still_running(api.now()).await {
        Ok(()) => return Check { name: "ledger", ok: true, detail: "can be written".to_owned() },
        Err(LedgerError::Full) => "there is no room on the disk",
        Err(LedgerError::Closed) => "closed: the application is shutting down",
        Err(
            LedgerError::Damaged(_)
            | LedgerError::Io(_)
            | LedgerError::NoSuchChannel
            | LedgerError::AlreadyThere
            | LedgerError::QueueFull
            | LedgerError::NoSuchEndpoint
            | LedgerError::NoSuchDelivery
            | LedgerError::EventPruned
            | LedgerError::Fenced
            | LedgerError::NoSuchApp
            | LedgerError::Changed,
        ) => "cannot be written; the log has the cause",
    };
    Check { name: "ledger", ok: false, detail: detail.to_owned() }
}

/// Whether it can hold channels.
fn worker(standing: &cluster::Standing) -> Check {
    let detail = standing.trouble.clone().unwrap_or_else(|| format!("holds {} of {}", standing.held, standing.channels));
    Check { name: "worker", ok: standing.able, detail }
}

/// The engine that we were given has loaded them; what each one is doing is not a matter of readiness.
fn channels(api: &Api) -> Check {
    let overview = api.overview();
    let connected = overview.channels.iter().filter(|c| c.state.kind() == StateKind::Connected).count();
    Check { name: "channels", ok: true, detail: format!("{} loaded, {connected} connected", overview.channels.len()) }
}
