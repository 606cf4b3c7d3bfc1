//! The inputs that taught something, which others are made of.

use crate::chance::Chance;
use std::collections::HashSet;

/// More than any of our parsers has ways to refuse; beyond, old ones make room.
const MOST: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Pool {
    inputs: Vec<Vec<u8>>,
    outcomes: HashSet<u64>,
}

impl Pool {
    /// Whether this outcome was not seen before. Remembers it.
    pub fn is_new(&mut self, outcome: u64) -> bool {
        self.outcomes.len() < 1 << 20 && self.outcomes.insert(outcome)
    }

    pub fn keep(&mut self, input: Vec<u8>, chance: &mut Chance) {
        if self.inputs.len() < MOST {
            self.inputs.push(input);
        } else {
            let at = chance.below(MOST);
            self.inputs[at] = input;
        }
    }

    pub fn pick(&self, chance: &mut Chance) -> &[u8] {
        // The newest are the least explored.
        let newest = self.inputs.len().saturating_sub(16);
        let some = if chance.below(4) == 0 { &self.inputs[newest..] } else { &self.inputs };
        chance.of(some).map_or(&[], Vec::as_slice)
    }

    pub fn len(&self) -> usize {
        self.inputs.len()
    }
}
