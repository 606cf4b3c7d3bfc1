use crate::Moment;
use std::collections::BTreeMap;
use std::time::Duration;

/// When the leases that are held were last proven, so that the oldest is known without looking at each. Rounded down to a tenth
/// of a second: a lease is rather given up a moment early.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proofs {
    counts: BTreeMap<u64, usize>,
}

const TENTH: Duration = Duration::from_millis(100);

impl Proofs {
    /// The moment that a proof of `proven` counts for.
    pub fn rounded(proven: Moment) -> Moment {
        Moment::after_start(TENTH.saturating_mul(u32::try_from(tenth(proven)).unwrap_or(u32::MAX)))
    }

    pub fn add(&mut self, proven: Moment) {
        *self.counts.entry(tenth(proven)).or_default() += 1;
    }

    pub fn remove(&mut self, proven: Moment) {
        if let Some(count) = self.counts.get_mut(&tenth(proven)) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&tenth(proven));
            }
        }
    }

    pub fn oldest(&self) -> Option<Moment> {
        let (tenth, _) = self.counts.first_key_value()?;
        Some(Moment::after_start(TENTH.saturating_mul(u32::try_from(*tenth).unwrap_or(u32::MAX))))
    }
}

fn tenth(moment: Moment) -> u64 {
    u64::try_from(moment.passed().as_millis() / TENTH.as_millis()).unwrap_or(u64::MAX)
}
