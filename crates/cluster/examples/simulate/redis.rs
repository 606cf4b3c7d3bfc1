use crate::costs;
use cluster::{Answer, Effect, LEASE_TTL, MEMBER_TTL, Member};
use domain::{ChannelId, Fence, WorkerId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Microseconds since the simulation began.
pub type Micros = u64;

pub const TIMEOUT: Micros = 2_000_000;

/// What the scripts of the crate do, and the time that it takes.
pub struct Redis {
    pub down: bool,
    /// Microseconds of an operation, all nodes together.
    cost: f64,
    busy_until: f64,
    leases: Vec<Lease>,
    seen: BTreeMap<WorkerId, (Micros, bool)>,
    pub news: u64,
    told: Option<Arc<[Member]>>,
    handed: BTreeMap<WorkerId, Vec<ChannelId>>,
    asked: BTreeMap<WorkerId, Vec<ChannelId>>,
    pub operations: u64,
}

#[derive(Clone, Copy, Default)]
struct Lease {
    fence: u64,
    holder: Option<WorkerId>,
    until: Micros,
}

/// A channel's number: its id is made of it.
pub fn number(channel: ChannelId) -> usize {
    (channel.bits() & 0xffff_ffff) as usize
}

impl Redis {
    pub fn new(channels: usize, nodes: usize) -> Redis {
        Redis {
            down: false,
            cost: 1e6 / (costs::REDIS_OPS.value * nodes as f64),
            busy_until: 0.0,
            leases: vec![Lease::default(); channels],
            seen: BTreeMap::new(),
            news: 0,
            told: None,
            handed: BTreeMap::new(),
            asked: BTreeMap::new(),
            operations: 0,
        }
    }

    /// When operations that are sent now will have been done.
    pub fn queue(&mut self, operations: f64, now: Micros) -> Micros {
        let arrive = now as f64 + costs::REDIS_ROUND_TRIP.value * 500.0;
        self.busy_until = self.busy_until.max(arrive) + operations * self.cost;
        self.operations += operations as u64;
        self.busy_until as Micros
    }

    pub fn operations_of(effect: &Effect) -> f64 {
        match effect {
            Effect::Acquire(channels) => channels.len() as f64,
            Effect::Renew(leases) => leases.len() as f64,
            Effect::LetGo { to, .. } => {
                if to.is_some() {
                    2.0
                } else {
                    1.0
                }
            }
            Effect::Heartbeat { .. } | Effect::AskFor { .. } | Effect::Hand { .. } | Effect::Leave => 1.0,
            Effect::Adopt(..) | Effect::Release(..) | Effect::Abandon(..) => 0.0,
        }
    }

    pub fn acquire(&mut self, channel: ChannelId, me: WorkerId, now: Micros) -> Answer {
        let lease = &mut self.leases[number(channel)];
        match lease.holder {
            Some(by) if by != me && now < lease.until => {
                Answer::Refused { left: Duration::from_micros(lease.until - now), by: Some(by) }
            }
            Some(_) | None => {
                *lease = Lease { fence: lease.fence + 1, holder: Some(me), until: now + LEASE_TTL.as_micros() as Micros };
                Answer::Granted(Fence(lease.fence))
            }
        }
    }

    pub fn renew(&mut self, channel: ChannelId, fence: Fence, me: WorkerId, now: Micros) -> bool {
        let lease = &mut self.leases[number(channel)];
        let mine = lease.holder == Some(me) && lease.fence == fence.0 && now < lease.until;
        if mine {
            lease.until = now + LEASE_TTL.as_micros() as Micros;
        }
        mine
    }

    pub fn release(&mut self, channel: ChannelId, fence: Fence, me: WorkerId, to: Option<WorkerId>) {
        let lease = &mut self.leases[number(channel)];
        if lease.holder == Some(me) && lease.fence == fence.0 {
            lease.holder = None;
        }
        if let Some(to) = to {
            self.hand(channel, to);
        }
    }

    pub fn hand(&mut self, channel: ChannelId, to: WorkerId) {
        self.handed.entry(to).or_default().push(channel);
    }

    /// Whether a write with this fence is accepted.
    pub fn takes(&self, channel: ChannelId, fence: Fence) -> bool {
        self.leases[number(channel)].fence == fence.0
    }

    pub fn heartbeat(&mut self, me: WorkerId, leaving: bool, now: Micros) -> Arc<[Member]> {
        let before = self.seen.len();
        let ttl = MEMBER_TTL.as_micros() as Micros;
        self.seen.retain(|_, (at, _)| now <= *at + ttl);
        let was = self.seen.insert(me, (now, leaving));
        if before != self.seen.len() || was.is_none_or(|(_, was)| was != leaving) {
            self.changed();
        }
        let seen = &self.seen;
        let member =
            |(worker, (_, leaving)): (&WorkerId, &(Micros, bool))| Member { worker: *worker, weight: 1, leaving: *leaving };
        self.told.get_or_insert_with(|| seen.iter().map(member).collect()).clone()
    }

    pub fn leave(&mut self, me: WorkerId) {
        self.seen.remove(&me);
        self.changed();
    }

    pub fn ask_for(&mut self, channel: ChannelId, of: WorkerId) {
        self.asked.entry(of).or_default().push(channel);
    }

    /// What was handed to this worker, and what it was asked for.
    pub fn hear(&mut self, me: WorkerId) -> (Vec<ChannelId>, Vec<ChannelId>) {
        (self.handed.remove(&me).unwrap_or_default(), self.asked.remove(&me).unwrap_or_default())
    }

    fn changed(&mut self) {
        self.news += 1;
        self.told = None;
    }
}
