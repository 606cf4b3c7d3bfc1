//! One worker's leases: what it should hold, what it holds, and what is to be done about the difference.

use crate::Moment;
use crate::atlas::Atlas;
use crate::bucket::Bucket;
use crate::census::Census;
use crate::effect::Effect;
use crate::fencing::LANES;
use crate::input::Input;
use crate::lease::{Grip, Lease, Life};
use crate::membership::Membership;
use crate::mixing::{Mixing, hash, mix, unit};
use crate::placement::{Placement, Slot};
use crate::proofs::Proofs;
use crate::rules::{HEARTBEAT, HEARTBEAT_AGAIN, LEASE_TTL, Pace};
use domain::{ChannelId, Fence, WorkerId};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// The machine of one worker. It is told what happens and says what to do; it reads no clock and draws no chance.
///
/// Whatever it is told, it first looks at the time: leases that were not renewed for [`SELF_FENCE`](crate::SELF_FENCE) are
/// abandoned before anything else, so that a worker that was stopped and wakes up begins with that.
#[derive(Clone, Debug)]
pub struct Holder {
    pub(crate) me: WorkerId,
    /// When it was last looked at.
    pub(crate) now: Moment,
    pub(crate) pace: Pace,
    atlas: Atlas,
    pub(crate) membership: Membership,
    pub(crate) placement: Arc<Placement>,
    pub(crate) census: Arc<Census>,
    /// The slots that are ours, in order.
    mine: Vec<Slot>,
    pub(crate) leases: HashMap<ChannelId, Lease, Mixing>,
    /// Those to be asked for, in the order of their time.
    pub(crate) waiting: BTreeSet<(Moment, ChannelId)>,
    /// Those that others let go of for us: asked for before all others.
    pub(crate) handed_over: VecDeque<ChannelId>,
    /// Let go of for us before we knew that they are ours.
    pub(crate) early: BTreeMap<ChannelId, Moment>,
    /// When which lease is to be renewed, in each lane about in the order of time.
    pub(crate) renewals: [VecDeque<(Moment, ChannelId, Fence)>; LANES],
    pub(crate) starts: Bucket,
    /// Of the leases that are held.
    pub(crate) proofs: Proofs,
    pub(crate) phase: Phase,
    heartbeat: Beat,
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Phase {
    Serving,
    /// Lets go of everything: of what others ask for at once, and of the rest from then on.
    Draining {
        all_at: Moment,
    },
    Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    At(Moment),
    UnderWay { again: bool },
}

/// How many there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Channels that are ours to hold.
    pub wanted: usize,
    /// Leases that we have.
    pub held: usize,
    /// Of these, still being started by the host.
    pub adopting: usize,
    /// Requests for leases that are under way.
    pub asking: usize,
    /// Since the beginning: leases got.
    pub acquired: u64,
    /// Refused, since another worker has them.
    pub refused: u64,
    /// Found to be somebody else's, or nobody's.
    pub lost: u64,
    /// Given up because they could not be renewed in time.
    pub lapsed: u64,
    /// Let go in good order, for another worker to take.
    pub moved: u64,
    /// Starts that the host could not do.
    pub failed: u64,
}

/// One step in the making.
pub(crate) struct Turn {
    pub now: Moment,
    chance: u64,
    pub effects: Vec<Effect>,
}

impl Turn {
    /// A number in 0..1 of its own for every channel.
    pub fn chance(&self, channel: ChannelId) -> f64 {
        unit(mix(self.chance ^ hash(channel.bits())))
    }
}

impl Holder {
    /// A worker that holds nothing and knows nobody. Workers of one process share an atlas.
    pub fn new(me: WorkerId, pace: Pace, atlas: Atlas, now: Moment) -> Holder {
        Holder {
            me,
            now,
            pace,
            atlas,
            membership: Membership::default(),
            placement: Arc::new(Placement::empty()),
            census: Arc::new(Census::of([])),
            mine: Vec::new(),
            leases: HashMap::with_hasher(Mixing),
            waiting: BTreeSet::new(),
            handed_over: VecDeque::new(),
            early: BTreeMap::new(),
            renewals: Default::default(),
            starts: Bucket::holding(pace.burst, now),
            proofs: Proofs::default(),
            phase: Phase::Serving,
            heartbeat: Beat::At(now),
            counts: Counts::default(),
        }
    }

