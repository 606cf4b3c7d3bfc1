use crate::Moment;
use crate::placement::Share;
use crate::rules::{BELIEF, GAP, MEMBER_TTL};
use domain::WorkerId;
use std::collections::BTreeMap;

/// A worker as Redis tells of it: alive, since its heartbeat is recent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub worker: WorkerId,
    pub weight: u32,
    /// It gives away what it holds and takes nothing.
    pub leaving: bool,
}

/// Who is there, as far as one worker knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Membership {
    known: BTreeMap<WorkerId, Known>,
    /// When the first of those that are only believed in is to be given up.
    believed_until: Option<Moment>,
    first_told: Option<Moment>,
    last_told: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    weight: u32,
    leaving: bool,
    /// Redis does not tell of it, but it is believed in until then.
    believed_until: Option<Moment>,
}

impl Membership {
    /// What Redis answered to a heartbeat.
    pub fn told(&mut self, members: &[Member], now: Moment) {
        let after_gap = self.last_told.is_some_and(|last| now.since(last) > GAP);
        self.first_told.get_or_insert(now);
        self.last_told = Some(now);
        let told: BTreeMap<WorkerId, &Member> = members.iter().map(|member| (member.worker, member)).collect();
        self.known.retain(|worker, known| {
            if told.contains_key(worker) {
                return true;
            }
            if after_gap && known.believed_until.is_none() && !known.leaving {
                known.believed_until = Some(now.plus(BELIEF));
            }
            known.believed_until.is_some_and(|until| now < until)
        });
        for (worker, member) in told {
            self.known.insert(worker, Known { weight: member.weight, leaving: member.leaving, believed_until: None });
        }
        self.look_ahead();
    }

    /// Believes no longer than it should.
    pub fn expire(&mut self, now: Moment) -> bool {
        if self.believed_until.is_none_or(|until| now < until) {
            return false;
        }
        self.known.retain(|_, known| known.believed_until.is_none_or(|until| now < until));
        self.look_ahead();
        true
    }

    fn look_ahead(&mut self) {
        self.believed_until = self.known.values().filter_map(|known| known.believed_until).min();
    }

    pub fn due_at(&self) -> Option<Moment> {
        self.believed_until
    }

    pub fn first_told(&self) -> Option<Moment> {
        self.first_told
    }

    /// Whether what it knows is recent enough to act on.
    pub fn is_current(&self, now: Moment) -> bool {
        self.last_told.is_some_and(|last| now.since(last) < MEMBER_TTL)
    }

    pub fn is_alive(&self, worker: WorkerId) -> bool {
        self.known.contains_key(&worker)
    }

    /// Those that take channels, in the order of their ids.
    pub fn shares(&self) -> Vec<Share> {
        let staying = self.known.iter().filter(|(_, known)| !known.leaving && known.weight > 0);
        staying.map(|(worker, known)| Share { worker: *worker, weight: known.weight }).collect()
    }
}
