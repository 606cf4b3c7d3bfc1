//! What the dispatcher counts since it was started.

use crate::attempt::Tried;
use domain::EndpointId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the latency buckets, in milliseconds. What takes longer is in none of them but in the count.
pub const LATENCY_BUCKETS: [u64; 10] = [5, 10, 25, 50, 100, 250, 1_000, 2_500, 5_000, 15_000];

/// What was counted of one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointNumbers {
    pub in_flight: u64,
    /// Attempts by how they ended: `delivered`, `3xx`, `4xx`, `5xx`, `other`, or a word of [`Trouble`](crate::Trouble).
    pub attempts: BTreeMap<&'static str, u64>,
    pub latency: Latency,
}

/// How long attempts took, delivered or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    pub count: u64,
    pub sum: Duration,
    /// Of each of [`LATENCY_BUCKETS`] those that took so long at the most (not the longer buckets' too).
    pub buckets: [u64; LATENCY_BUCKETS.len()],
}

impl Latency {
    fn add(&mut self, latency: Duration) {
        self.count += 1;
        self.sum += latency;
        let millis = latency.as_secs_f64() * 1000.0;
        #[allow(clippy::cast_precision_loss, reason = "the bounds are small")]
        if let Some(bucket) = LATENCY_BUCKETS.iter().position(|bound| millis <= *bound as f64) {
            self.buckets[bucket] += 1;
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Numbers(Mutex<BTreeMap<EndpointId, EndpointNumbers>>);

impl Numbers {
    pub fn began(&self, endpoint: EndpointId) {
        self.locked().entry(endpoint).or_default().in_flight += 1;
    }

    pub fn ended(&self, endpoint: EndpointId, tried: &Tried) {
        let mut all = self.locked();
        let Some(numbers) = all.get_mut(&endpoint) else { return };
        numbers.in_flight = numbers.in_flight.saturating_sub(1);
        *numbers.attempts.entry(word(tried)).or_default() += 1;
        numbers.latency.add(tried.latency);
    }

    /// The endpoint's task has ended, with all that was under way.
    pub fn left(&self, endpoint: EndpointId) {
        if let Some(numbers) = self.locked().get_mut(&endpoint) {
            numbers.in_flight = 0;
        }
    }

    pub fn deleted(&self, endpoint: EndpointId) {
        self.locked().remove(&endpoint);
    }

    pub fn in_flight(&self) -> u64 {
        self.locked().values().map(|n| n.in_flight).sum()
    }

    pub fn all(&self) -> BTreeMap<EndpointId, EndpointNumbers> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<EndpointId, EndpointNumbers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn word(tried: &Tried) -> &'static str {
    match (&tried.trouble, tried.status) {
        (Some(trouble), _) => trouble.as_str(),
        (None, Some(200..=299)) => "delivered",
        (None, Some(300..=399)) => "3xx",
        (None, Some(400..=499)) => "4xx",
        (None, Some(500..=599)) => "5xx",
        (None, Some(_) | None) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trouble;
    use domain::Timestamp;

    #[test]
    fn attempts_are_counted_by_how_they_ended_and_how_long_they_took() {
        let (numbers, id) = (Numbers::default(), EndpointId::new(Timestamp::EPOCH, 1));
        let answered = |status, millis| Tried {
            latency: Duration::from_millis(millis),
            status: Some(status),
            trouble: None,
            ..Tried::never_sent(Timestamp::EPOCH, Trouble::CutOff)
        };
        for tried in
            [answered(204, 5), answered(302, 6), answered(500, 20_000), Tried::never_sent(Timestamp::EPOCH, Trouble::Refused)]
        {
            numbers.began(id);
            numbers.ended(id, &tried);
        }
        numbers.began(id);
        assert_eq!(numbers.in_flight(), 1);
        let counted = numbers.all().remove(&id).unwrap();
        let words: Vec<_> = counted.attempts.into_iter().collect();
        assert_eq!(words, [("3xx", 1), ("5xx", 1), ("delivered", 1), ("refused", 1)]);
        assert_eq!((counted.latency.count, counted.latency.buckets[0], counted.latency.buckets[1]), (4, 2, 1));
        assert_eq!(counted.latency.buckets.iter().sum::<u64>(), 3);
    }
}
