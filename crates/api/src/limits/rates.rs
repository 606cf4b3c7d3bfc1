//! Requests in a minute, counted as a leaky bucket: after a rest `burst` at once, and then one after the other.

use super::MINUTE;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// So many in a minute, so many of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    per_minute: NonZeroU32,
    burst: NonZeroU32,
}

/// How a bucket stands after it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub rate: Rate,
    /// How many more may come at once now.
    pub left: u32,
    /// Until when it is as after a rest.
    pub rested_in: Duration,
    /// When the next may come, if this one may not.
    pub wait: Option<Duration>,
}

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>;

/// One bucket for each `K`. Only who has a good key gets one, so there are as many as there are keys.
pub(super) struct Rates<K, C: Clock = MonotonicClock> {
    clock: C,
    buckets: Mutex<HashMap<K, Rated<C>>>,
}

/// A bucket with the rate that it was made for.
type Rated<C> = (Rate, Arc<Bucket<C>>);

impl<K, C: Clock> fmt::Debug for Rates<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").finish_non_exhaustive()
    }
}

impl Rate {
    /// A burst is no larger than what a minute has.
    pub fn new(per_minute: NonZeroU32, burst: NonZeroU32) -> Self {
        Rate { per_minute, burst: burst.min(per_minute) }
    }

    /// So many more or fewer, also at once.
    pub fn scaled(self, per_minute: NonZeroU32) -> Self {
        let burst = u64::from(self.burst.get()) * u64::from(per_minute.get()) / u64::from(self.per_minute.get());
        // It is at most a minute's, so it fits.
        Rate::new(per_minute, NonZeroU32::new(u32::try_from(burst).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN))
    }

    pub fn per_minute(self) -> u32 {
        self.per_minute.get()
    }

    pub fn burst(self) -> u32 {
        self.burst.get()
    }

    fn quota(self) -> Quota {
        Quota::per_minute(self.per_minute).allow_burst(self.burst)
    }

    /// How long until this many more may come.
    fn time_for(self, count: u32) -> Duration {
        MINUTE * count / self.per_minute.get()
    }
}

impl<K: Eq + Hash, C: Clock + Clone> Rates<K, C> {
    pub fn new(clock: C) -> Self {
        Rates { clock, buckets: Mutex::default() }
    }

    /// Takes one out of the bucket of `key`, if there is one in it.
    pub fn take(&self, key: K, rate: Rate) -> Level {
        let bucket = self.bucket(key, rate);
        match bucket.check() {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                Level { rate, left, rested_in: rate.time_for(rate.burst().saturating_sub(left)), wait: None }
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                Level { rate, left: 0, rested_in: wait + rate.time_for(rate.burst().saturating_sub(1)), wait: Some(wait) }
            }
        }
    }

    /// Another rate than before begins as full, in proportion, as the one before was.
    fn bucket(&self, key: K, rate: Rate) -> Arc<Bucket<C>> {
        let fresh = || (rate, Arc::new(RateLimiter::direct_with_clock(rate.quota(), self.clock.clone()).with_middleware()));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = buckets.entry(key).or_insert_with(fresh);
        if entry.0 != rate {
            let (before, other) = (entry.clone(), fresh());
            // The one before is asked for the last time: what it says includes one more.
            let left = before.1.check().map_or(0, |state| u64::from(state.remaining_burst_capacity()) + 1);
            let left = u64::from(rate.burst()) * left / u64::from(before.0.burst());
            let taken = u64::from(rate.burst()).saturating_sub(left);
            if let Some(taken) = u32::try_from(taken).ok().and_then(NonZeroU32::new) {
                // At most all that is in it, so that there is enough.
                let _ = other.1.check_n(taken);
            }
            *entry = other;
        }
        entry.1.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn rate(per_minute: u32, burst: u32) -> Rate {
        Rate::new(NonZeroU32::new(per_minute).unwrap(), NonZeroU32::new(burst).unwrap())
    }

    #[test]
    fn after_a_rest_a_burst_and_then_one_after_the_other() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::new(clock.clone());
        let rate = rate(60, 3);
        let lefts: Vec<u32> = (0..3).map(|_| rates.take("a", rate).left).collect();
        assert_eq!(lefts, [2, 1, 0]);
        let refused = rates.take("a", rate);
        assert_eq!((refused.wait, refused.left), (Some(Duration::from_secs(1)), 0));
        assert_eq!(rates.take("b", rate).wait, None, "another one's bucket");
        clock.advance(Duration::from_secs(1));
        assert_eq!(rates.take("a", rate).wait, None);
        assert!(rates.take("a", rate).wait.is_some());
        clock.advance(Duration::from_secs(60));
        assert_eq!(rates.take("a", rate), Level { rate, left: 2, rested_in: Duration::from_secs(1), wait: None });
    }

    #[test]
    fn another_limit_counts_from_now_on_and_gives_nothing_back() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::new(clock.clone());
        assert_eq!(rates.take("a", rate(60, 1)).wait, None);
        assert!(rates.take("a", rate(60, 1)).wait.is_some());
        // To and fro: what was taken stays taken.
        for n in 2..20 {
            assert!(rates.take("a", rate(60, n)).wait.is_some(), "{n}");
        }
        clock.advance(Duration::from_secs(60));
        assert_eq!(rates.take("a", rate(60, 20)).left, 19);
        // Half full is half full.
        for _ in 0..9 {
            rates.take("a", rate(60, 20));
        }
        assert_eq!(rates.take("a", rate(600, 40)).left, 19);
        assert_eq!(rates.take("b", rate(600, 40)).left, 39);
    }

    #[test]
    fn a_burst_is_no_larger_than_a_minute_and_grows_with_it() {
        assert_eq!(rate(5, 100).burst(), 5);
        let scaled = |per_minute| rate(600, 100).scaled(NonZeroU32::new(per_minute).unwrap()).burst();
        assert_eq!((scaled(600), scaled(6000), scaled(60), scaled(1)), (100, 1000, 10, 1));
    }
}
