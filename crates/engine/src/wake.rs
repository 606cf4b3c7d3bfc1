//! Notices that the machine slept or that its clock was set.

use crate::clock::Clock;
use crate::world::World;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// How often the clocks are compared.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A wall clock that strayed less than this was only corrected.
const STRAYED_MS: i64 = 5_000;
/// Between two looks that should be [`LOOK_EVERY`] apart. Well above what a loaded machine does to a timer.
const LONG_GAP: Duration = Duration::from_secs(40);

/// What two looks at the clocks tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Nothing,
    /// Time passed in which nothing ran. (Most systems stop the monotonic clock during sleep, so the wall clock is
    /// ahead afterwards; some do not, and a long gap between two looks tells.)
    Slept,
    SetBack,
}

/// `elapsed`: between the looks, by the monotonic clock. `drift_ms`: how far the wall clock got ahead of it.
pub(crate) fn seen(elapsed: Duration, drift_ms: i64) -> Seen {
    if drift_ms <= -STRAYED_MS {
        Seen::SetBack
    } else if drift_ms >= STRAYED_MS || elapsed >= LONG_GAP {
        Seen::Slept
    } else {
        Seen::Nothing
    }
}

/// Compares the clocks until `shutdown`, tells every jump, and sets [`Clock`] right.
pub(crate) async fn watch(clock: Clock, world: broadcast::Sender<World>, shutdown: CancellationToken) {
    let mut last = clock.passed();
    while shutdown.run_until_cancelled(clock.sleep(LOOK_EVERY)).await.is_some() {
        let drift = clock.drift();
        let now = clock.passed();
        let seen = seen(now.saturating_sub(last), drift);
        last = now;
        clock.set_right();
        let news = match seen {
            Seen::Nothing => continue,
            Seen::Slept => World::Woke,
            Seen::SetBack => World::ClockSetBack,
        };
        tracing::info!(drift_ms = drift, ?seen, "the clock jumped");
        // No receiver means no channel.
        let _ = world.send(news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_slept_is_told_from_a_clock_that_was_corrected() {
        let tick = LOOK_EVERY;
        assert_eq!(seen(tick, 0), Seen::Nothing);
        assert_eq!(seen(tick, 900), Seen::Nothing);
        assert_eq!(seen(tick * 3, -900), Seen::Nothing);
        assert_eq!(seen(tick, 8 * 3_600_000), Seen::Slept);
        assert_eq!(seen(Duration::from_secs(3600), 0), Seen::Slept);
        assert_eq!(seen(tick, -3_600_000), Seen::SetBack);
    }
}
