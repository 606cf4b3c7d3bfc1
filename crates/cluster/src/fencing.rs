use crate::Moment;
use crate::effect::Effect;
use crate::holder::{Holder, Phase, Turn};
use crate::lease::{Grip, Life, growing};
use crate::placement::Slot;
use crate::rules::{ADOPT_AGAIN, ADOPT_AGAIN_AT_LAST, RENEW, RENEW_AGAIN, SELF_FENCE, TOGETHER};
use domain::{ChannelId, Fence};

/// Renewals travel in so many groups, each at its own moment of the four seconds.
pub(crate) const LANES: usize = 8;

fn lane(channel: ChannelId) -> usize {
    usize::from(Slot::of(channel).0) % LANES
}

impl Holder {
    /// Abandons what could not be renewed in time. Always comes first.
    pub(crate) fn fence_off(&mut self, turn: &mut Turn) {
        if self.fence_off_at().is_none_or(|at| turn.now < at) {
            return;
        }
        let lapsed: Vec<ChannelId> =
            self.leases.iter().filter(|(_, lease)| lease.has_lapsed(turn.now)).map(|(id, _)| *id).collect();
        self.counts.lapsed += lapsed.len() as u64;
        for channel in lapsed {
            // Redis is not there to be told, or has forgotten it already.
            self.give_up(channel, false, turn);
        }
    }

    pub(crate) fn fence_off_at(&self) -> Option<Moment> {
        self.proofs.oldest().map(|proven| proven.plus(SELF_FENCE))
    }

    /// Sends the renewals that are due, and those of their lane that soon will be.
    pub(crate) fn renew(&mut self, turn: &mut Turn) {
        for lane in 0..LANES {
            if self.renewals[lane].front().is_none_or(|(at, _, _)| turn.now < *at) {
                continue;
            }
            let until = turn.now.plus(TOGETHER);
            let mut round = Vec::new();
            while let Some((_, channel, fence)) = self.renewals[lane].pop_front_if(|(at, _, _)| *at <= until) {
                if self.has(channel, fence) {
                    round.push((channel, fence));
                }
            }
            if !round.is_empty() {
                turn.effects.push(Effect::Renew(round));
            }
        }
    }

    pub(crate) fn renew_at(&self) -> Option<Moment> {
        self.renewals.iter().filter_map(|lane| lane.front()).map(|(at, _, _)| *at).min()
    }

    /// Each lane at another moment, so that what was got at once is not renewed at once for ever.
    pub(crate) fn renew_first(&mut self, sent: Moment, channel: ChannelId, fence: Fence) {
        let lane = lane(channel);
        let part = (lane + 1) as f64 / LANES as f64;
        self.renewals[lane].push_back((sent.plus(RENEW.mul_f64(part)), channel, fence));
    }

    pub(crate) fn renewed(
        &mut self,
        sent: Moment,
        kept: Vec<(ChannelId, Fence)>,
        lost: &[(ChannelId, Fence)],
        unanswered: Vec<(ChannelId, Fence)>,
        turn: &mut Turn,
    ) {
        let next = sent.plus(RENEW);
        for (channel, fence) in kept {
            if let Some(Grip::Held { fence: held, proven, .. }) = self.leases.get_mut(&channel).map(|lease| &mut lease.grip)
                && *held == fence
            {
                self.proofs.remove(*proven);
                *proven = sent.max(*proven);
                self.proofs.add(*proven);
                self.renewals[lane(channel)].push_back((next, channel, fence));
            }
        }
        for (channel, fence) in unanswered {
            // Before those that have time.
            self.renewals[lane(channel)].push_front((turn.now.plus(RENEW_AGAIN), channel, fence));
        }
        for (channel, fence) in lost {
            if self.has(*channel, *fence) {
                self.counts.lost += 1;
                self.give_up(*channel, false, turn);
            }
        }
    }

    fn has(&self, channel: ChannelId, fence: Fence) -> bool {
        match self.leases.get(&channel).map(|lease| lease.grip) {
            Some(Grip::Held { fence: held, .. }) => held == fence,
            Some(Grip::Waiting { .. } | Grip::Asking | Grip::Ending { .. }) | None => false,
        }
    }

    /// The host drops a channel at once. `let_go`: the lease may still be ours, and goes when the host is done.
    pub(crate) fn give_up(&mut self, channel: ChannelId, let_go: bool, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        let Grip::Held { fence, proven, life } = lease.grip else { return };
        self.proofs.remove(proven);
        // The call that is under way comes back too.
        let calls = match life {
            Life::Adopting => {
                self.counts.adopting -= 1;
                2
            }
            Life::Running => 1,
            Life::Releasing => 2,
        };
        self.counts.held -= 1;
        lease.failures = lease.failures.saturating_add(1);
        lease.grip = Grip::Ending { fence, calls, let_go };
        turn.effects.push(Effect::Abandon(channel, fence));
    }

    /// One of the calls to the host for a channel that was given up has come back.
    pub(crate) fn host_came_back(&mut self, channel: ChannelId, fence: Fence, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        let Grip::Ending { fence: held, calls, let_go } = &mut lease.grip else { return };
        if *held != fence {
            return;
        }
        *calls = calls.saturating_sub(1);
        if *calls > 0 {
            return;
        }
        let let_go = *let_go;
        let wait = growing(ADOPT_AGAIN, ADOPT_AGAIN_AT_LAST, lease.failures, turn.chance(channel));
        if let_go {
            self.let_go(channel, fence, turn);
        }
        self.over(channel, turn.now.plus(wait));
    }

    /// Gives everything up that is left.
    pub(crate) fn hurry(&mut self, turn: &mut Turn) {
        if self.phase == Phase::Serving {
            self.drain(std::time::Duration::ZERO, turn);
        }
        let held: Vec<ChannelId> = self.held().map(|(channel, _)| channel).collect();
        for channel in held {
            self.give_up(channel, true, turn);
        }
    }
}
