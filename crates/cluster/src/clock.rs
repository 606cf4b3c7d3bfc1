use crate::Moment;
use std::time::Duration;

/// The worker's clock. It goes on while the process is stopped and, where the system has such a clock, while the machine sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Duration,
}

impl Clock {
    pub fn start() -> Clock {
        Clock { began: reading() }
    }

    pub fn now(&self) -> Moment {
        Moment::after_start(reading().saturating_sub(self.began))
    }
}

#[cfg(target_os = "linux")]
fn reading() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
fn reading() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
    let now = Instant::now();
    now.saturating_duration_since(*ORIGIN.get_or_init(|| now))
}
