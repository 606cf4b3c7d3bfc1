/// What a step of pruning removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries that readers no longer see.
    pub events: u64,
    /// Whether another step would find something.
    pub more: bool,
}
