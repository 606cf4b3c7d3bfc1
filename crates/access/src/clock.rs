use domain::Timestamp;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// What the wall shows, and how time passes.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
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
    pub fn system() -> Self {
        Clock(Source::System)
    }

    /// A clock that shows `start` until its hand is moved.
    pub fn by_hand(start: Timestamp) -> (Self, ClockHand) {
        let (sender, receiver) = watch::channel(Hand { passed: Duration::ZERO, wall: start });
        (Clock(Source::Hand(receiver)), ClockHand(sender))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the system's time")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Source::Hand(hand) => hand.borrow().wall,
        }
    }

    pub(crate) async fn sleep(&self, span: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(span).await,
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
