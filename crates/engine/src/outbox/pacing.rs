//! How fast a channel may write to people: a token bucket, so that a burst of a program does not burn the account. Pure: the
//! time comes as an argument (of the monotonic clock).

use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Holds up to `burst` tokens, one per message, and gains `per_minute` in a minute. It is full when the channel starts.
///
/// Kept as the moment at which it would be full again (this is known as GCRA): no tick, no rounding, no drift.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// Between two tokens; `None`: no limit.
    interval: Option<Duration>,
    burst: u32,
    full_at: Duration,
}

impl Bucket {
    /// `per_minute` 0 is no limit. A `burst` of 0 would let nothing through and counts as 1.
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let interval = (per_minute > 0).then(|| MINUTE / per_minute);
        Bucket { interval, burst: burst.max(1), full_at: Duration::ZERO }
    }

    /// How many may leave now.
    pub fn tokens(&self, now: Duration) -> u32 {
        let Some(interval) = self.interval else { return u32::MAX };
        let missing = self.full_at.saturating_sub(now);
        // Rounded up: a token that is not whole yet is none.
        let missing = missing.as_nanos().div_ceil(interval.as_nanos().max(1));
        self.burst.saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// So many have left. More than there were tokens is a debt that delays the next ones.
    pub fn take(&mut self, count: u32, now: Duration) {
        if let Some(interval) = self.interval {
            self.full_at = self.full_at.max(now).saturating_add(interval.saturating_mul(count));
        }
    }

    /// How long until the next token; zero when there is one.
    pub fn wait(&self, now: Duration) -> Duration {
        match self.interval {
            None => Duration::ZERO,
            Some(interval) => self.full_at.saturating_sub(now.saturating_add(interval.saturating_mul(self.burst - 1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_an_even_pace() {
        let mut bucket = Bucket::new(40, 20);
        assert_eq!(bucket.tokens(secs(7)), 20);
        bucket.take(20, secs(7));
        assert_eq!((bucket.tokens(secs(7)), bucket.wait(secs(7))), (0, Duration::from_millis(1500)));
        assert_eq!((bucket.tokens(secs(10)), bucket.wait(secs(10))), (2, Duration::ZERO));
        assert_eq!(bucket.tokens(secs(36)), 19);
        assert_eq!(bucket.tokens(secs(3_600)), 20, "it never holds more than a burst");
    }

    #[test]
    fn zero_is_no_limit() {
        let mut bucket = Bucket::new(0, 0);
        bucket.take(1_000_000, secs(1));
        assert_eq!((bucket.tokens(secs(1)), bucket.wait(secs(1))), (u32::MAX, Duration::ZERO));
    }

    proptest! {
        #[test]
        fn no_span_of_time_sees_more_than_a_burst_and_what_it_gained(
            per_minute in 1u32..600,
            burst in 1u32..100,
            steps in proptest::collection::vec((0u64..20_000, 0u32..50), 1..80),
        ) {
            let mut bucket = Bucket::new(per_minute, burst);
            let mut now = secs(5);
            let mut left: Vec<(Duration, u32)> = Vec::new();
            for (millis, wanted) in steps {
                now += Duration::from_millis(millis);
                let count = wanted.min(bucket.tokens(now));
                bucket.take(count, now);
                left.push((now, count));
                // Every span that ends now.
                let mut sum = 0;
                for (at, count) in left.iter().rev() {
                    sum += u64::from(*count);
                    let gained = (now - *at).as_secs_f64() * f64::from(per_minute) / 60.0;
                    prop_assert!(sum as f64 <= f64::from(burst) + gained + 0.001, "{sum} in {:?}", now - *at);
                }
            }
        }

        #[test]
        fn after_the_wait_there_is_a_token(per_minute in 1u32..6_000, burst in 1u32..100, taken in 0u32..300) {
            let mut bucket = Bucket::new(per_minute, burst);
            bucket.take(taken, secs(9));
            let wait = bucket.wait(secs(9));
            prop_assert!(bucket.tokens(secs(9) + wait) >= 1);
            prop_assert!(wait.is_zero() == (bucket.tokens(secs(9)) >= 1));
        }
    }
}
