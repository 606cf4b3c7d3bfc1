//! Simulated time, workers, sockets and stores around the real machines.

use crate::costs;
use crate::figures::Figures;
use crate::postgres::{Postgres, Ticket};
use crate::redis::{Micros, Redis, TIMEOUT, number};
use cluster::{Answer, Atlas, Census, Effect, Holder, Input, Moment, Pace};
use domain::{ChannelId, Fence, Timestamp, WorkerId};
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

pub const SECOND: Micros = 1_000_000;
const HEAR: Micros = 250_000;

pub struct World {
    pub now: Micros,
    pace: Pace,
    /// Nothing costs anything: for a beginning that is not part of the story.
    pub free: bool,
    pub redis: Redis,
    postgres: Postgres,
    /// One for every start of a worker; the later ones of the same place are other workers.
    workers: Vec<Worker>,
    /// Which of them runs at each place.
    pub places: Vec<Option<usize>>,
    census: Arc<Census>,
    atlas: Atlas,
    /// Who was told to run each channel, and was not told to end.
    runs: Vec<Option<(u32, Fence)>>,
    /// Since when it has no socket; `UP` when it has one.
    down: Vec<Micros>,
    pub down_now: usize,
    events: BinaryHeap<Event>,
    sequence: u64,
    waits: BTreeMap<Ticket, Login>,
    tickets: Ticket,
    random: u64,
    pub figures: Figures,
    pub violations: Vec<String>,
    /// What had been counted when this second began.
    second: (u64, u64, u64, u64),
}

const UP: Micros = Micros::MAX;

struct Worker {
    id: WorkerId,
    holder: Option<Holder>,
    began: Micros,
    wakes_at: Micros,
    news: u64,
    cpu_until: f64,
    sockets: usize,
    /// In which second, and how many.
    logins: (Micros, u64),
}

/// A start of a channel on its way through ledger, auth-state, processor and network.
#[derive(Clone, Copy)]
struct Login {
    worker: usize,
    channel: ChannelId,
    fence: Fence,
    began: Micros,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Hold,
    Load,
    Encrypt,
    Open,
    Told,
    /// No login: the last words of a channel that is let go.
    End,
}

enum What {
    Wake(usize),
    Hear(usize),
    Redis(Box<Request>),
    Input { worker: usize, input: Box<Input> },
    Login(Box<Login>),
    Committed(Vec<Ticket>),
    Second,
}

/// On its way to Redis. When it is late nobody waits for the answer.
struct Request {
    worker: usize,
    sent: Micros,
    late: bool,
    effect: Effect,
}

struct Event {
    at: Micros,
    sequence: u64,
    what: What,
}

impl World {
    pub fn new(channels: usize, places: usize, nodes: usize, pace: Pace, seed: u64) -> World {
        let ids = (0..channels as u128).map(|n| ChannelId::new(Timestamp::from_secs(1_700_000_000), n));
        let mut world = World {
            now: 0,
            pace,
            free: false,
            redis: Redis::new(channels, nodes),
            postgres: Postgres::new(),
            workers: Vec::new(),
            places: vec![None; places],
            census: Arc::new(Census::of(ids)),
            atlas: Atlas::default(),
            runs: vec![None; channels],
            down: vec![0; channels],
            down_now: channels,
            events: BinaryHeap::new(),
            sequence: 0,
            waits: BTreeMap::new(),
            tickets: 0,
            random: seed,
            figures: Figures::default(),
            violations: Vec::new(),
            second: (0, 0, 0, 0),
        };
        world.schedule(SECOND, What::Second);
        world
    }

    pub fn start(&mut self, place: usize) {
        let n = self.workers.len();
        let chance = u128::from(self.chance());
        let id = WorkerId::new(Timestamp::from_secs(1_700_000_000), chance << 16 | n as u128);
        let holder = Holder::new(id, self.pace, self.atlas.clone(), Moment::START);
        self.workers.push(Worker {
            id,
            holder: Some(holder),
            began: self.now,
            wakes_at: Micros::MAX,
            news: 0,
            cpu_until: 0.0,
            sockets: 0,
            logins: (0, 0),
        });
        self.places[place] = Some(n);
        self.feed(n, Input::Listed(self.census.clone()));
        let phase = self.chance() % HEAR;
        self.schedule(phase, What::Hear(n));
    }

