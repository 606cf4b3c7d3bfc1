//! Workers in one process, each on a thread of its own with its own runtime, so that one can be stopped as SIGSTOP stops a
//! process; their hosts write down what they are told.
#![expect(clippy::disallowed_methods, reason = "what happens is timed from outside")]

use async_trait::async_trait;
use cluster::{Cluster, ClusterConfig, Directory, Host, NotAdopted, Standing, Unlisted};
use domain::{ChannelId, Fence, Timestamp, WorkerId};
use keyspace::{Holdings, Keyspace, KeyspaceConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

pub fn channels(n: u128) -> BTreeSet<ChannelId> {
    (0..n).map(channel).collect()
}

pub fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), n)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Adopt(Fence),
    Release,
    Released,
    Abandon,
}

#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub at: Instant,
    pub worker: WorkerId,
    pub channel: ChannelId,
    pub told: Told,
}

/// Everything that hosts were told, in order, and who runs what.
#[derive(Debug, Default)]
pub struct Book {
    pub lines: Vec<Line>,
    pub runs: BTreeMap<ChannelId, (WorkerId, Fence)>,
    /// Workers that are stopped or dead: what they ran is nobody's to run at the same time.
    pub out: BTreeSet<WorkerId>,
    pub fights: Vec<String>,
    pub standing: BTreeMap<WorkerId, Standing>,
}

impl Book {
    /// Who runs it and is not out.
    pub fn runs(&self, channel: ChannelId) -> Option<WorkerId> {
        self.runs.get(&channel).map(|(worker, _)| *worker).filter(|worker| !self.out.contains(worker))
    }

    pub fn all_run(&self, channels: &BTreeSet<ChannelId>) -> bool {
        channels.iter().all(|channel| self.runs(*channel).is_some())
    }

    pub fn of(&self, worker: WorkerId) -> BTreeSet<ChannelId> {
        self.runs.iter().filter(|(_, (by, _))| *by == worker).map(|(channel, _)| *channel).collect()
    }
}

#[derive(Clone)]
pub struct Ground {
    book: Arc<(Mutex<Book>, Condvar)>,
    listed: watch::Sender<BTreeSet<ChannelId>>,
}

impl Ground {
    pub fn with(listed: BTreeSet<ChannelId>) -> Ground {
        Ground { book: Arc::default(), listed: watch::Sender::new(listed) }
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn list(&self, listed: BTreeSet<ChannelId>) {
        self.listed.send_replace(listed);
    }

    /// Waits until it is so, and answers how long that took.
    pub fn until(&self, what: &str, longest: Duration, so: impl Fn(&Book) -> bool) -> Duration {
        let began = Instant::now();
        let (book, _) = self.book.1.wait_timeout_while(self.book(), longest, |book| !so(book)).unwrap();
        assert!(so(&book), "not within {longest:?}: {what}; {:#?}\nruns: {:?}", book.standing, book.runs);
        assert_eq!(book.fights, [] as [String; 0]);
        began.elapsed()
    }

    /// It stays so all the time.
    pub fn stays(&self, what: &str, span: Duration, so: impl Fn(&Book) -> bool) {
        let (book, over) = self.book.1.wait_timeout_while(self.book(), span, |book| so(book)).unwrap();
        assert!(over.timed_out(), "no longer: {what}; {:#?}", book.standing);
        assert_eq!(book.fights, [] as [String; 0]);
    }

    fn write(&self, worker: WorkerId, channel: ChannelId, told: Told) {
        let mut book = self.book();
        book.lines.push(Line { at: Instant::now(), worker, channel, told });
        match told {
            Told::Adopt(fence) => {
                if let Some(other) = book.runs(channel) {
                    let fight = format!("{worker} was told to run {channel}, which {other} runs");
                    book.fights.push(fight);
                }
                if let Some((_, before)) = book.runs.insert(channel, (worker, fence))
                    && before >= fence
                {
                    let fight = format!("{channel}: fence {fence} after {before}");
                    book.fights.push(fight);
                }
            }
            Told::Release => {}
            Told::Released | Told::Abandon => {
                if book.runs.get(&channel).is_some_and(|(by, _)| *by == worker) {
                    book.runs.remove(&channel);
                }
            }
        }
        drop(book);
        self.book.1.notify_all();
    }
}

struct Notes {
    worker: WorkerId,
    ground: Ground,
    holdings: Holdings,
}

#[async_trait]
impl Host for Notes {
    async fn adopt(&self, channel: ChannelId, fence: Fence) -> Result<(), NotAdopted> {
        assert_eq!(self.holdings.get(channel), Some(fence), "what is adopted may be written for");
        self.ground.write(self.worker, channel, Told::Adopt(fence));
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(())
    }

