use crate::Moment;
use crate::effect::Effect;
use crate::holder::{Holder, Phase, Turn};
use crate::input::Answer;
use crate::lease::{Grip, Life, growing};
use crate::rules::{ADOPT_AGAIN, ADOPT_AGAIN_AT_LAST, ASK_AGAIN, ASK_AGAIN_AT_LAST, SELF_FENCE, SETTLING, UNANSWERED};
use domain::{ChannelId, Fence};
use std::time::Duration;

impl Holder {
    /// Asks for as many of those whose time has come as the pace allows.
    pub(crate) fn ask(&mut self, turn: &mut Turn) {
        let rate = self.rate();
        self.starts.fill(rate, self.burst(), turn.now);
        let settled = self.settled_at().is_some_and(|at| at <= turn.now);
        if !settled || !self.is_able(turn.now) {
            return;
        }
        let mut asked = Vec::new();
        while asked.len() < self.room() {
            let Some(channel) = self.handed_over.pop_front() else { break };
            self.begin_asking(channel, &mut asked);
        }
        let room = self.room().saturating_sub(asked.len()).min(self.starts.whole());
        let ready = self.waiting.iter().take_while(|(until, _)| *until <= turn.now).take(room).count();
        let taken = self.starts.take(ready);
        for _ in 0..taken {
            let Some((_, channel)) = self.waiting.pop_first() else { break };
            self.begin_asking(channel, &mut asked);
        }
        if !asked.is_empty() {
            self.counts.asking += asked.len();
            turn.effects.push(Effect::Acquire(asked));
        }
    }

