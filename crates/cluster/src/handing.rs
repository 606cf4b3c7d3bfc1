use crate::bucket::Bucket;
use crate::effect::Effect;
use crate::holder::{Holder, Phase, Turn};
use crate::lease::{Grip, Life};
use crate::Moment;
use domain::{ChannelId, Fence};
use std::time::Duration;

impl Holder {
    /// Lets go of what others are to hold, no faster than they can take it: a channel that waits for its turn is up meanwhile.
    pub(crate) fn move_on(&mut self, turn: &mut Turn) {
        let rate = self.moving_rate();
        self.moves.fill(rate, rate.max(1.0), turn.now);
        while !self.moving.is_empty() && self.moves.take(1) == 1 {
            let moved = self.moving.pop_front().is_some_and(|channel| self.release(channel, turn));
            if !moved {
                self.moves.give_back(1);
            }
        }
    }

    pub(crate) fn next_move_at(&self) -> Option<Moment> {
        (!self.moving.is_empty()).then(|| self.moves.ready(1.0, self.moving_rate()))
    }

    /// Every other worker lets go of some for the ones that take, and all of it together is what those can start.
    fn moving_rate(&self) -> f64 {
        match self.phase {
            Phase::Serving => {
                let workers = self.placement.shares().len();
                let others = workers.saturating_sub(self.takers).max(1);
                self.pace.among(workers) * self.takers as f64 / others as f64
            }
            Phase::Draining { rate } => rate,
            Phase::Left => 0.0,
        }
    }

    pub(crate) fn drain(&mut self, grace: Duration, turn: &mut Turn) {
        if self.phase != Phase::Serving {
            return;
        }
        self.phase = Phase::Draining { rate: 0.0 };
        self.place_anew(turn);
        // Channels that nothing was listed of any more, and those of slots that were not ours already.
        let wanted: Vec<ChannelId> = self.leases.iter().filter(|(_, lease)| lease.wanted).map(|(channel, _)| *channel).collect();
        wanted.into_iter().for_each(|channel| self.unwant(channel));
        // As fast as the others take it, but within the grace; where there are no others nobody waits for it.
        let others = self.placement.shares().len();
        let in_time = self.counts.held as f64 / grace.as_secs_f64().mul_add(0.6, f64::EPSILON);
        let (rate, at_once) = match others {
            0 => (f64::MAX, f64::MAX),
            _ => ((self.pace.among(others) * others as f64).max(in_time), self.pace.burst * others as f64),
        };
        self.phase = Phase::Draining { rate };
        self.moves = Bucket::holding(at_once.min(rate).max(1.0), turn.now);
        self.beat_soon(turn.now);
    }

    /// Whether nothing is left of a worker that drains.
    pub(crate) fn is_done(&self) -> bool {
        match self.phase {
            Phase::Draining { .. } => self.leases.is_empty(),
            Phase::Serving | Phase::Left => false,
        }
    }

    /// Without waiting for a turn: the channel is no more.
    pub(crate) fn release_now(&mut self, channel: ChannelId, turn: &mut Turn) {
        self.release(channel, turn);
    }

    fn release(&mut self, channel: ChannelId, turn: &mut Turn) -> bool {
        let Some(lease) = self.leases.get_mut(&channel).filter(|lease| !lease.wanted) else { return false };
        match &mut lease.grip {
            Grip::Held { fence, life, .. } if *life == Life::Running => {
                *life = Life::Releasing;
                turn.effects.push(Effect::Release(channel, *fence));
                true
            }
            // One that is being started goes when it has been.
            Grip::Held { .. } | Grip::Waiting { .. } | Grip::Asking | Grip::Ending { .. } => false,
        }
    }

    pub(crate) fn released(&mut self, channel: ChannelId, fence: Fence, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        match lease.grip {
            Grip::Held { fence: held, life: Life::Releasing, .. } if held == fence => {
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
