//! Performs what the machine says, and tells it what came of it.

use crate::atlas::Atlas;
use crate::census::Census;
use crate::clock::Clock;
use crate::cluster::ClusterConfig;
use crate::effect::Effect;
use crate::holder::Holder;
use crate::host::{Directory, Host, Standing, WorkerInfo};
use crate::input::Input;
use crate::leases::{Card, Leases};
use crate::membership::Member;
use domain::{ChannelId, Fence};
use keyspace::{Holdings, Keyspace, KeyspaceError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A machine that was asleep shows by its clock, not by its timers: none is longer.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// Between two looks at what changed among the workers.
const HEAR: Duration = Duration::from_millis(250);
/// Up to so many workers the whole list comes with every heartbeat; of more only now and then, or when it changed.
const FEW: usize = 32;
const NOW_AND_THEN: u64 = 5;
/// The channels are listed anew after this even if nobody says that they changed.
const LIST_ANEW: Duration = Duration::from_secs(60);
/// At the end, for what is still being said to Redis.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What comes back to the machine's loop.
#[derive(Debug)]
pub(crate) enum Report {
    Happened(Input),
    Told(Option<Vec<WorkerInfo>>),
    Untold(KeyspaceError),
    Listed(Arc<Census>),
    Unlisted(String),
}

pub(crate) struct Drive {
    clock: Clock,
    holder: Holder,
    config: ClusterConfig,
    leases: Leases,
    holdings: Holdings,
    host: Arc<dyn Host>,
    reports: mpsc::Sender<Report>,
    standing: watch::Sender<Standing>,
    members: Arc<[Member]>,
    /// The count of changes that the last heartbeat told.
    news: Arc<AtomicU64>,
    beats: u64,
    redis_trouble: Option<String>,
    list_trouble: Option<String>,
    calls: TaskTracker,
    stop: CancellationToken,
}

impl Drive {
    pub fn new(
        config: ClusterConfig,
        keyspace: Keyspace,
        holdings: Holdings,
        host: Arc<dyn Host>,
        reports: mpsc::Sender<Report>,
        stop: CancellationToken,
    ) -> (Drive, watch::Receiver<Standing>) {
        let clock = Clock::start();
        let holder = Holder::new(config.worker, config.pace, Atlas::default(), clock.now());
        let (standing, watcher) = watch::channel(Standing {
            worker: config.worker,
            able: false,
            trouble: None,
            workers: Vec::new(),
            held: 0,
            wanted: 0,
            adopting: 0,
            channels: 0,
            counts: holder.counts(),
        });
        let drive = Drive {
            clock,
            holder,
            leases: Leases::new(keyspace, config.worker),
            config,
            holdings,
            host,
            reports,
            standing,
            members: Arc::new([]),
            news: Arc::default(),
            beats: 0,
            redis_trouble: None,
            list_trouble: None,
            calls: TaskTracker::new(),
            stop,
        };
        (drive, watcher)
    }

    pub async fn run(mut self, mut inbox: mpsc::Receiver<Report>, directory: Arc<dyn Directory>) {
        let stop = self.stop.clone();
        let _listing = spawn_until(&stop, list(directory, self.reports.clone()));
        let _hearing = spawn_until(&stop, hear(self.leases.clone(), self.news.clone(), self.reports.clone()));
        while !self.holder.has_left() {
            let wait = match self.holder.due_at() {
                Some(at) => at.since(self.clock.now()).min(LONGEST_WAIT),
                None => LONGEST_WAIT,
            };
            let report = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                report = inbox.recv() => match report {
                    Some(report) => report,
                    None => return,
                },
                () = tokio::time::sleep(wait) => Report::Happened(Input::Due),
            };
            let input = self.take_in(report);
            // Read after the wait, however long that was: the machine first looks at the time.
            let now = self.clock.now();
            for effect in self.holder.step(input, now, rand::random()) {
                self.perform(effect);
            }
            self.publish();
        }
        // Everything is handed over before we are gone, so that nobody waits for a lease of a dead worker.
        self.calls.close();
        let _ = tokio::time::timeout(LAST_WORDS, self.calls.wait()).await;
        if let Err(error) = self.leases.leave().await {
            tracing::warn!(%error, "left without saying so");
        }
        stop.cancel();
    }

    fn take_in(&mut self, report: Report) -> Input {
        match report {
            Report::Happened(input) => input,
            Report::Told(workers) => {
                if self.redis_trouble.take().is_some() {
                    tracing::info!("redis answers again");
                }
                if let Some(workers) = workers {
                    let member = |info: &WorkerInfo| Member { worker: info.id, weight: info.weight, leaving: info.leaving };
                    self.members = workers.iter().map(member).collect();
                    self.standing.send_if_modified(|standing| {
                        let mut workers = workers;
                        workers.sort_unstable_by_key(|info| info.id);
                        let changed = standing.workers != workers;
                        standing.workers = workers;
                        changed
                    });
                }
                Input::Told { members: self.members.clone() }
            }
            Report::Untold(error) => {
                if self.redis_trouble.is_none() {
                    tracing::warn!(%error, "redis does not answer; channels are given up unless it comes back soon");
                }
                self.redis_trouble = Some(error.to_string());
                Input::Untold
            }
            Report::Listed(census) => {
                self.list_trouble = None;
                self.standing.send_if_modified(|standing| {
                    let changed = standing.channels != census.len();
                    standing.channels = census.len();
                    changed
                });
                Input::Listed(census)
            }
            Report::Unlisted(error) => {
                self.list_trouble = Some(error);
                Input::Due
            }
        }
    }

    fn perform(&mut self, effect: Effect) {
        let (leases, host, sent) = (self.leases.clone(), self.host.clone(), self.clock.now());
        match effect {
            Effect::Heartbeat { leaving, held } => self.beat(leaving, held),
            Effect::Acquire(channels) => self.call(async move {
                let answers = leases.acquire(&channels).await;
                Report::Happened(Input::Acquired { sent, answers })
            }),
            Effect::Renew(round) => self.call(async move {
                let round = leases.renew(&round).await;
                Report::Happened(Input::Renewed { sent, kept: round.kept, lost: round.lost, unanswered: round.unanswered })
            }),
            Effect::Adopt(channel, fence) => {
                self.holdings.set(channel, fence);
                let holdings = self.holdings.clone();
                self.call(async move {
                    Report::Happened(match host.adopt(channel, fence).await {
                        Ok(()) => Input::Adopted { channel, fence },
                        Err(error) => {
                            tracing::warn!(channel.id = %channel, %error, "a channel could not be taken over");
                            drop_holding(&holdings, channel, fence);
                            Input::NotAdopted { channel, fence }
                        }
                    })
                });
            }
            Effect::Release(channel, fence) => {
                let holdings = self.holdings.clone();
                self.call(async move {
                    host.release(channel).await;
                    drop_holding(&holdings, channel, fence);
                    Report::Happened(Input::Released { channel, fence })
                });
            }
            Effect::Abandon(channel, fence) => {
                // At once, before anything else gets to run.
                drop_holding(&self.holdings, channel, fence);
                tracing::info!(channel.id = %channel, "the lease of a channel is gone; it is dropped");
                self.call(async move {
                    host.abandon(channel).await;
                    Report::Happened(Input::Abandoned { channel, fence })
                });
            }
            // It ends by itself otherwise.
            Effect::LetGo { channel, fence, to } => self.tell(channel, async move { leases.let_go(channel, fence, to).await }),
            // It is asked for again in time.
            Effect::AskFor { channel, of } => self.tell(channel, async move { leases.ask_for(channel, of).await }),
            Effect::Hand { channel, to } => self.tell(channel, async move { leases.hand(channel, to).await }),
            // Done by `run` when everything before has been.
            Effect::Leave => {}
        }
    }

    fn beat(&mut self, leaving: bool, held: usize) {
        let card =
            Card { name: self.config.name.clone(), address: self.config.address.clone(), weight: self.config.weight, leaving };
        self.beats += 1;
        let whole = self.members.len() <= FEW || self.beats.is_multiple_of(NOW_AND_THEN);
        let (leases, news) = (self.leases.clone(), self.news.clone());
        self.call(async move {
            let known = (!whole).then(|| news.load(Ordering::Relaxed));
            match leases.heartbeat(&card, held, known).await {
                Ok((count, workers)) => {
                    news.store(count, Ordering::Relaxed);
                    Report::Told(workers)
                }
                Err(error) => Report::Untold(error),
            }
        });
    }

    fn call(&self, what: impl Future<Output = Report> + Send + 'static) {
        let (reports, stop) = (self.reports.clone(), self.stop.clone());
        self.calls.spawn(async move {
            if let Some(report) = stop.run_until_cancelled(what).await {
                // Nobody listens at the end.
                let _ = reports.send(report).await;
            }
        });
    }

    /// What nobody waits for.
    fn tell(&self, channel: ChannelId, what: impl Future<Output = Result<(), KeyspaceError>> + Send + 'static) {
        let stop = self.stop.clone();
        self.calls.spawn(async move {
            if let Some(Err(error)) = stop.run_until_cancelled(what).await {
                tracing::debug!(channel.id = %channel, %error, "could not be told to redis");
            }
        });
    }

    fn publish(&self) {
        let counts = self.holder.counts();
        let able = self.holder.is_able(self.clock.now());
        let trouble = self.redis_trouble.clone().or_else(|| self.list_trouble.clone());
        self.standing.send_if_modified(|standing| {
            let changed = standing.counts != counts || standing.able != able || standing.trouble != trouble;
            standing.counts = counts;
            (standing.held, standing.wanted, standing.adopting) = (counts.held, counts.wanted, counts.adopting);
            standing.able = able;
            standing.trouble = trouble;
            changed
        });
    }
}

