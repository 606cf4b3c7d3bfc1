//! Which lines were reached, where the code under test is instrumented.
//!
//! `-C passes=sancov-module` with `inline-8bit-counters` (see scripts/covered) gives each crate a row of counters and a constructor
//! that tells where they are. Without it nothing calls in here, and there is no counter.
#![allow(unsafe_code)]

use std::sync::Mutex;

/// Where the counters are: address and length.
static COUNTERS: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Called once by each instrumented crate, before `main`.
#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    let row = (start as usize, (stop as usize).saturating_sub(start as usize));
    if let Ok(mut rows) = COUNTERS.lock()
        && !rows.contains(&row)
    {
        rows.push(row);
    }
}

/// The addresses that belong to the counters: nobody needs them here.
#[unsafe(no_mangle)]
extern "C" fn __sanitizer_cov_pcs_init(_: *const usize, _: *const usize) {}

/// What was reached how often so far, by each counter, in eight steps.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    seen: Vec<Vec<u8>>,
}

impl Coverage {
    /// Forgets what ran until now.
    pub fn clear() {
        each(|_, counters| counters.fill(0));
    }

    /// Whether what ran since then has reached something that nothing had reached before, or that often.
    pub fn grows(&mut self) -> bool {
        let mut grew = false;
        each(|nth, counters| {
            while self.seen.len() <= nth {
                self.seen.push(Vec::new());
            }
            let seen = &mut self.seen[nth];
            seen.resize(counters.len(), 0);
            for (seen, count) in seen.iter_mut().zip(counters.iter()) {
                let step = step(*count);
                grew |= step & !*seen != 0;
                *seen |= step;
            }
        });
        grew
    }

    /// Places reached so far, and places that there are.
    pub fn reached(&self) -> (usize, usize) {
        let counters = self.seen.iter().flatten();
        (counters.clone().filter(|seen| **seen != 0).count(), counters.count())
    }
}

/// Once, twice, three times, and so on in growing steps: a loop that runs a hundred times teaches little over ninety-nine.
fn step(count: u8) -> u8 {
    match count {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        4..=7 => 8,
        8..=15 => 16,
        16..=31 => 32,
        32..=127 => 64,
        128..=255 => 128,
    }
}

fn each(mut visit: impl FnMut(usize, &mut [u8])) {
    let Ok(rows) = COUNTERS.lock() else { return };
    for (nth, (start, length)) in rows.iter().enumerate() {
        // SAFETY: the compiler has laid out so many bytes there, for as long as the program runs. Instrumented code on other
        // threads counts in them, too; a count that is lost changes which inputs are kept, nothing else.
        let counters = unsafe { std::slice::from_raw_parts_mut(*start as *mut u8, *length) };
        visit(nth, counters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_reached_before_is_noticed_once() {
        let row: &'static mut [u8] = Box::leak(vec![0; 4].into_boxed_slice());
        let start = row.as_mut_ptr();
        __sanitizer_cov_8bit_counters_init(start, start.wrapping_add(4));
        __sanitizer_cov_8bit_counters_init(start, start.wrapping_add(4));
        let mut coverage = Coverage::default();
        let mut ran = |counts: [u8; 4]| {
            Coverage::clear();
            each(|_, counters| counters.copy_from_slice(&counts));
            coverage.grows()
        };
        assert!(!ran([0; 4]));
        assert!(ran([1, 0, 0, 0]));
        assert!(!ran([1, 0, 0, 0]));
        assert!(ran([2, 0, 0, 0]));
        assert!(!ran([2, 0, 0, 0]) && !ran([1, 0, 0, 0]));
        assert!(ran([1, 0, 90, 0]) && !ran([1, 0, 91, 0]));
        assert_eq!(coverage.reached(), (2, 4));
    }
}
