use domain::Timestamp;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Reads the wall clock.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The engine's one clock: wall time that runs evenly. It is read off the monotonic clock from an anchor, so a
/// wall clock that is set does not shake deadlines; [`Clock::set_right`] moves the anchor when the jump was noticed.
#[derive(Clone)]
pub struct Clock {
    wall: WallClock,
    anchor: Arc<Mutex<(Timestamp, Instant)>>,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

impl Clock {
    pub fn new(wall: WallClock) -> Self {
        let anchor = Arc::new(Mutex::new((wall(), Instant::now())));
        Clock { wall, anchor }
    }

    /// By the system's clock.
    pub fn system() -> Self {
        Clock::new(Arc::new(system_time))
    }

    pub fn now(&self) -> Timestamp {
        let (wall, instant) = self.anchor();
        wall.plus(instant.elapsed())
    }

    /// The instant of `at`; the present one when it has passed.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        let wait = at.since(self.now());
        // A ban may end in years; nobody waits longer than this without looking again.
        Instant::now() + wait.min(Duration::from_secs(86_400))
    }

    /// How far the wall clock is ahead of this one (behind: negative), in milliseconds.
    pub(crate) fn drift(&self) -> i64 {
        (self.wall)().as_millis() - self.now().as_millis()
    }

    /// Believes the wall clock again.
    pub(crate) fn set_right(&self) {
        let now = ((self.wall)(), Instant::now());
        *self.anchor.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn anchor(&self) -> (Timestamp, Instant) {
        *self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::disallowed_methods)] // The one place that reads it.
fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