    /// Everybody keeps this pace from now on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        self.workers.iter_mut().filter_map(|worker| worker.holder.as_mut()).for_each(|holder| holder.set_pace(pace));
    }

    /// As a power failure does it.
    pub fn kill(&mut self, place: usize) {
        let Some(n) = self.places[place].take() else { return };
        self.workers[n].holder = None;
        self.workers[n].sockets = 0;
        for channel in 0..self.runs.len() {
            if self.runs[channel].is_some_and(|(by, _)| by as usize == n) {
                self.runs[channel] = None;
                self.goes_down(channel);
            }
        }
    }

    pub fn drain(&mut self, place: usize, grace: Duration) {
        if let Some(n) = self.places[place] {
            self.feed(n, Input::Drain { grace });
        }
    }

    pub fn has_left(&self, place: usize) -> bool {
        self.places[place].is_none_or(|n| self.workers[n].holder.as_ref().is_none_or(Holder::has_left))
    }

    /// Channels that some worker still has to let go of, because another should have them.
    pub fn misplaced(&self) -> usize {
        let holders = self.workers.iter().filter_map(|worker| worker.holder.as_ref()).filter(|holder| !holder.has_left());
        holders.map(|holder| holder.held().count().abs_diff(holder.counts().wanted)).sum()
    }

    pub fn run(&mut self, span: Micros) {
        let until = self.now + span;
        while self.events.peek().is_some_and(|event| event.at <= until) {
            let Some(event) = self.events.pop() else { break };
            self.now = event.at;
            self.happen(event.what);
        }
        self.now = until;
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Wake(n) => {
                if self.workers[n].wakes_at == self.now {
                    self.workers[n].wakes_at = Micros::MAX;
                    self.feed(n, Input::Due);
                }
            }
            What::Hear(n) => self.hear(n),
            What::Redis(request) => self.in_redis(*request),
            What::Input { worker, input } => self.feed(worker, *input),
            What::Login(login) => self.log_in(*login),
            What::Committed(tickets) => {
                self.postgres.committed();
                for ticket in tickets {
                    if let Some(login) = self.waits.remove(&ticket) {
                        self.log_in(login);
                    }
                }
                self.begin_transaction();
            }
            What::Second => {
                self.count_second();
                self.schedule(SECOND, What::Second);
            }
        }
    }

    fn feed(&mut self, n: usize, input: Input) {
        let chance = self.chance();
        let worker = &mut self.workers[n];
        let Some(holder) = &mut worker.holder else { return };
        let effects = holder.step(input, Moment::after_start(Duration::from_micros(self.now - worker.began)), chance);
        for effect in effects {
            self.perform(n, effect);
        }
        let worker = &mut self.workers[n];
        if let Some(due) = worker.holder.as_ref().and_then(Holder::due_at) {
            let at = (worker.began + due.passed().as_nanos().div_ceil(1_000) as Micros).max(self.now);
            if at < worker.wakes_at {
                worker.wakes_at = at;
                self.schedule(at - self.now, What::Wake(n));
            }
        }
    }

    fn perform(&mut self, n: usize, effect: Effect) {
        match effect {
            Effect::Adopt(channel, fence) => {
                if let Some((other, _)) = self.runs[number(channel)] {
                    self.violations
                        .push(format!("{channel} is run by {} and {}", self.workers[other as usize].id, self.workers[n].id));
                }
                self.runs[number(channel)] = Some((n as u32, fence));
                let login = Login { worker: n, channel, fence, began: self.now, stage: Stage::Hold };
                self.write(n, 1, login);
            }
            Effect::Release(channel, fence) => {
                self.close(n, channel);
                let login = Login { worker: n, channel, fence, began: self.now, stage: Stage::End };
                self.write(n, costs::END_ROWS.value as u32, login);
            }
            Effect::Abandon(channel, fence) => {
                self.close(n, channel);
                self.runs[number(channel)] = None;
                self.schedule(10_000, What::Input { worker: n, input: Box::new(Input::Abandoned { channel, fence }) });
            }
            Effect::Heartbeat { .. }
            | Effect::Acquire(_)
            | Effect::Renew(_)
            | Effect::AskFor { .. }
            | Effect::Hand { .. }
            | Effect::LetGo { .. }
            | Effect::Leave => {
                let moment = Duration::from_micros(self.now - self.workers[n].began);
                if self.redis.down {
                    self.unanswered(n, &effect, Moment::after_start(moment), TIMEOUT);
                    return;
                }
                let done = if self.free { self.now } else { self.redis.queue(Redis::operations_of(&effect), self.now) };
                let late = done + half_trip() > self.now + TIMEOUT;
                if late {
                    self.unanswered(n, &effect, Moment::after_start(moment), TIMEOUT);
                }
                self.schedule(done - self.now, What::Redis(Box::new(Request { worker: n, sent: self.now, late, effect })));
            }
        }
    }

    fn unanswered(&mut self, n: usize, effect: &Effect, sent: Moment, after: Micros) {
        let input = match effect {
            Effect::Heartbeat { .. } => Input::Untold,
            Effect::Acquire(channels) => {
                Input::Acquired { sent, answers: channels.iter().map(|channel| (*channel, Answer::Unanswered)).collect() }
            }
            Effect::Renew(leases) => Input::Renewed { sent, kept: Vec::new(), lost: Vec::new(), unanswered: leases.clone() },
            Effect::AskFor { .. }
            | Effect::Hand { .. }
            | Effect::LetGo { .. }
            | Effect::Leave
            | Effect::Adopt(..)
            | Effect::Release(..)
            | Effect::Abandon(..) => return,
        };
        self.schedule(after, What::Input { worker: n, input: Box::new(input) });
    }

    /// A request is carried out.
    fn in_redis(&mut self, request: Request) {
        let Request { worker: n, sent, late, effect } = request;
        let (id, now) = (self.workers[n].id, self.now);
        let moment = Moment::after_start(Duration::from_micros(sent - self.workers[n].began));
        if self.redis.down {
            if !late {
                self.unanswered(n, &effect, moment, (sent + TIMEOUT).saturating_sub(now));
            }
            return;
        }
        let input = match effect {
            Effect::Heartbeat { leaving, .. } => {
                let members = self.redis.heartbeat(id, leaving, now);
                self.workers[n].news = self.redis.news;
                Input::Told { members }
            }
            Effect::Acquire(channels) => {
                let answers = channels.into_iter().map(|channel| (channel, self.redis.acquire(channel, id, now))).collect();
                Input::Acquired { sent: moment, answers }
            }
            Effect::Renew(mut kept) => {
                let mut lost = Vec::new();
                kept.retain(|(channel, fence)| {
                    let renewed = self.redis.renew(*channel, *fence, id, now);
                    if !renewed {
                        lost.push((*channel, *fence));
                    }
                    renewed
                });
                Input::Renewed { sent: moment, kept, lost, unanswered: Vec::new() }
            }
            Effect::AskFor { channel, of } => return self.redis.ask_for(channel, of),
            Effect::Hand { channel, to } => return self.redis.hand(channel, to),
            Effect::LetGo { channel, fence, to } => return self.redis.release(channel, fence, id, to),
            Effect::Leave => return self.redis.leave(id),
            Effect::Adopt(..) | Effect::Release(..) | Effect::Abandon(..) => return,
        };
        if !late {
            self.schedule(half_trip(), What::Input { worker: n, input: Box::new(input) });
        }
    }

    fn hear(&mut self, n: usize) {
        if self.workers[n].holder.as_ref().is_none_or(Holder::has_left) {
            return;
        }
        self.schedule(HEAR, What::Hear(n));
        if self.redis.down {
            return;
        }
        self.redis.queue(1.0, self.now);
        let (handed, asked) = self.redis.hear(self.workers[n].id);
        if !handed.is_empty() {
            self.feed(n, Input::Handed(handed));
        }
        if !asked.is_empty() {
            self.feed(n, Input::AskedFor(asked));
        }
        if self.workers[n].news != self.redis.news {
            self.workers[n].news = self.redis.news;
            self.feed(n, Input::Rumour);
        }
    }

    /// The next step of a start: each waits in the line of what it needs.
    fn log_in(&mut self, login: Login) {
        let Login { worker: n, channel, fence, began, stage } = login;
        if self.free && stage == Stage::Hold {
            self.comes_up(n, number(channel));
            return self.feed(n, Input::Adopted { channel, fence });
        }
        if self.workers[n].holder.is_none() {
            return;
        }
        if stage == Stage::End {
            self.runs[number(channel)] = None;
            return self.feed(n, Input::Released { channel, fence });
        }
        let ours = self.runs[number(channel)] == Some((n as u32, fence));
        let on_time = self.now - began < (costs::LOGIN_DEADLINE.value * 1e6) as Micros;
        // The auth-state is read and written here, which takes a Redis that answers and accepts the fence.
        let readable = stage != Stage::Load || (!self.redis.down && self.redis.takes(channel, fence));
        if !ours || !on_time || !readable {
            if ours {
                self.close(n, channel);
                self.runs[number(channel)] = None;
                self.figures.failed += 1;
            }
            return self.feed(n, Input::NotAdopted { channel, fence });
        }
        match stage {
            Stage::Hold => {
                let loaded = self.redis.queue(costs::REDIS_LOGIN.value, self.now);
                self.schedule(loaded - self.now, What::Login(Box::new(Login { stage: Stage::Load, ..login })));
            }
            Stage::Load => {
                let cpu = &mut self.workers[n].cpu_until;
                *cpu = cpu.max(self.now as f64) + 1e6 / costs::LOGINS.value;
                let done = *cpu as Micros;
                self.schedule(done - self.now, What::Login(Box::new(Login { stage: Stage::Encrypt, ..login })));
            }
            Stage::Encrypt => {
                let (least, most) = costs::LOGIN_NETWORK;
                let part = (self.chance() >> 11) as f64 / (1_u64 << 53) as f64;
                let network = ((least + (most - least) * part) * 1e6) as Micros;
                self.schedule(network, What::Login(Box::new(Login { stage: Stage::Open, ..login })));
            }
            Stage::Open => {
                self.comes_up(n, number(channel));
                self.write(n, costs::START_ROWS.value as u32 - 1, Login { stage: Stage::Told, ..login });
            }
            Stage::Told => self.feed(n, Input::Adopted { channel, fence }),
            Stage::End => {}
        }
    }

    fn write(&mut self, n: usize, rows: u32, then: Login) {
        if self.free {
            return self.schedule(1_000, What::Login(Box::new(then)));
        }
        self.tickets += 1;
        self.waits.insert(self.tickets, then);
        self.postgres.write(n, rows, self.tickets, self.now);
        self.begin_transaction();
    }

    fn begin_transaction(&mut self) {
        if let Some((span, served)) = self.postgres.begin(self.now) {
            self.schedule(span, What::Committed(served));
        }
    }

    fn comes_up(&mut self, n: usize, channel: usize) {
        if self.down[channel] == UP {
            return;
        }
        self.figures.downtimes.add(self.now - self.down[channel]);
        self.down[channel] = UP;
        self.down_now -= 1;
        self.figures.logins += 1;
        let worker = &mut self.workers[n];
        worker.sockets += 1;
        self.figures.most_on_a_worker = self.figures.most_on_a_worker.max(worker.sockets);
        let second = self.now / SECOND;
        worker.logins = if worker.logins.0 == second { (second, worker.logins.1 + 1) } else { (second, 1) };
        self.figures.peak_worker_logins = self.figures.peak_worker_logins.max(worker.logins.1);
    }

    fn close(&mut self, n: usize, channel: ChannelId) {
        if self.down[number(channel)] == UP {
            self.workers[n].sockets -= 1;
            self.goes_down(number(channel));
        }
    }

    fn goes_down(&mut self, channel: usize) {
        if self.down[channel] == UP {
            self.down[channel] = self.now;
            self.down_now += 1;
        }
    }

    fn count_second(&mut self) {
        let now = (self.figures.logins, self.redis.operations, self.postgres.rows, self.postgres.transactions);
        let since = (now.0.saturating_sub(self.second.0), now.1 - self.second.1, now.2 - self.second.2, now.3 - self.second.3);
        self.second = now;
        let figures = &mut self.figures;
        figures.peak_logins = figures.peak_logins.max(since.0);
        figures.peak_redis = figures.peak_redis.max(since.1);
        figures.peak_rows = figures.peak_rows.max(since.2);
        figures.peak_transactions = figures.peak_transactions.max(since.3);
    }

    /// What the phase came to; the next one begins.
    pub fn close_phase(&mut self, phase: &'static str, began: Micros) -> Figures {
        self.count_second();
        self.second.0 = 0;
        let most = self.workers.iter().map(|worker| worker.sockets).max().unwrap_or(0);
        let mut figures = std::mem::take(&mut self.figures);
        self.figures.most_on_a_worker = most;
        figures.phase = phase;
        figures.seconds = (self.now - began) as f64 / 1e6;
        figures.slowest_write = std::mem::take(&mut self.postgres.slowest) as f64 / 1e6;
        figures.workers = self.places.iter().flatten().count();
        figures.down = self.down_now;
        figures
    }

    fn chance(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn schedule(&mut self, after: Micros, what: What) {
        self.sequence += 1;
        self.events.push(Event { at: self.now + after, sequence: self.sequence, what });
    }
}

fn half_trip() -> Micros {
    (costs::REDIS_ROUND_TRIP.value * 500.0) as Micros
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The heap gives its greatest first.
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.sequence) == (other.at, other.sequence)
    }
}

impl Eq for Event {}
