use crate::mixing::{hash, mix, negative_logarithm, unit};
use domain::{ChannelId, WorkerId};

/// Channels are placed by the slot that they fall into, not one by one: what a change of workers costs does not depend on how
/// many channels there are. With a thousand workers each still has 65 slots, which keeps their loads near each other.
pub const SLOTS: usize = 1 << 16;

/// One of the [`SLOTS`] parts that all channels are divided into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

impl Slot {
    /// Where a channel falls: for ever the same.
    pub fn of(channel: ChannelId) -> Slot {
        Slot((hash(channel.bits()) >> 48) as u16)
    }

    pub fn all() -> impl Iterator<Item = Slot> {
        (0..=u16::MAX).map(Slot)
    }
}

/// What one worker takes on, in proportion to the others. A weight of nought takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share {
    pub worker: WorkerId,
    pub weight: u32,
}

/// Which worker is to hold which slot: a function of who is there, the same on every machine (rendezvous hashing). A worker
/// that comes takes its share from all others; one that goes leaves its share to all others; nothing else moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// Sorted by worker.
    shares: Vec<Share>,
    /// For each slot its owner's index in `shares`, and how far away it is: the nearest worker owns the slot.
    owners: Vec<u32>,
    distances: Vec<f64>,
}

const NOBODY: u32 = u32::MAX;

impl Placement {
    /// With no worker at all.
    pub fn empty() -> Placement {
        Placement { shares: Vec::new(), owners: vec![NOBODY; SLOTS], distances: vec![f64::INFINITY; SLOTS] }
    }

    pub fn over(shares: &[Share]) -> Placement {
        Placement::empty().changed_to(shares)
    }

    /// As `over`, but only what changes is worked out anew.
    #[must_use]
    pub fn changed_to(&self, shares: &[Share]) -> Placement {
        let mut new: Vec<Share> = shares.iter().copied().filter(|share| share.weight > 0).collect();
        new.sort_unstable();
        new.dedup_by_key(|share| share.worker);
        let index = |of: &Share| new.binary_search(of).ok().and_then(|i| u32::try_from(i).ok());
        let kept: Vec<u32> = self.shares.iter().map(|share| index(share).unwrap_or(NOBODY)).collect();
        let everybody: Vec<Site> = (0..).zip(&new).map(|(i, share)| Site::new(i, share)).collect();
        let come: Vec<Site> =
            everybody.iter().filter(|site| self.shares.binary_search(&site.share).is_err()).copied().collect();

        let mut owners = Vec::with_capacity(SLOTS);
        let mut distances = Vec::with_capacity(SLOTS);
        for ((slot, owner), distance) in Slot::all().zip(&self.owners).zip(&self.distances) {
            let stays = kept.get(*owner as usize).copied().filter(|index| *index != NOBODY);
            let (owner, distance) = match stays {
                Some(index) => nearest(slot, &come, (index, *distance)),
                None => nearest(slot, &everybody, (NOBODY, f64::INFINITY)),
            };
            owners.push(owner);
            distances.push(distance);
        }
        Placement { shares: new, owners, distances }
    }

    /// Who is to hold this slot; nobody when there is no worker.
    pub fn owner(&self, slot: Slot) -> Option<WorkerId> {
        self.shares.get(self.owners[usize::from(slot.0)] as usize).map(|share| share.worker)
    }

    pub fn owner_of(&self, channel: ChannelId) -> Option<WorkerId> {
        self.owner(Slot::of(channel))
    }

    pub fn slots_of(&self, worker: WorkerId) -> Vec<Slot> {
        let Ok(index) = self.shares.binary_search_by_key(&worker, |share| share.worker) else { return Vec::new() };
        Slot::all().zip(&self.owners).filter(|(_, owner)| **owner as usize == index).map(|(slot, _)| slot).collect()
    }

    /// Those that take part, in the order of their ids.
    pub fn shares(&self) -> &[Share] {
        &self.shares
    }
}

/// A worker in the space in which slots look for the nearest one.
#[derive(Clone, Copy)]
struct Site {
    index: u32,
    share: Share,
    hash: u64,
}

impl Site {
    fn new(index: u32, share: &Share) -> Site {
        Site { index, share: *share, hash: hash(share.worker.bits()) }
    }

    /// Exponentially distributed with the weight as its rate: the chance to be the nearest is the share in all weights.
    fn distance(&self, slot: u64) -> f64 {
        negative_logarithm(unit(mix(self.hash ^ slot))) / f64::from(self.share.weight)
    }
}

fn nearest(slot: Slot, sites: &[Site], mut best: (u32, f64)) -> (u32, f64) {
    let slot = mix(u64::from(slot.0));
    for site in sites {
        let distance = site.distance(slot);
        // Two at the same distance: the smaller id, however one comes to compare them.
        if distance < best.1 || (distance == best.1 && site.index < best.0) {
            best = (site.index, distance);
        }
    }
    best
}