/// A later holder's fence stays.
fn drop_holding(holdings: &Holdings, channel: ChannelId, fence: Fence) {
    if holdings.get(channel) == Some(fence) {
        holdings.remove(channel);
    }
}

fn spawn_until(
    stop: &CancellationToken,
    what: impl Future<Output = ()> + Send + 'static,
) -> tokio::task::JoinHandle<Option<()>> {
    let stop = stop.clone();
    tokio::spawn(async move { stop.run_until_cancelled(what).await })
}

/// Lists the channels, again whenever they changed; no more often than takes a tenth of the time.
async fn list(directory: Arc<dyn Directory>, reports: mpsc::Sender<Report>) {
    let clock = Clock::start();
    let mut last: Option<Arc<Census>> = None;
    loop {
        let began = clock.now();
        let (report, pause) = match directory.channels().await {
            Ok(channels) => {
                let census = Arc::new(Census::of(channels));
                let pause = clock.now().since(began).saturating_mul(9);
                if last.as_ref() == Some(&census) {
                    (None, pause)
                } else {
                    last = Some(census.clone());
                    (Some(Report::Listed(census)), pause)
                }
            }
            Err(error) => {
                last = None;
                (Some(Report::Unlisted(error.to_string())), Duration::from_secs(1))
            }
        };
        let failed = matches!(report, Some(Report::Unlisted(_)));
        if let Some(report) = report
            && reports.send(report).await.is_err()
        {
            return;
        }
        if !failed {
            let _ = tokio::time::timeout(LIST_ANEW, directory.changed()).await;
        }
        tokio::time::sleep(pause.clamp(Duration::from_millis(10), Duration::from_secs(10))).await;
    }
}

/// Looks for what changed among the workers, and for what was let go for us.
async fn hear(leases: Leases, news: Arc<AtomicU64>, reports: mpsc::Sender<Report>) {
    loop {
        tokio::time::sleep(HEAR).await;
        // When Redis is away the heartbeat says so.
        let Ok(heard) = leases.hear().await else { continue };
        let rumour = (heard.news != news.load(Ordering::Relaxed)).then_some(Input::Rumour);
        let handed = (!heard.handed.is_empty()).then_some(Input::Handed(heard.handed));
        let asked = (!heard.asked.is_empty()).then_some(Input::AskedFor(heard.asked));
        for input in [handed, asked, rumour].into_iter().flatten() {
            if reports.send(Report::Happened(input)).await.is_err() {
                return;
            }
        }
    }
}
