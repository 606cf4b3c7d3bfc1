//! Whatever happens to a few workers and their Redis, no channel is run by two; and when it is over every channel is run by one.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

use cluster::{Answer, Atlas, Census, Effect, Holder, Input, LEASE_TTL, MEMBER_TTL, Member, Moment, Pace};
use domain::{ChannelId, Fence, Timestamp, WorkerId};
use proptest::prelude::*;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const WORKERS: usize = 4;
const CHANNELS: u128 = 12;
/// What a driver waits for an answer of Redis.
const TIMEOUT: u64 = 2_000;

thread_local! {
    /// Working a placement out is what takes the time here.
    static ATLAS: OnceCell<Atlas> = const { OnceCell::new() };
}

fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), n)
}

#[derive(Clone, Debug)]
enum Move {
    Pass(u64),
    Pause(usize),
    Resume(usize),
    Kill(usize),
    Start(usize),
    Cut(usize),
    Mend(usize),
    Drain(usize),
    Hurry(usize),
    RedisDown,
    RedisUp,
    /// The host finds out that it does not hold this channel.
    GivenUp(usize, u128),
    Delete(u128),
    Create(u128),
    /// From now on so many of a hundred messages take long, and so many adoptions fail.
    Trouble(u8, u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let worker = 0..WORKERS;
    let one = prop_oneof![
        8 => (0_u64..6_000).prop_map(Move::Pass),
        4 => (0_u64..25_000).prop_map(Move::Pass),
        3 => worker.clone().prop_map(Move::Pause),
        3 => worker.clone().prop_map(Move::Resume),
        2 => worker.clone().prop_map(Move::Kill),
        3 => worker.clone().prop_map(Move::Start),
        2 => worker.clone().prop_map(Move::Cut),
        3 => worker.clone().prop_map(Move::Mend),
        2 => worker.clone().prop_map(Move::Drain),
        1 => worker.clone().prop_map(Move::Hurry),
        1 => Just(Move::RedisDown),
        2 => Just(Move::RedisUp),
        1 => (worker, 0..CHANNELS).prop_map(|(worker, channel)| Move::GivenUp(worker, channel)),
        1 => (0..CHANNELS).prop_map(Move::Delete),
        1 => (0..CHANNELS).prop_map(Move::Create),
        1 => (0_u8..40, 0_u8..40).prop_map(|(slow, failing)| Move::Trouble(slow, failing)),
    ];
    proptest::collection::vec(one, 1..60)
}

/// What the scripts do.
#[derive(Default)]
struct Redis {
    down: bool,
    fences: BTreeMap<ChannelId, u64>,
    leases: BTreeMap<ChannelId, (Fence, WorkerId, u64)>,
    seen: BTreeMap<WorkerId, (u64, bool)>,
    news: u64,
}

impl Redis {
    fn lease(&self, channel: ChannelId, now: u64) -> Option<(Fence, WorkerId, u64)> {
        self.leases.get(&channel).copied().filter(|(_, _, until)| now < *until)
    }

    fn acquire(&mut self, channel: ChannelId, me: WorkerId, now: u64) -> Answer {
        match self.lease(channel, now) {
            Some((_, by, until)) if by != me => Answer::Refused { left: Duration::from_millis(until - now), by: Some(by) },
            _ => {
                let fence = self.fences.entry(channel).or_default();
                *fence += 1;
                self.leases.insert(channel, (Fence(*fence), me, now + LEASE_TTL.as_millis() as u64));
                Answer::Granted(Fence(*fence))
            }
        }
    }

    fn renew(&mut self, channel: ChannelId, fence: Fence, me: WorkerId, now: u64) -> bool {
        let mine = self.lease(channel, now).is_some_and(|(held, by, _)| (held, by) == (fence, me));
        if mine {
            self.leases.insert(channel, (fence, me, now + LEASE_TTL.as_millis() as u64));
        }
        mine
    }