    /// What is to be done now that `input` happened. `chance` is a fresh random number.
    #[must_use]
    pub fn step(&mut self, input: Input, now: Moment, chance: u64) -> Vec<Effect> {
        let mut turn = Turn { now, chance, effects: Vec::new() };
        self.now = now;
        self.fence_off(&mut turn);
        match input {
            Input::Told { members } => {
                self.beaten(now, HEARTBEAT.mul_f64(0.9 + 0.2 * unit(mix(chance))));
                self.membership.told(&members, now);
                self.early.retain(|_, at| now.since(*at) < LEASE_TTL);
                self.place_anew(&mut turn);
            }
            Input::Untold => self.beaten(now, HEARTBEAT_AGAIN.mul_f64(1.0 + unit(mix(chance)))),
            Input::Rumour => match &mut self.heartbeat {
                Beat::At(at) => *at = now.min(*at),
                Beat::UnderWay { again } => *again = true,
            },
            Input::Listed(census) => self.list(census, &mut turn),
            Input::Handed(channels) => self.handed(&channels, &mut turn),
            Input::AskedFor(channels) => self.asked_for(&channels, &mut turn),
            Input::Acquired { sent, answers } => self.acquired(sent, answers, &mut turn),
            Input::Renewed { sent, kept, lost, unanswered } => self.renewed(sent, kept, &lost, unanswered, &mut turn),
            Input::Adopted { channel, fence } => self.adopted(channel, fence, &mut turn),
            Input::NotAdopted { channel, fence } => self.not_adopted(channel, fence, &mut turn),
            Input::Released { channel, fence } => self.released(channel, fence, &mut turn),
            Input::Abandoned { channel, fence } => self.host_came_back(channel, fence, &mut turn),
            Input::GivenUp { channel } => self.give_up(channel, true, &mut turn),
            Input::Due => {}
            Input::Drain { grace } => self.drain(grace, &mut turn),
            Input::Hurry => self.hurry(&mut turn),
        }
        self.go_on(&mut turn);
        turn.effects
    }

    /// When it wants to be looked at next, if nothing happens before.
    pub fn due_at(&self) -> Option<Moment> {
        if self.has_left() {
            return None;
        }
        let beat = match self.heartbeat {
            Beat::At(at) => Some(at),
            Beat::UnderWay { .. } => None,
        };
        let due =
            [beat, self.membership.due_at(), self.fence_off_at(), self.renew_at(), self.all_at(), self.next_question_at()];
        due.into_iter().flatten().min()
    }

