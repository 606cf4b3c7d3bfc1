//! What is measured of each webhook.

use super::signed;
use crate::api::Parts;
use domain::EndpointId;
use ledger::PendingCount;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWebhook {
    webhook: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    webhook: String,
    /// `delivered`, `3xx`, `4xx`, `5xx`, `other`, or why there was no answer.
    outcome: &'static str,
}

pub(super) fn register(registry: &mut Registry, api: &Parts, pending: &[PendingCount]) {
    let waiting = Family::<OfWebhook, Gauge>::default();
    let oldest = Family::<OfWebhook, Seconds>::default();
    for count in pending {
        waiting.get_or_create(&of(count.endpoint)).set(signed(count.pending));
        let age = count.oldest.map_or(Duration::ZERO, |at| api.now().since(at));
        oldest.get_or_create(&of(count.endpoint)).set(age.as_secs_f64());
    }
    let in_flight = Family::<OfWebhook, Gauge>::default();
    let attempts = Family::<OfOutcome, Counter>::default();
    for (id, numbers) in api.webhooks.numbers() {
        in_flight.get_or_create(&of(id)).set(signed(numbers.in_flight));
        for (outcome, many) in numbers.attempts {
            attempts.get_or_create(&OfOutcome { webhook: id.to_string(), outcome }).inc_by(many);
        }
    }
    registry.register("webhook_pending_deliveries", "Deliveries that wait for a webhook", waiting);
    registry.register_with_unit("webhook_oldest_pending_age", "Since the oldest of them was made", Unit::Seconds, oldest);
    registry.register("webhook_attempts_under_way", "Tries under way", in_flight);
    registry.register("webhook_attempts", "Tries since the start, by what came of them", attempts);
}

fn of(webhook: EndpointId) -> OfWebhook {
    OfWebhook { webhook: webhook.to_string() }
}
