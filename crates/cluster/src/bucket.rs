use crate::Moment;
use std::time::Duration;

/// Tokens that come in at a rate and are kept up to a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    tokens: f64,
    at: Moment,
}

impl Bucket {
    pub fn holding(tokens: f64, at: Moment) -> Self {
        Bucket { tokens, at }
    }

    /// Takes in what has come since, at `rate` a second, up to `most`.
    pub fn fill(&mut self, rate: f64, most: f64, now: Moment) {
        let come = now.since(self.at).as_secs_f64() * rate;
        self.at = self.at.max(now);
        self.tokens = (self.tokens + come).min(most);
    }

    /// Takes as many whole tokens as there are, up to `wanted`.
    pub fn take(&mut self, wanted: usize) -> usize {
        let taken = wanted.min(self.whole());
        self.tokens -= taken as f64;
        taken
    }

    /// Whole tokens that there are.
    pub fn whole(&self) -> usize {
        // A float is cut off at the bounds of the integer.
        self.tokens.max(0.0) as usize
    }

    pub fn give_back(&mut self, tokens: usize) {
        self.tokens += tokens as f64;
    }

    /// When there will be `wanted` of them, nothing taken meanwhile.
    pub fn ready(&self, wanted: f64, rate: f64) -> Moment {
        let missing = (wanted - self.tokens).max(0.0);
        // A microsecond more, so that rounding never wakes somebody in vain.
        let wait = Duration::try_from_secs_f64(missing / rate).unwrap_or(Duration::MAX);
        if missing > 0.0 { self.at.plus(wait.saturating_add(Duration::from_micros(1))) } else { self.at }
    }
}