    fn heartbeat(&mut self, me: WorkerId, leaving: bool, now: u64) -> Arc<[Member]> {
        let before = self.seen.len();
        self.seen.retain(|_, (at, _)| now - *at <= MEMBER_TTL.as_millis() as u64);
        let known = self.seen.insert(me, (now, leaving));
        if before != self.seen.len() || known.is_none_or(|(_, was)| was != leaving) {
            self.news += 1;
        }
        self.seen.iter().map(|(worker, (_, leaving))| Member { worker: *worker, weight: 1, leaving: *leaving }).collect()
    }
}

struct Worker {
    holder: Holder,
    id: WorkerId,
    alive: bool,
    paused: bool,
    cut: bool,
    began: u64,
    news: u64,
    /// What the host runs, and may write for.
    runs: BTreeMap<ChannelId, Fence>,
    calls: BTreeMap<ChannelId, usize>,
    /// Came in while it was stopped.
    kept: Vec<Input>,
    ticks: u64,
}

/// What is on its way: a request to Redis, or an answer to a worker.
#[derive(Clone, Debug)]
enum Mail {
    Request { from: WorkerId, sent: u64, effect: Effect, reply: Option<u64> },
    Answer { to: WorkerId, input: Input },
    Host { to: WorkerId, channel: ChannelId, fence: Fence, ends: bool, input: Input },
    Handed { to: WorkerId, channel: ChannelId },
    Asked { of: WorkerId, channel: ChannelId },
}

struct World {
    now: u64,
    redis: Redis,
    workers: Vec<Worker>,
    /// By when it arrives, and in which order it was sent.
    mail: BTreeMap<(u64, u64), Mail>,
    listed: BTreeSet<ChannelId>,
    posted: u64,
    random: u64,
    incarnations: u128,
    slow: u64,
    failing: u64,
    /// Adoptions, releases and abandonments so far.
    unrest: u64,
}

impl World {
    fn new(seed: u64) -> World {
        let mut world = World {
            now: 0,
            redis: Redis::default(),
            workers: Vec::new(),
            mail: BTreeMap::new(),
            listed: (0..CHANNELS).map(channel).collect(),
            posted: 0,
            random: seed,
            incarnations: 0,
            slow: 5,
            failing: 5,
            unrest: 0,
        };
        for _ in 0..WORKERS {
            let worker = world.worker();
            world.workers.push(worker);
        }
        (0..WORKERS - 1).for_each(|n| world.start(n));
        world
    }

    fn worker(&mut self) -> Worker {
        self.incarnations += 1;
        let id = WorkerId::new(Timestamp::from_secs(1_700_000_000), self.incarnations % 16 + 1);
        let atlas = ATLAS.with(|atlas| atlas.get_or_init(Atlas::default).clone());
        Worker {
            holder: Holder::new(id, Pace::DEFAULT, atlas, Moment::START),
            id,
            alive: false,
            paused: false,
            cut: false,
            began: self.now,
            news: 0,
            runs: BTreeMap::new(),
            calls: BTreeMap::new(),
            kept: Vec::new(),
            ticks: 0,
        }
    }

    fn start(&mut self, n: usize) {
        if self.workers[n].alive {
            return;
        }
        // An id that is still in use would be a second process with the same one.
        let mut worker = self.worker();
        while self.workers.iter().any(|other| other.id == worker.id) {
            worker = self.worker();
        }
        worker.alive = true;
        self.workers[n] = worker;
        // Nothing that was meant for an earlier one arrives.
        let id = self.workers[n].id;
        self.mail.retain(|_, mail| match mail {
            Mail::Request { from, .. } => *from != id,
            Mail::Answer { to, .. } | Mail::Host { to, .. } | Mail::Handed { to, .. } => *to != id,
            Mail::Asked { of, .. } => *of != id,
        });
        self.feed(n, Input::Listed(self.census()));
    }

    fn census(&self) -> Arc<Census> {
        Arc::new(Census::of(self.listed.iter().copied()))
    }

