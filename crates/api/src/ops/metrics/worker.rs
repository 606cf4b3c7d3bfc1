//! What is measured of this worker among the others.

use super::gauge;
use crate::api::Parts;
use crate::events::OfChannel;
use crate::ops::workers;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Nothing where one process has all channels.
pub(super) fn register(registry: &mut Registry, api: &Parts) {
    let Some(standing) = workers::standing(api) else { return };
    gauge(registry, "worker_able", "Whether this worker takes channels", u64::from(standing.able));
    gauge(registry, "worker_channels_held", "Channels that this worker holds", standing.held as u64);
    gauge(registry, "worker_channels_wanted", "Channels that ought to be this worker's", standing.wanted as u64);
    gauge(registry, "worker_channels_starting", "Channels that this worker is starting", standing.adopting as u64);
    gauge(registry, "workers", "Workers that are alive, as this one sees it", standing.workers.len() as u64);
    let held = Family::<OfChannel, Gauge>::default();
    for channel in api.engine.held() {
        held.get_or_create(&OfChannel { channel: channel.to_string() }).set(1);
    }
    registry.register("channel_held", "1 for each channel that this worker runs", held);
}
