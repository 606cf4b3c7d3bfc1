use crate::redis::Micros;

/// How long channels were down.
#[derive(Clone, Default)]
pub struct Downtimes {
    /// By tenths of a second.
    counts: Vec<u32>,
    pub number: u64,
    pub longest: Micros,
}

const TENTH: Micros = 100_000;

impl Downtimes {
    pub fn add(&mut self, span: Micros) {
        let bucket = (span / TENTH) as usize;
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.number += 1;
        self.longest = self.longest.max(span);
    }

    /// In seconds, to the tenth above.
    pub fn quantile(&self, part: f64) -> f64 {
        let wanted = (self.number as f64 * part).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted && seen > 0 {
                return (bucket + 1) as f64 / 10.0;
            }
        }
        0.0
    }
}

/// What a phase of the story came to.
#[derive(Clone, Default)]
pub struct Figures {
    pub phase: &'static str,
    pub seconds: f64,
    pub downtimes: Downtimes,
    pub logins: u64,
    pub failed: u64,
    pub peak_logins: u64,
    pub peak_worker_logins: u64,
    pub peak_redis: u64,
    pub peak_rows: u64,
    pub peak_transactions: u64,
    pub slowest_write: f64,
    pub most_on_a_worker: usize,
    pub workers: usize,
    /// Channels that were down when the phase was over.
    pub down: usize,
}
