use std::time::Duration;

/// When a delivery that failed is tried again: the wait before each try. Data, so that tests can have a short one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

const fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3600)
}

/// The waits that Standard Webhooks recommends: now, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
const STANDARD: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    hours(2),
    hours(5),
    hours(10),
    hours(14),
    hours(20),
    hours(24),
];

/// How far chance moves a wait, as a part of it, either way.
const JITTER: f64 = 0.1;

impl Default for Schedule {
    fn default() -> Self {
        Schedule(STANDARD.to_vec())
    }
}

impl Schedule {
    /// `None` when there is no slot at all. The first slot is the wait before the first try.
    pub fn new(waits: Vec<Duration>) -> Option<Self> {
        (!waits.is_empty()).then_some(Schedule(waits))
    }

    /// The wait after the `failed`th failure in a row (1 or more), `jitter` from 0 to 1. After the last slot the schedule
    /// starts over: that is what a resumed endpoint gets.
    pub fn wait(&self, failed: u32, jitter: f64) -> Duration {
        let wait = self.0[self.slot(failed)];
        wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * jitter.clamp(0.0, 1.0))
    }

    /// Whether this failure was that of the last slot.
    pub fn is_exhausted(&self, failed: u32) -> bool {
        failed > 0 && self.slot(failed) == 0
    }

    /// The last and longest wait, without jitter.
    pub fn last(&self) -> Duration {
        self.0[self.0.len() - 1]
    }

    /// No regular course from the first failure to the last is shorter than this.
    pub fn shortest_course(&self) -> Duration {
        self.0.iter().sum::<Duration>().mul_f64(1.0 - 1.5 * JITTER)
    }

    fn slot(&self, failed: u32) -> usize {
        failed as usize % self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(jitter: f64) -> Vec<u64> {
        (1..=9).map(|failed| Schedule::default().wait(failed, jitter).as_secs()).collect()
    }

    #[test]
    fn the_waits_are_those_of_standard_webhooks() {
        assert_eq!(waits(0.5), [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    }

    #[test]
    fn chance_moves_a_wait_by_a_tenth_at_the_most() {
        assert_eq!(waits(0.0)[1..3], [270, 1_620]);
        assert_eq!(waits(1.0)[1..3], [330, 1_980]);
        assert_eq!(waits(7.0), waits(1.0));
    }

    #[test]
    fn the_tenth_failure_is_that_of_the_last_slot_and_then_it_starts_over() {
        let schedule = Schedule::default();
        assert_eq!((1..=20).filter(|n| schedule.is_exhausted(*n)).collect::<Vec<_>>(), [10, 20]);
        assert_eq!(schedule.wait(11, 0.5), Duration::from_secs(5));
    }

    #[test]
    fn a_schedule_without_a_slot_is_none() {
        assert_eq!(Schedule::new(vec![]), None);
    }
}