    /// Keeps another pace from now on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn worker(&self) -> WorkerId {
        self.me
    }

    /// Whether it may take channels: it knows who is there, and is not about to go.
    pub fn is_able(&self, now: Moment) -> bool {
        self.phase == Phase::Serving && self.membership.is_current(now)
    }

    /// Whether it has let go of everything and is gone.
    pub fn has_left(&self) -> bool {
        self.phase == Phase::Left
    }

    /// The channels that the host runs or starts, with what each is held by.
    pub fn held(&self) -> impl Iterator<Item = (ChannelId, Fence)> {
        self.leases.iter().filter_map(|(channel, lease)| match lease.grip {
            Grip::Held { fence, .. } => Some((*channel, fence)),
            Grip::Waiting { .. } | Grip::Asking | Grip::Ending { .. } => None,
        })
    }

    /// What follows from the time alone.
    fn go_on(&mut self, turn: &mut Turn) {
        if self.phase == Phase::Left {
            return;
        }
        if self.membership.expire(turn.now) {
            self.place_anew(turn);
        }
        self.renew(turn);
        self.let_all_go(turn);
        self.ask(turn);
        if let Beat::At(at) = self.heartbeat {
            if self.is_done() {
                self.phase = Phase::Left;
                turn.effects.push(Effect::Leave);
            } else if at <= turn.now {
                self.heartbeat = Beat::UnderWay { again: false };
                turn.effects.push(Effect::Heartbeat { leaving: self.phase != Phase::Serving, held: self.counts.held });
            }
        }
    }

    fn beaten(&mut self, now: Moment, wait: Duration) {
        self.heartbeat = match self.heartbeat {
            Beat::UnderWay { again: true } => Beat::At(now),
            Beat::UnderWay { again: false } | Beat::At(_) => Beat::At(now.plus(wait)),
        };
    }

    /// As [`Input::Rumour`].
    pub(crate) fn beat_soon(&mut self, now: Moment) {
        match &mut self.heartbeat {
            Beat::At(at) => *at = now,
            Beat::UnderWay { again } => *again = true,
        }
    }

    /// Wants what falls to us now, and no longer wants what falls to others.
    pub(crate) fn place_anew(&mut self, turn: &mut Turn) {
        let mut shares = self.membership.shares();
        if self.phase != Phase::Serving {
            shares.retain(|share| share.worker != self.me);
        }
        if shares == self.placement.shares() {
            return;
        }
        self.placement = self.atlas.over(&shares);
        let mine = self.placement.slots_of(self.me);
        let former = std::mem::replace(&mut self.mine, mine);
        let census = self.census.clone();
        let gone: Vec<Slot> = former.iter().filter(|slot| self.mine.binary_search(slot).is_err()).copied().collect();
        for slot in gone {
            census.within(slot).iter().for_each(|channel| self.unwant(*channel, turn));
        }
        let come: Vec<Slot> = self.mine.iter().filter(|slot| former.binary_search(slot).is_err()).copied().collect();
        for slot in come {
            census.within(slot).iter().for_each(|channel| self.want(*channel, turn));
        }
    }

    fn list(&mut self, census: Arc<Census>, turn: &mut Turn) {
        let gone: Vec<ChannelId> = self.leases.keys().filter(|channel| !census.has(**channel)).copied().collect();
        self.census = census.clone();
        for channel in gone {
            self.unwant(channel, turn);
            self.release(channel, turn);
        }
        for slot in self.mine.clone() {
            census.within(slot).iter().for_each(|channel| self.want(*channel, turn));
        }
    }

    fn want(&mut self, channel: ChannelId, turn: &Turn) {
        match self.leases.get_mut(&channel) {
            Some(lease) if lease.wanted => {}
            Some(lease) => {
                lease.wanted = true;
                self.counts.wanted += 1;
            }
            None => {
                // So that the workers do not all ask in the same instant.
                let until = turn.now.plus(Duration::from_millis(100).mul_f64(turn.chance(channel)));
                self.leases.insert(channel, Lease::wanted(until));
                self.waiting.insert((until, channel));
                self.counts.wanted += 1;
                if self.early.remove(&channel).is_some() {
                    self.hand_over(channel);
                }
            }
        }
    }

    pub(crate) fn unwant(&mut self, channel: ChannelId, turn: &mut Turn) {
        let Some(lease) = self.leases.get_mut(&channel).filter(|lease| lease.wanted) else { return };
        lease.wanted = false;
        self.counts.wanted -= 1;
        match lease.grip {
            Grip::Waiting { until } => {
                let handed = lease.handed;
                self.waiting.remove(&(until, channel));
                self.leases.remove(&channel);
                if handed {
                    self.pass_on(channel, turn);
                }
            }
            Grip::Held { life: Life::Running, .. } if lease.asked_for => self.release(channel, turn),
            Grip::Asking | Grip::Held { .. } | Grip::Ending { .. } => {}
        }
    }

    /// A lease that is over: waited for again if it is wanted, forgotten otherwise.
    pub(crate) fn over(&mut self, channel: ChannelId, until: Moment) {
        let Some(lease) = self.leases.get_mut(&channel) else { return };
        if lease.wanted {
            lease.grip = Grip::Waiting { until };
            (lease.handed, lease.asked_for) = (false, false);
            self.waiting.insert((until, channel));
        } else {
            self.leases.remove(&channel);
        }
    }
}
