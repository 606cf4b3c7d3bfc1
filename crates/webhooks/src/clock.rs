use domain::Timestamp;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The dispatcher's clock: what the wall shows, and how time passes.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System { started: Instant },
    Hand(watch::Receiver<Hand>),
}

#[derive(Clone, Copy, Debug)]
struct Hand {
    passed: Duration,
    wall: Timestamp,
}

/// Moves a clock by hand, for tests: it stands still otherwise, and every wait on it ends when its time is reached.
#[derive(Debug)]
pub struct ClockHand(watch::Sender<Hand>);

impl Clock {
    /// By the system's clock.
    pub fn system() -> Self {
        Clock(Source::System { started: Instant::now() })
    }

    /// A clock that shows `start` until its hand is moved.
    pub fn by_hand(start: Timestamp) -> (Self, ClockHand) {
        let (sender, receiver) = watch::channel(Hand { passed: Duration::ZERO, wall: start });
        (Clock(Source::Hand(receiver)), ClockHand(sender))
    }

    #[allow(clippy::disallowed_methods, reason = "the one place of this crate that reads the system's time")]
    pub(crate) fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Hand(hand) => hand.borrow().wall,
        }
    }

    /// Time passed since the clock was made, whatever the wall shows.
    pub(crate) fn passed(&self) -> Duration {
        match &self.0 {
            Source::System { started } => started.elapsed(),
            Source::Hand(hand) => hand.borrow().passed,
        }
    }

    pub(crate) async fn sleep(&self, span: Duration) {
        match &self.0 {
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
}

impl ClockHand {
    /// Lets `span` pass.
    pub fn pass(&self, span: Duration) {
        self.0.send_modify(|hand| {
            hand.passed += span;
            hand.wall = hand.wall.plus(span);
        });
    }

    /// Sets the wall clock `span` ahead; no time passes.
    pub fn set_ahead(&self, span: Duration) {
        self.0.send_modify(|hand| hand.wall = hand.wall.plus(span));
    }

    /// Sets the wall clock `span` back; no time passes.
    pub fn set_back(&self, span: Duration) {
        self.0.send_modify(|hand| hand.wall = hand.wall.minus(span));
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Notices between two looks that the wall clock was set back. (One that was set ahead, or a machine that slept, needs no
/// care: what is due by the wall clock is due.)
#[derive(Debug)]
pub(crate) struct Drift {
    wall: Timestamp,
    passed: Duration,
}

/// A wall clock that strayed less than this was only corrected.
const CORRECTION: Duration = Duration::from_secs(2);

impl Drift {
    pub fn new(clock: &Clock) -> Self {
        Drift { wall: clock.now(), passed: clock.passed() }
    }

    /// By how much the clock was set back since the last look.
    pub fn set_back(&mut self, clock: &Clock) -> Option<Duration> {
        let (wall, passed) = (clock.now(), clock.passed());
        let expected = self.wall.plus(passed.saturating_sub(self.passed));
        (self.wall, self.passed) = (wall, passed);
        Some(expected.since(wall)).filter(|back| *back > CORRECTION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_noticed_once() {
        let (clock, hand) = Clock::by_hand(Timestamp::from_secs(100_000));
        let mut drift = Drift::new(&clock);
        hand.pass(Duration::from_secs(60));
        assert_eq!(drift.set_back(&clock), None);
        hand.pass(Duration::from_secs(5));
        hand.set_back(Duration::from_secs(7200));
        assert_eq!(drift.set_back(&clock), Some(Duration::from_secs(7200)));
        assert_eq!(drift.set_back(&clock), None);
    }

    #[test]
    fn a_correction_and_a_clock_that_is_set_ahead_are_not() {
        let (clock, hand) = Clock::by_hand(Timestamp::from_secs(100_000));
        let mut drift = Drift::new(&clock);
        hand.set_back(Duration::from_secs(1));
        assert_eq!(drift.set_back(&clock), None);
        hand.set_ahead(Duration::from_secs(36_000));
        assert_eq!(drift.set_back(&clock), None);
    }
}