    fn begin_asking(&mut self, channel: ChannelId, asked: &mut Vec<ChannelId>) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        if let Grip::Waiting { until } = lease.grip {
            self.waiting.remove(&(until, channel));
            lease.grip = Grip::Asking;
            lease.handed = false;
            asked.push(channel);
        }
    }

    pub(crate) fn next_question_at(&self) -> Option<Moment> {
        let (first, _) = self.waiting.first()?;
        if !self.is_able(self.now) || self.room() == 0 {
            // An answer of Redis or of the host wakes it.
            return None;
        }
        let rate = self.rate();
        // A few at a time, where many wait.
        let some = (rate / 10.0).clamp(1.0, 16.0).min(self.waiting.len() as f64).min(self.burst()).floor();
        Some((*first).max(self.settled_at()?).max(self.starts.ready(some, rate)))
    }

    /// After a request for leases was answered.
    pub(crate) fn acquired(&mut self, sent: Moment, answers: Vec<(ChannelId, Answer)>, turn: &mut Turn) {
        for (channel, answer) in answers {
            self.counts.asking = self.counts.asking.saturating_sub(1);
            let asked = self.leases.get_mut(&channel).filter(|lease| lease.grip == Grip::Asking);
            match (answer, asked) {
                (Answer::Granted(fence), Some(lease)) if lease.wanted && turn.now.since(sent) < SELF_FENCE => {
                    if self.phase != Phase::Serving {
                        self.let_go(channel, fence, turn);
                        self.over(channel, turn.now);
                        continue;
                    }
                    lease.grip = Grip::Held { fence, proven: sent, life: Life::Adopting };
                    self.proofs.add(sent);
                    self.renew_first(sent, channel, fence);
                    self.counts.held += 1;
                    self.counts.adopting += 1;
                    self.counts.acquired += 1;
                    turn.effects.push(Effect::Adopt(channel, fence));
                }
                // Not wanted any more, or granted so long ago that it may be over.
                (Answer::Granted(fence), _) => {
                    self.let_go(channel, fence, turn);
                    self.over(channel, turn.now);
                }
                (Answer::Refused { left, by }, Some(lease)) => {
                    lease.failures = lease.failures.saturating_add(1);
                    let (handed, failures) = (lease.handed, lease.failures);
                    let chance = turn.chance(channel);
                    self.counts.refused += 1;
                    match by.filter(|by| *by != self.me && self.membership.is_alive(*by)) {
                        // Let go of since.
                        Some(_) if handed => {
                            self.over(channel, turn.now);
                            self.hand_over(channel);
                        }
                        // It lets go when it is asked to. That is worth the place that was taken for the start.
                        Some(of) if lease.wanted => {
                            turn.effects.push(Effect::AskFor { channel, of });
                            let wait = growing(ASK_AGAIN, ASK_AGAIN_AT_LAST, failures, chance);
                            self.over(channel, turn.now.plus(wait));
                        }
                        Some(_) | None => {
                            let wait = left + Duration::from_millis(300).mul_f64(chance);
                            self.starts.give_back(1);
                            self.over(channel, turn.now.plus(wait));
                        }
                    }
                }
                (Answer::Unanswered, Some(_)) => {
                    let wait = UNANSWERED.mul_f64(1.0 + turn.chance(channel));
                    self.over(channel, turn.now.plus(wait));
                }
                (Answer::Refused { .. } | Answer::Unanswered, None) => {}
            }
        }
    }

    /// Others let go of these for us.
    pub(crate) fn handed(&mut self, channels: &[ChannelId], turn: &mut Turn) {
        for channel in channels {
            match self.leases.get_mut(channel).map(|lease| lease.grip) {
                Some(Grip::Waiting { .. } | Grip::Asking) => self.hand_over(*channel),
                Some(Grip::Held { .. } | Grip::Ending { .. }) => {}
                None if self.placement.owner_of(*channel) == Some(self.me) => {
                    self.early.insert(*channel, turn.now);
                }
                None => self.pass_on(*channel, turn),
            }
        }
    }

    /// It is asked for before all others: it is down until we have it.
    pub(crate) fn hand_over(&mut self, channel: ChannelId) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        match lease.grip {
            Grip::Waiting { .. } if !lease.handed => self.handed_over.push_back(channel),
            Grip::Waiting { .. } | Grip::Asking | Grip::Held { .. } | Grip::Ending { .. } => {}
        }
        lease.handed = true;
    }

    /// It was let go for us, and is not ours any more.
    pub(crate) fn pass_on(&self, channel: ChannelId, turn: &mut Turn) {
        if let Some(to) = self.placement.owner_of(channel).filter(|to| *to != self.me && self.census.has(channel)) {
            turn.effects.push(Effect::Hand { channel, to });
        }
    }

    pub(crate) fn adopted(&mut self, channel: ChannelId, fence: Fence, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        match &mut lease.grip {
            Grip::Held { fence: held, life, .. } if *held == fence && *life == Life::Adopting => {
                *life = Life::Running;
                lease.failures = 0;
                self.counts.adopting -= 1;
                if !lease.wanted && (lease.asked_for || !self.census.has(channel)) {
                    self.release(channel, turn);
                }
            }
            Grip::Ending { .. } => self.host_came_back(channel, fence, turn),
            Grip::Waiting { .. } | Grip::Asking | Grip::Held { .. } => {}
        }
    }

    pub(crate) fn not_adopted(&mut self, channel: ChannelId, fence: Fence, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        match lease.grip {
            Grip::Held { fence: held, proven, life: Life::Adopting } if held == fence => {
                self.proofs.remove(proven);
                lease.failures = lease.failures.saturating_add(1);
                let wait = growing(ADOPT_AGAIN, ADOPT_AGAIN_AT_LAST, lease.failures, turn.chance(channel));
                self.counts.adopting -= 1;
                self.counts.held -= 1;
                self.counts.failed += 1;
                self.let_go(channel, fence, turn);
                self.over(channel, turn.now.plus(wait));
            }
            Grip::Ending { .. } => self.host_came_back(channel, fence, turn),
            Grip::Waiting { .. } | Grip::Asking | Grip::Held { .. } => {}
        }
    }

    /// Channels that this worker may start in a second.
    fn rate(&self) -> f64 {
        self.pace.among(self.placement.shares().len())
    }

    fn burst(&self) -> f64 {
        self.pace.burst_among(self.placement.shares().len())
    }

    fn room(&self) -> usize {
        self.pace.under_way.saturating_sub(self.counts.asking + self.counts.adopting)
    }

    fn settled_at(&self) -> Option<Moment> {
        self.membership.first_told().map(|at| at.plus(SETTLING))
    }
}
