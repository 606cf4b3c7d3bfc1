//! Medians and percentiles.

use std::time::Duration;

/// Durations of the same thing, measured many times.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<Duration>);

impl Sample {
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value below which `percent` of the sample lie, in milliseconds; zero for an empty sample.
    pub fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "samples are small"
        )]
        let at = ((sorted.len() as f64 - 1.0).max(0.0) * percent / 100.0).round() as usize;
        sorted.get(at).map_or(0.0, |d| d.as_secs_f64() * 1000.0)
    }

    pub fn median(&self) -> f64 {
        self.percentile(50.0)
    }
}

impl FromIterator<Duration> for Sample {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        Sample(durations.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_tail_of_a_sample() {
        let sample: Sample = (1..=101).map(Duration::from_millis).collect();
        assert!((sample.median() - 51.0).abs() < f64::EPSILON);
        assert!((sample.percentile(99.0) - 100.0).abs() < f64::EPSILON);
        assert!(Sample::default().median().abs() < f64::EPSILON);
    }
}
