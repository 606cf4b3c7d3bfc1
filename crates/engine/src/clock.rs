use domain::Timestamp;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The engine's one clock: all its times and all its waits. Its wall time runs evenly: it is read off a monotonic
/// clock from an anchor, so a wall clock that is set does not shake deadlines; [`Clock::set_right`] moves the anchor
/// when the jump was noticed.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// Wall time, and what the monotonic clock showed then.
    anchor: Arc<Mutex<(Timestamp, Duration)>>,
}

/// What moves a clock.
#[derive(Clone)]
enum Source {
    System { started: Instant },
    Hand(watch::Receiver<Hand>),
}

#[derive(Clone, Copy, Debug)]
struct Hand {
    passed: Duration,
    /// How far the wall clock was set off, in milliseconds.
    strayed: i64,
}

/// Moves a clock by hand, for tests: it stands still otherwise, and every wait on it ends when its time is reached.
#[derive(Debug)]
pub struct ClockHand(watch::Sender<Hand>);

/// Longest single wait: a ban may end in years, and nobody trusts a timer that long.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

impl Clock {
    /// By the system's clock.
    pub fn system() -> Self {
        Clock::of(Source::System { started: Instant::now() })
    }

    /// A clock that shows `start` until its hand is moved.
    pub fn by_hand(start: Timestamp) -> (Self, ClockHand) {
        let (sender, receiver) = watch::channel(Hand { passed: Duration::ZERO, strayed: start.as_millis() });
        (Clock::of(Source::Hand(receiver)), ClockHand(sender))
    }

    fn of(source: Source) -> Self {
        let anchor = Arc::new(Mutex::new((source.wall(), source.passed())));
        Clock { source, anchor }
    }

    pub fn now(&self) -> Timestamp {
        let (wall, then) = *self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        wall.plus(self.source.passed().saturating_sub(then))
    }

    /// Time passed since the clock was made, by the monotonic clock.
    pub(crate) fn passed(&self) -> Duration {
        self.source.passed()
    }

    /// Waits until `at`, at once when that has passed; a day at most.
    pub(crate) async fn sleep_until(&self, at: Timestamp) {
        self.sleep(at.since(self.now()).min(LONGEST_WAIT)).await;
    }

    pub(crate) async fn sleep(&self, span: Duration) {
        match &self.source {
            Source::System { .. } => tokio::time::sleep(span).await,
            Source::Hand(hand) => {
                let until = hand.borrow().passed.saturating_add(span);
                if hand.clone().wait_for(|hand| hand.passed >= until).await.is_err() {
                    // Nobody moves it any more: its time never comes.
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// What `future` gives within `span`; `None` when it takes longer.
    pub(crate) async fn timeout<T>(&self, span: Duration, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            value = future => Some(value),
            () = self.sleep(span) => None,
        }
    }

    /// How far the wall clock is ahead of this one (behind: negative), in milliseconds.
    pub(crate) fn drift(&self) -> i64 {
        self.source.wall().as_millis() - self.now().as_millis()
    }

    /// Believes the wall clock again.
    pub(crate) fn set_right(&self) {
        let now = (self.source.wall(), self.source.passed());
        *self.anchor.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Source {
    fn passed(&self) -> Duration {
        match self {
            Source::System { started } => started.elapsed(),
            Source::Hand(hand) => hand.borrow().passed,
        }
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn wall(&self) -> Timestamp {
        match self {
            Source::System { .. } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Hand(hand) => {
                let hand = *hand.borrow();
                Timestamp::from_millis(hand.strayed).plus(hand.passed)
            }
        }
    }
}

impl ClockHand {
    /// Lets `span` pass.
    pub fn pass(&self, span: Duration) {
        self.0.send_modify(|hand| hand.passed += span);
    }

    /// Sets the wall clock off by so many milliseconds, as a sleep (or somebody who sets it) does.
    pub fn stray(&self, millis: i64) {
        self.0.send_modify(|hand| hand.strayed += millis);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_shakes_nothing_until_it_is_believed() {
        let (clock, hand) = Clock::by_hand(Timestamp::from_secs(1_000));
        hand.pass(Duration::from_secs(5));
        hand.stray(3_600_000);
        assert_eq!((clock.now(), clock.drift()), (Timestamp::from_secs(1_005), 3_600_000));
        clock.set_right();
        hand.pass(Duration::from_secs(1));
        assert_eq!((clock.now(), clock.drift()), (Timestamp::from_secs(4_606), 0));
    }

    #[tokio::test]
    async fn waits_end_when_their_time_is_reached() {
        let (clock, hand) = Clock::by_hand(Timestamp::EPOCH);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(Timestamp::from_secs(10)).await }
        });
        tokio::task::yield_now().await;
        hand.pass(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        hand.pass(Duration::from_secs(1));
        assert!(sleeper.await.is_ok());
        assert_eq!(clock.timeout(Duration::from_secs(1), async { 7 }).await, Some(7));
    }
}
