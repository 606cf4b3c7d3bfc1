use domain::{ChannelId, Fence};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The channels that this process holds, and what it proves it with. Whoever keeps the leases writes it; whoever writes for a
/// channel takes its fence from here, once, when it begins.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    held: Arc<RwLock<HashMap<ChannelId, Fence>>>,
}

impl Holdings {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set(&self, channel: ChannelId, fence: Fence) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).insert(channel, fence);
    }

    pub fn remove(&self, channel: ChannelId) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).remove(&channel);
    }

    pub fn get(&self, channel: ChannelId) -> Option<Fence> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&channel).copied()
    }

    /// All of them, in no order.
    pub fn all(&self) -> Vec<(ChannelId, Fence)> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).iter().map(|(channel, fence)| (*channel, *fence)).collect()
    }
}
