use std::time::Duration;

/// No wait between two attempts is longer while the machine is online.
pub const CAP: Duration = Duration::from_secs(60);
/// A connection that lasted this long starts the schedule anew when it breaks, unless the channel is flapping.
pub const STABLE: Duration = Duration::from_secs(30);
/// Without a network there is nothing to try; this is for machines whose network is not seen rightly.
pub const OFFLINE_RETRY: Duration = Duration::from_secs(300);
/// After waking or a network change everything retries at once; this spreads many channels a little.
pub(crate) const SPREAD: Duration = Duration::from_millis(250);

/// The longest wait before the attempt after so many failures in a row; the last entry holds for all later ones.
const SCHEDULE_MS: [u64; 8] = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 60_000];

/// How long to wait after `failures` failures in a row: between half the scheduled wait and all of it.
/// `jitter` is in 0..1.
pub(crate) fn delay(failures: u32, jitter: f64) -> Duration {
    let row = usize::try_from(failures).unwrap_or(usize::MAX).min(SCHEDULE_MS.len() - 1);
    let whole = Duration::from_millis(SCHEDULE_MS[row]);
    whole.mul_f64(1.0 - fraction(jitter) / 2.0).min(CAP)
}

/// A part of [`SPREAD`].
pub(crate) fn spread(jitter: f64) -> Duration {
    SPREAD.mul_f64(fraction(jitter))
}

fn fraction(jitter: f64) -> f64 {
    if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_retry_is_under_a_second_and_the_cap_is_a_minute() {
        let waits: Vec<_> = (0..10).map(|n| delay(n, 0.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 60000, 60000, 60000]);
        assert_eq!(delay(u32::MAX, 0.0), CAP);
    }

    #[test]
    fn jitter_takes_away_at_most_half() {
        assert_eq!(delay(3, 1.0), Duration::from_millis(2000));
        assert_eq!(delay(3, 0.5), Duration::from_millis(3000));
        assert_eq!(delay(3, f64::NAN), Duration::from_millis(3000));
        assert_eq!(delay(3, -7.0), Duration::from_millis(4000));
    }
}
