use crate::Moment;
use std::time::Duration;

/// The worker's clock. It goes on while the process is stopped and, where the system has such a clock, while the machine sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Reading,
}

impl Clock {
    pub fn start() -> Clock {
        Clock { began: read() }
    }

    pub fn now(&self) -> Moment {
        Moment::after_start(between(self.began, read()))
    }
}

#[cfg(target_os = "linux")]
type Reading = Duration;

#[cfg(not(target_os = "linux"))]
type Reading = std::time::Instant;

#[cfg(target_os = "linux")]
fn read() -> Reading {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
fn read() -> Reading {
    std::time::Instant::now()
}

#[cfg(target_os = "linux")]
fn between(began: Reading, now: Reading) -> Duration {
    now.saturating_sub(began)
}

#[cfg(not(target_os = "linux"))]
fn between(began: Reading, now: Reading) -> Duration {
    now.saturating_duration_since(began)
}
