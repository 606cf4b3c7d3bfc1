//! What the log told since the start, counted for the metrics.

use ledger::LoggedEvent;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Counts of events. Channels that are deleted keep their series until the process ends; they are few.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub events: Family<OfType, Counter>,
    pub reconnects: Family<OfChannel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfType {
    r#type: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfChannel {
    pub channel: String,
}

impl Tally {
    pub fn add(&self, events: &[LoggedEvent]) {
        for event in events {
            self.events.get_or_create(&OfType { r#type: event.kind.clone() }).inc();
            if let ("channel.reconnecting", Some(channel)) = (event.kind.as_str(), event.channel) {
                self.reconnects.get_or_create(&OfChannel { channel: channel.to_string() }).inc();
            }
        }
    }
}
