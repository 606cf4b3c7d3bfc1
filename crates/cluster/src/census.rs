use crate::placement::{SLOTS, Slot};
use domain::ChannelId;

/// All channels that there are, by slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// Where each slot begins in `channels`, and the end.
    starts: Vec<u32>,
    channels: Vec<ChannelId>,
}

impl Census {
    pub fn of(channels: impl IntoIterator<Item = ChannelId>) -> Census {
        let mut channels: Vec<ChannelId> = channels.into_iter().collect();
        channels.sort_unstable_by_key(|channel| (Slot::of(*channel), *channel));
        channels.dedup();
        let mut starts = vec![0_u32; SLOTS + 1];
        for channel in &channels {
            starts[usize::from(Slot::of(*channel).0) + 1] += 1;
        }
        for slot in 0..SLOTS {
            starts[slot + 1] += starts[slot];
        }
        Census { starts, channels }
    }

    /// Those of one slot, in the order of their ids.
    pub fn within(&self, slot: Slot) -> &[ChannelId] {
        let slot = usize::from(slot.0);
        &self.channels[self.starts[slot] as usize..self.starts[slot + 1] as usize]
    }

    pub fn has(&self, channel: ChannelId) -> bool {
        self.within(Slot::of(channel)).binary_search(&channel).is_ok()
    }

    pub fn len(&self) -> usize {
        self.channels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }
}
