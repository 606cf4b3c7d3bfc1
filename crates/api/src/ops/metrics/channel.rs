//! What is measured of each channel.

use super::signed;
use crate::api::Parts;
use crate::events::OfChannel;
use domain::{ChannelId, ChannelView};
use ledger::LedgerStats;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

type Seconds = Gauge<f64, AtomicU64>;

/// Of these channels.
pub(super) fn register(registry: &mut Registry, api: &Parts, stats: &LedgerStats, channels: &[&ChannelView]) {
    let queued = Family::<OfChannel, Gauge>::default();
    let silent = Family::<OfChannel, Seconds>::default();
    let unanswered = Family::<OfChannel, Seconds>::default();
    let now = api.now();
    for channel in channels {
        let waiting = stats.queued.iter().find(|(id, _)| *id == channel.id).map_or(0, |(_, many)| *many);
        queued.get_or_create(&of(channel.id)).set(signed(waiting));
        let Some(liveness) = api.engine.liveness(channel.id) else { continue };
        if let Some(at) = liveness.last_frame_at {
            silent.get_or_create(&of(channel.id)).set(now.since(at).as_secs_f64());
        }
        let since = liveness.ping_unanswered_since.map_or(0.0, |at| now.since(at).as_secs_f64());
        unanswered.get_or_create(&of(channel.id)).set(since);
    }
    registry.register("channel_queued_messages", "Messages of a channel that have not left yet", queued);
    let help = "Since a connected channel's last frame came in";
    registry.register_with_unit("channel_last_frame_age", help, Unit::Seconds, silent);
    let help = "For how long a connected channel's ping has been without an answer";
    registry.register_with_unit("channel_ping_unanswered", help, Unit::Seconds, unanswered);
    let reconnects = Family::<OfChannel, Counter>::default();
    for channel in channels {
        if let Some(many) = api.feed.tally.reconnects.get(&of(channel.id)) {
            reconnects.get_or_create(&of(channel.id)).inc_by(many.get());
        }
    }
    registry.register("channel_reconnects", "How often a channel lost its connection, since the start", reconnects);
}

fn of(channel: ChannelId) -> OfChannel {
    OfChannel { channel: channel.to_string() }
}