    async fn release(&self, channel: ChannelId) {
        self.ground.write(self.worker, channel, Told::Release);
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.ground.write(self.worker, channel, Told::Released);
    }

    async fn abandon(&self, channel: ChannelId) {
        assert_eq!(self.holdings.get(channel), None, "what is abandoned may not be written for");
        self.ground.write(self.worker, channel, Told::Abandon);
    }
}

struct Register(tokio::sync::Mutex<watch::Receiver<BTreeSet<ChannelId>>>);

#[async_trait]
impl Directory for Register {
    async fn channels(&self) -> Result<Vec<ChannelId>, Unlisted> {
        Ok(self.0.lock().await.borrow_and_update().iter().copied().collect())
    }

    async fn changed(&self) {
        self.0.lock().await.changed().await.unwrap();
    }
}

enum Order {
    /// Everything on the thread stops until something comes.
    Stop(std::sync::mpsc::Receiver<()>),
    Drain(Duration, std::sync::mpsc::Sender<()>),
}

/// A worker of the test. Dropped it dies without a word.
pub struct Worker {
    pub id: WorkerId,
    ground: Ground,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub fn start(ground: &Ground, url: &str) -> Worker {
        let id = WorkerId::new(Timestamp::from_secs(1_700_000_000), rand::random());
        let (orders, mut inbox) = mpsc::unbounded_channel();
        let (url, of) = (url.to_owned(), ground.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let holdings = Holdings::new();
                let keyspace = Keyspace::connect(KeyspaceConfig::new(url)).unwrap();
                let host = Arc::new(Notes { worker: id, ground: of.clone(), holdings: holdings.clone() });
                let register = Arc::new(Register(tokio::sync::Mutex::new(of.listed.subscribe())));
                let config = ClusterConfig::new(id, format!("worker {id}"));
                let cluster = Cluster::launch(config, keyspace, holdings, host, register);
                let mut standing = cluster.standing();
                loop {
                    tokio::select! {
                        order = inbox.recv() => match order {
                            Some(Order::Stop(until)) => drop(until.recv()),
                            Some(Order::Drain(grace, done)) => {
                                cluster.drain(grace).await;
                                done.send(()).unwrap();
                            }
                            None => return,
                        },
                        Ok(()) = standing.changed() => {
                            of.book().standing.insert(id, standing.borrow_and_update().clone());
                            of.book.1.notify_all();
                        }
                    }
                }
            });
        });
        Worker { id, ground: ground.clone(), orders: Some(orders), thread: Some(thread) }
    }

    /// Stops it in its tracks; it goes on when the answer is dropped or used.
    pub fn stop(&self) -> std::sync::mpsc::Sender<()> {
        let (go_on, until) = std::sync::mpsc::channel();
        self.ground.book().out.insert(self.id);
        self.order(Order::Stop(until));
        go_on
    }

    /// It runs again from the moment that the gate is opened.
    pub fn go_on(&self, gate: std::sync::mpsc::Sender<()>) {
        gate.send(()).unwrap();
    }

    pub fn drain(&self, grace: Duration) {
        let (done, until) = std::sync::mpsc::channel();
        self.order(Order::Drain(grace, done));
        until.recv_timeout(grace + Duration::from_secs(10)).unwrap();
    }

    fn order(&self, order: Order) {
        self.orders.as_ref().unwrap().send(order).ok().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // As dead from now on; nothing of it runs when this is over.
        self.ground.book().out.insert(self.id);
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}