    fn chance(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn post(&mut self, after: u64, mail: Mail) {
        self.posted += 1;
        self.mail.insert((self.now + after, self.posted), mail);
    }

    fn index(&self, id: WorkerId) -> Option<usize> {
        self.workers.iter().position(|worker| worker.id == id && worker.alive)
    }

    fn moment(&self, n: usize) -> Moment {
        Moment::after_start(Duration::from_millis(self.now - self.workers[n].began))
    }

    fn feed(&mut self, n: usize, input: Input) {
        if !self.workers[n].alive {
            return;
        }
        if self.workers[n].paused {
            self.workers[n].kept.push(input);
            return;
        }
        let now = self.moment(n);
        let chance = self.chance(u64::MAX >> 33).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.workers[n].ticks += 1;
        let effects = self.workers[n].holder.step(input, now, chance);
        for effect in effects {
            self.perform(n, effect);
        }
        self.check();
    }

    fn perform(&mut self, n: usize, effect: Effect) {
        let (id, cut) = (self.workers[n].id, self.workers[n].cut);
        match effect {
            Effect::Adopt(channel, fence) => {
                self.unrest += 1;
                let worker = &mut self.workers[n];
                assert_eq!(worker.calls.get(&channel).copied().unwrap_or(0), 0, "adopted under another call");
                worker.calls.insert(channel, 1);
                worker.runs.insert(channel, fence);
                let fails = self.chance(100) < self.failing;
                let input = if fails { Input::NotAdopted { channel, fence } } else { Input::Adopted { channel, fence } };
                let after = self.chance(2_000);
                self.post(after, Mail::Host { to: id, channel, fence, ends: fails, input });
            }
            Effect::Release(channel, fence) => {
                self.unrest += 1;
                assert_eq!(self.workers[n].runs.get(&channel), Some(&fence), "released what is not run");
                *self.workers[n].calls.entry(channel).or_default() += 1;
                let after = self.chance(4_000);
                self.post(after, Mail::Host { to: id, channel, fence, ends: true, input: Input::Released { channel, fence } });
            }
            Effect::Abandon(channel, fence) => {
                self.unrest += 1;
                self.workers[n].runs.remove(&channel);
                *self.workers[n].calls.entry(channel).or_default() += 1;
                let after = self.chance(1_000);
                self.post(after, Mail::Host { to: id, channel, fence, ends: true, input: Input::Abandoned { channel, fence } });
            }
            Effect::Heartbeat { .. }
            | Effect::Acquire(_)
            | Effect::Renew(_)
            | Effect::AskFor { .. }
            | Effect::Hand { .. }
            | Effect::LetGo { .. }
            | Effect::Leave => {
                let slow = self.chance(100) < self.slow;
                let (there, back) =
                    if slow { (self.chance(4_000), self.chance(4_000)) } else { (self.chance(30), self.chance(30)) };
                let reply = (there + back < TIMEOUT && !self.redis.down && !cut).then_some(back);
                if reply.is_none() {
                    let input = unanswered(&effect, self.moment(n));
                    if let Some(input) = input {
                        self.post(TIMEOUT, Mail::Answer { to: id, input });
                    }
                }
                if !cut && !self.redis.down {
                    self.post(there, Mail::Request { from: id, sent: self.now, effect, reply });
                }
            }
        }
    }

    fn deliver(&mut self, mail: Mail) {
        match mail {
            Mail::Request { from, sent, effect, reply } => self.ask_redis(from, sent, effect, reply),
            Mail::Answer { to, input } => {
                if let Some(n) = self.index(to) {
                    self.feed(n, input);
                }
            }
            Mail::Host { to, channel, fence, ends, input } => {
                let Some(n) = self.index(to) else { return };
                if ends && self.workers[n].runs.get(&channel) == Some(&fence) {
                    self.workers[n].runs.remove(&channel);
                }
                if let Some(calls) = self.workers[n].calls.get_mut(&channel) {
                    *calls -= 1;
                }
                self.feed(n, input);
            }
            Mail::Asked { of, channel } => {
                if let Some(n) = self.index(of) {
                    self.feed(n, Input::AskedFor(vec![channel]));
                }
            }
            Mail::Handed { to, channel } => {
                if let Some(n) = self.index(to) {
                    self.feed(n, Input::Handed(vec![channel]));
                }
            }
        }
    }

    fn ask_redis(&mut self, from: WorkerId, sent: u64, effect: Effect, reply: Option<u64>) {
        let Some(n) = self.index(from) else { return };
        let lost = self.redis.down || self.workers[n].cut;
        let sent_at = Moment::after_start(Duration::from_millis(sent.saturating_sub(self.workers[n].began)));
        if lost {
            if reply.is_some()
                && let Some(input) = unanswered(&effect, sent_at)
            {
                self.post((sent + TIMEOUT).saturating_sub(self.now), Mail::Answer { to: from, input });
            }
            return;
        }
        let now = self.now;
        let input = match effect {
            Effect::Heartbeat { leaving, .. } => Some(Input::Told { members: self.redis.heartbeat(from, leaving, now) }),
            Effect::Acquire(channels) => {
                let answers = channels.into_iter().map(|channel| (channel, self.redis.acquire(channel, from, now))).collect();
                Some(Input::Acquired { sent: sent_at, answers })
            }
            Effect::Renew(leases) => {
                let (kept, lost) =
                    leases.into_iter().partition(|(channel, fence)| self.redis.renew(*channel, *fence, from, now));
                Some(Input::Renewed { sent: sent_at, kept, lost, unanswered: Vec::new() })
            }
            Effect::AskFor { channel, of } => {
                self.post(250, Mail::Asked { of, channel });
                None
            }
            Effect::Hand { channel, to } => {
                self.post(250, Mail::Handed { to, channel });
                None
            }
            Effect::LetGo { channel, fence, to } => {
                if self.redis.lease(channel, now).is_some_and(|(held, by, _)| (held, by) == (fence, from)) {
                    self.redis.leases.remove(&channel);
                }
                if let Some(to) = to {
                    self.post(250, Mail::Handed { to, channel });
                }
                None
            }
            Effect::Leave => {
                self.redis.seen.remove(&from);
                self.redis.news += 1;
                None
            }
            Effect::Adopt(..) | Effect::Release(..) | Effect::Abandon(..) => None,
        };
        if let (Some(input), Some(back)) = (input, reply) {
            self.post(back, Mail::Answer { to: from, input });
        }
    }

    /// Lets time pass, doing what becomes due.
    fn pass(&mut self, span: u64) {
        let until = self.now + span;
        let (mut last, mut still) = (self.now, 0);
        loop {
            still = if self.now == last { still + 1 } else { 0 };
            last = self.now;
            assert!(still < 10_000, "time stands still: somebody is due for ever");
            let due = |(n, worker): (usize, &Worker)| -> Option<(u64, usize)> {
                let at = worker.holder.due_at().filter(|_| worker.alive && !worker.paused)?;
                // Timers are whole milliseconds here.
                let at = worker.began + at.passed().as_nanos().div_ceil(1_000_000) as u64;
                Some((at.max(self.now), n))
            };
            let timer = self.workers.iter().enumerate().filter_map(due).min();
            let mail = self.mail.first_key_value().map(|((at, _), _)| (*at).max(self.now));
            let hear = self.now / 250 * 250 + 250;
            match (timer, mail) {
                (_, Some(at)) if at <= until && at <= hear && timer.is_none_or(|(timer, _)| at <= timer) => {
                    self.now = at;
                    let (_, mail) = self.mail.pop_first().unwrap();
                    self.deliver(mail);
                }
                (Some((at, n)), _) if at <= until && at <= hear => {
                    self.now = at;
                    self.feed(n, Input::Due);
                }
                _ if hear <= until => {
                    self.now = hear;
                    for n in 0..WORKERS {
                        let worker = &mut self.workers[n];
                        if worker.alive && !worker.paused && !worker.cut && !self.redis.down && worker.news != self.redis.news {
                            worker.news = self.redis.news;
                            self.feed(n, Input::Rumour);
                        }
                    }
                }
                _ => break,
            }
        }
        self.now = until;
    }

    fn play(&mut self, one: Move) {
        match one {
            Move::Pass(span) => self.pass(span),
            Move::Pause(n) => self.workers[n].paused = true,
            Move::Resume(n) => self.resume(n),
            Move::Kill(n) => self.kill(n),
            Move::Start(n) => self.start(n),
            Move::Cut(n) => self.workers[n].cut = true,
            Move::Mend(n) => self.workers[n].cut = false,
            Move::Drain(n) => self.feed(n, Input::Drain { grace: Duration::from_secs(10) }),
            Move::Hurry(n) => self.feed(n, Input::Hurry),
            Move::RedisDown => self.redis.down = true,
            Move::RedisUp => self.redis.down = false,
            Move::GivenUp(n, which) => self.feed(n, Input::GivenUp { channel: channel(which) }),
            Move::Delete(which) => {
                self.listed.remove(&channel(which));
                self.list();
            }
            Move::Create(which) => {
                self.listed.insert(channel(which));
                self.list();
            }
            Move::Trouble(slow, failing) => (self.slow, self.failing) = (slow.into(), failing.into()),
        }
    }

    fn list(&mut self) {
        let census = self.census();
        (0..WORKERS).for_each(|n| self.feed(n, Input::Listed(census.clone())));
    }

    fn kill(&mut self, n: usize) {
        let worker = &mut self.workers[n];
        worker.alive = false;
        worker.paused = false;
        worker.cut = false;
        worker.runs.clear();
        worker.kept.clear();
    }

    /// It wakes up: whatever it takes in first, what lapsed is abandoned then.
    fn resume(&mut self, n: usize) {
        self.workers[n].paused = false;
        let mut kept = std::mem::take(&mut self.workers[n].kept);
        if kept.is_empty() {
            kept.push(Input::Due);
        }
        let now = self.moment(n);
        for input in kept {
            self.feed(n, input);
        }
        let due = self.workers[n].holder.due_at();
        assert!(due.is_none_or(|at| at > now) || !self.workers[n].alive, "woke up and left something undone: {due:?} {now:?}");
    }

    /// At no moment do two that can act run the same channel, and never do two have the same fence.
    fn check(&self) {
        let mut acting: BTreeMap<ChannelId, WorkerId> = BTreeMap::new();
        let mut fences: BTreeMap<(ChannelId, Fence), WorkerId> = BTreeMap::new();
        for worker in self.workers.iter().filter(|worker| worker.alive) {
            for (channel, fence) in &worker.runs {
                if let Some(other) = fences.insert((*channel, *fence), worker.id) {
                    panic!("{other} and {} have the same fence {fence} of {channel}", worker.id);
                }
                // One that is stopped does nothing, and begins with this when it goes on.
                if !worker.paused
                    && let Some(other) = acting.insert(*channel, worker.id)
                {
                    panic!("{channel} is run by {other} and {} at {} ms", worker.id, self.now);
                }
            }
            assert!(worker.holder.counts().adopting + worker.holder.counts().asking <= Pace::DEFAULT.under_way);
        }
    }

    /// Everything is well again.
    fn heal(&mut self) {
        self.redis.down = false;
        (self.slow, self.failing) = (0, 0);
        for n in 0..WORKERS {
            self.workers[n].cut = false;
            if self.workers[n].paused {
                self.resume(n);
            }
        }
        // Whoever left is gone.
        for n in 0..WORKERS {
            if self.workers[n].holder.has_left() {
                self.kill(n);
            }
        }
        self.start(0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("CASES").map_or(150, |cases| cases.parse().unwrap()), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_channel_is_run_by_two_and_in_the_end_each_by_one(moves in moves(), seed: u64) {
        let mut world = World::new(seed);
        for one in moves {
            world.play(one);
            world.check();
        }
        world.heal();
        world.pass(60_000);
        world.heal();
        world.pass(60_000);
        let mut runs = BTreeMap::new();
        for worker in world.workers.iter().filter(|worker| worker.alive) {
            for channel in worker.runs.keys() {
                runs.insert(*channel, worker.id);
            }
            prop_assert_eq!(worker.runs.len(), worker.holder.counts().held);
            prop_assert_eq!(worker.runs.len(), worker.holder.counts().wanted);
            prop_assert_eq!(worker.holder.held().count(), worker.runs.len());
            prop_assert_eq!((worker.holder.counts().adopting, worker.holder.counts().asking), (0, 0));
        }
        prop_assert_eq!(runs.keys().copied().collect::<BTreeSet<_>>(), world.listed.clone(), "some are run by nobody");
        let unrest = world.unrest;
        world.pass(60_000);
        prop_assert_eq!(world.unrest, unrest, "moved though nothing happened");
    }

    /// Without trouble a channel changes hands only because its owner came or went.
    #[test]
    fn who_comes_or_goes_moves_only_its_share(seed: u64, first in 1..WORKERS) {
        let mut world = World::new(seed);
        (world.slow, world.failing) = (0, 0);
        (first..WORKERS).for_each(|n| world.kill(n));
        world.pass(30_000);
        let before: Vec<BTreeMap<ChannelId, Fence>> = world.workers.iter().map(|worker| worker.runs.clone()).collect();
        world.start(WORKERS - 1);
        world.pass(30_000);
        let came = world.workers[WORKERS - 1].runs.len() as u64;
        for (n, before) in before.iter().enumerate().take(first) {
            for (channel, fence) in &world.workers[n].runs {
                prop_assert_eq!(before.get(channel), Some(fence), "a channel that stayed was taken up anew");
            }
        }
        let unrest = world.unrest;
        world.feed(WORKERS - 1, Input::Drain { grace: Duration::from_secs(10) });
        world.pass(30_000);
        prop_assert!(world.workers[WORKERS - 1].holder.has_left());
        prop_assert_eq!(world.unrest - unrest, 2 * came, "each is released once and adopted once");
        prop_assert_eq!(world.workers.iter().map(|worker| worker.runs.len()).sum::<usize>(), world.listed.len());
    }
}

fn unanswered(effect: &Effect, sent: Moment) -> Option<Input> {
    match effect {
        Effect::Heartbeat { .. } => Some(Input::Untold),
        Effect::Acquire(channels) => {
            Some(Input::Acquired { sent, answers: channels.iter().map(|channel| (*channel, Answer::Unanswered)).collect() })
        }
        Effect::Renew(leases) => Some(Input::Renewed { sent, kept: Vec::new(), lost: Vec::new(), unanswered: leases.clone() }),
        Effect::AskFor { .. }
        | Effect::Hand { .. }
        | Effect::LetGo { .. }
        | Effect::Leave
        | Effect::Adopt(..)
        | Effect::Release(..)
        | Effect::Abandon(..) => None,
    }
}
