use std::fmt;

/// What the holder of a channel proves itself with. It rises with every new holder, so that what an earlier one still writes
/// can be told from what the present one does, and refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
