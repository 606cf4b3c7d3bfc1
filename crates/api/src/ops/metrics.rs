mod channel;
mod webhook;
mod worker;

use crate::api::{Api, Parts};
use crate::guard::{Caller, Need, permit};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::{ChannelId, ChannelView, Reach, Scope, StateKind};
use ledger::{LedgerError, LedgerStats, OutboxCounts, PendingCount};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

permit!(metrics: Need::scope(Scope::ChannelsRead));

/// Metrics
///
/// In the OpenMetrics text form that Prometheus reads. For a program: of the channels that its key reaches, and nothing else.
#[utoipa::path(get, path = "/metrics", tag = "ops", operation_id = "metrics",
    responses((status = 200, description = "Metrics.", body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let measured = Measured::take(&api).await?;
    let mut text = String::new();
    let reach = caller.channels(Scope::ChannelsRead);
    let registry = if caller.is_person() { registry(&api, &measured) } else { of_channels(&api, &measured.stats, &reach) };
    encode(&mut text, &registry).map_err(|e| Problem::internal(&e))?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response())
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

/// What the ledger has to be asked for.
struct Measured {
    stats: LedgerStats,
    outbox: OutboxCounts,
    pending: Vec<PendingCount>,
}

impl Measured {
    async fn take(api: &Parts) -> Result<Self, LedgerError> {
        Ok(Measured {
            stats: api.ledger.stats().await?,
            outbox: api.ledger.outbox_counts(None, api.now()).await?,
            pending: api.ledger.pending_counts().await?,
        })
    }
}

/// Made anew for each answer: what is measured lives elsewhere, this is only its form.
fn registry(api: &Parts, measured: &Measured) -> Registry {
    let stats = &measured.stats;
    let mut registry = of_channels(api, stats, &Reach::All);
    gauge(&mut registry, "events_last_seq", "The newest event of the log", stats.last_seq);
    gauge(&mut registry, "events_oldest_seq", "The oldest event that the log still has", stats.oldest_seq);
    gauge(&mut registry, "messages_stored", "Messages ever stored", stats.messages);
    registry.register("events", "Events since the start, by type", api.feed.tally.events.clone());
    gauge(&mut registry, "messages_queued", "Messages that have not left yet", stats.queued.iter().map(|(_, n)| n).sum());
    outbox(&mut registry, measured.outbox);
    webhook::register(&mut registry, api, &measured.pending);
    worker::register(&mut registry, api);
    bytes(&mut registry, "ledger_file", "Size of the database", stats.file_bytes);
    bytes(&mut registry, "ledger_wal", "Size of the database's write-ahead log", stats.wal_bytes);
    if let Some(resident) = resident_bytes() {
        bytes(&mut registry, "process_resident_memory", "Memory of the process", resident);
    }
    let uptime = api.now().since(api.started_at).as_secs();
    let seconds: Gauge = Gauge::default();
    seconds.set(signed(uptime));
    registry.register_with_unit("uptime", "Time since the start", Unit::Seconds, seconds);

    let (connections, known) = api.crowd.count();
    gauge(&mut registry, "http_connections", "Open connections of the API", connections as u64);
    gauge(&mut registry, "http_connections_known", "Those of them that brought a good key", known as u64);
    registry.register("http_requests", "Answers by route and status", api.requests.answered.clone());
    registry.register_with_unit("http_answer", "Time to an answer's head", Unit::Seconds, api.requests.seconds.clone());
    registry
}

/// What of it is about channels: these ones.
fn of_channels(api: &Parts, stats: &LedgerStats, reach: &Reach<ChannelId>) -> Registry {
    let mut registry = Registry::with_prefix("whatisup");
    let build = Info::new([("version", api.about.version.clone()), ("build", api.about.build.as_str().to_owned())]);
    registry.register("build", "What runs here", build);
    let overview = api.overview();
    let reached: Vec<&ChannelView> = overview.channels.iter().filter(|channel| reach.contains(&channel.id)).collect();
    let channels = Family::<OfState, Gauge>::default();
    for kind in [StateKind::Disconnected, StateKind::Pairing, StateKind::Connected, StateKind::Reconnecting] {
        let many = reached.iter().filter(|c| c.state.kind() == kind).count();
        channels.get_or_create(&OfState { state: kind.as_str() }).set(signed(many as u64));
    }
    registry.register("channels", "Channels by state", channels);
    channel::register(&mut registry, api, stats, &reached);
    let stuck = reached.iter().filter(|c| c.stuck_since.is_some()).count();
    gauge(&mut registry, "channels_stuck", "Channels flagged as stuck", stuck as u64);
    let flapping = reached.iter().filter(|c| c.flapping_since.is_some()).count();
    gauge(&mut registry, "channels_flapping", "Channels that keep losing their connection", flapping as u64);
    registry
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStatus {
    status: &'static str,
}

fn outbox(registry: &mut Registry, counts: OutboxCounts) {
    let messages = Family::<OfStatus, Gauge>::default();
    let OutboxCounts { queued, sending, scheduled, failed } = counts;
    for (status, many) in [("queued", queued), ("sending", sending), ("scheduled", scheduled), ("failed", failed)] {
        messages.get_or_create(&OfStatus { status }).set(signed(many));
    }
    registry.register("outbox_messages", "Messages of the outbox by status; failed ones wait for a person", messages);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(signed(value));
    registry.register(name, help, gauge);
}

fn bytes(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(signed(value));
    registry.register_with_unit(name, help, Unit::Bytes, gauge);
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// From `/proc/self/status`; other systems have their own tools.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
