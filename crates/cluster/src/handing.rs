use crate::Moment;
use crate::effect::Effect;
use crate::holder::{Holder, Phase, Turn};
use crate::lease::{Grip, Lease, Life};
use domain::{ChannelId, Fence};
use std::time::Duration;

/// How much of the grace of a drain is left to others for asking.
const PATIENCE: f64 = 0.6;

impl Holder {
    /// Others are ready to take these. Until they are, a channel that is to move stays up where it is.
    pub(crate) fn asked_for(&mut self, channels: &[ChannelId], turn: &mut Turn) {
        for channel in channels {
            if let Some(lease) = self.leases.get_mut(channel) {
                // They may know before us that it is theirs.
                lease.asked_for = true;
                self.release(*channel, turn);
            }
        }
    }

    pub(crate) fn drain(&mut self, grace: Duration, turn: &mut Turn) {
        if self.phase != Phase::Serving {
            return;
        }
        self.phase = Phase::Draining { all_at: turn.now.plus(grace.mul_f64(PATIENCE)) };
        self.place_anew(turn);
        // Also those that nothing was listed of any more.
        let wanted: Vec<ChannelId> =
            self.leases.iter().filter(|(_, lease)| lease.wanted).map(|(channel, _)| *channel).collect();
        wanted.into_iter().for_each(|channel| self.unwant(channel, turn));
        if self.placement.shares().is_empty() {
            // Nobody will ask.
            self.phase = Phase::Draining { all_at: turn.now };
        }
        self.beat_soon(turn.now);
    }

    /// Ends what nobody asked for, in time to do it in good order.
    pub(crate) fn let_all_go(&mut self, turn: &mut Turn) {
        if self.all_at().is_none_or(|at| turn.now < at) {
            return;
        }
        let running = |lease: &Lease| matches!(lease.grip, Grip::Held { life: Life::Running, .. });
        let rest: Vec<ChannelId> =
            self.leases.iter().filter(|(_, lease)| running(lease)).map(|(channel, _)| *channel).collect();
        rest.into_iter().for_each(|channel| self.release(channel, turn));
        for lease in self.leases.values_mut() {
            lease.asked_for = true;
        }
        self.phase = Phase::Draining { all_at: Moment::NEVER };
    }

    pub(crate) fn all_at(&self) -> Option<Moment> {
        match self.phase {
            Phase::Draining { all_at } => Some(all_at).filter(|at| *at != Moment::NEVER),
            Phase::Serving | Phase::Left => None,
        }
    }

    /// Whether nothing is left of a worker that drains.
    pub(crate) fn is_done(&self) -> bool {
        match self.phase {
            Phase::Draining { .. } => self.leases.is_empty(),
            Phase::Serving | Phase::Left => false,
        }
    }

    /// Ends one that runs and is not ours to hold any more. One that is being started goes when it has been.
    pub(crate) fn release(&mut self, channel: ChannelId, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel).filter(|lease| !lease.wanted) else { return };
        if let Grip::Held { fence, life, .. } = &mut lease.grip
            && *life == Life::Running
        {
            *life = Life::Releasing;
            turn.effects.push(Effect::Release(channel, *fence));
        }
    }

    pub(crate) fn released(&mut self, channel: ChannelId, fence: Fence, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        match lease.grip {
            Grip::Held { fence: held, proven, life: Life::Releasing } if held == fence => {
                self.proofs.remove(proven);
                lease.failures = 0;
                self.counts.held -= 1;
                self.counts.moved += 1;
                self.let_go(channel, fence, turn);
                self.over(channel, turn.now);
            }
            Grip::Ending { .. } => self.host_came_back(channel, fence, turn),
            Grip::Held { .. } | Grip::Waiting { .. } | Grip::Asking => {}
        }
    }

    pub(crate) fn let_go(&self, channel: ChannelId, fence: Fence, turn: &mut Turn) {
        let to = self.placement.owner_of(channel).filter(|to| *to != self.me && self.census.has(channel));
        turn.effects.push(Effect::LetGo { channel, fence, to });
    }
}
