//! Three workers in full traffic, and what can happen to them: death, sleep, stores that restart, a cut cable, an upgrade.
//! What is left is judged as after the chaos of one process; besides, no channel may ever have been held by two.

use crate::chaos::evidence::{self, Evidence};
use crate::chaos::traffic::{self, Line, Pace};
use crate::chaos::{Conduct, Receiver};
use crate::fleet::Fleet;
use crate::{PATIENCE, Rest, World};
use anyhow::{Context, Result, ensure};
use sandbox::NetworkEvent;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How much of it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub workers: usize,
    pub channels: usize,
}

/// What is done to the workers and their stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blow {
    /// SIGKILL.
    Killed,
    /// SIGSTOP for longer than a lease lasts, then SIGCONT.
    Paused,
    RedisRestarted,
    PostgresRestarted,
    /// One worker cannot reach Redis for longer than a lease lasts; everything else reaches everything.
    CutFromRedis,
    /// Every worker is stopped in good order and started anew, one after the other.
    Rolled,
}

const BLOWS: [Blow; 6] =
    [Blow::Killed, Blow::Paused, Blow::RedisRestarted, Blow::PostgresRestarted, Blow::CutFromRedis, Blow::Rolled];

/// Longer than any lease.
const ABSENCE: Duration = Duration::from_secs(20);
/// How long all is well between two blows.
const REST: Duration = Duration::from_secs(2);
/// How often somebody looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A slow machine, and three processes that share it.
const LONG: Duration = Duration::from_secs(90);
/// How long what is left over may take: an endpoint is told one event at a time, each durably.
const CALM: Duration = Duration::from_secs(240);
/// How much of what a worker printed is shown.
const LAST_LINES: usize = 150;
/// Channels that are linked at a time.
const AT_ONCE: usize = 60;

/// A login that found an older socket of its device still open.
#[derive(Clone, Debug)]
pub struct Replaced {
    pub during: Blow,
    pub device: String,
    /// How long the older one had said nothing.
    pub silent: Duration,
}

/// What a run leaves to be judged.
#[derive(Debug, Default)]
pub struct Outcome {
    pub evidence: Evidence,
    pub replaced: Vec<Replaced>,
    /// How long it took, where that can be seen from outside, until every device was logged in again.
    pub whole_after: BTreeMap<Blow, Duration>,
    /// How many channels each worker held after it.
    pub held_after: BTreeMap<Blow, Vec<Option<u64>>>,
}

/// Runs the plan to its end.
///
/// # Errors
/// When the run itself fails: something does not start, or does not come to rest.
pub async fn run(plan: &Plan) -> Result<Outcome> {
    let world = World::with_phones(plan.channels + 2).await?;
    let mut fleet = Fleet::start(&world, plan.workers).await?;
    let doors = fleet.doors();
    let steady = Receiver::start("steady", Conduct::Steady, plan.seed).await?;
    let flaky = Receiver::start("flaky", Conduct::Flaky, plan.seed).await?;
    steady.register(&doors[0], &[]).await?;
    // Every refusal holds it up for a second, so it is told less.
    flaky.register(doors.last().context("there are workers")?, &["message.received"]).await?;
    let lines = link(&world, &doors, plan.channels).await?;
    let strangers = [world.phone(plan.channels)?, world.phone(plan.channels + 1)?];
    let watch = Watch::start(&world);

    let stop = CancellationToken::new();
    let pace = Pace { out_ms: 3000..9000, in_ms: 100..400 };
    let sending = traffic::out(plan.seed, &doors, &lines, &strangers, &pace, &stop);
    let writing = traffic::into(plan.seed, &lines, &strangers, &pace, &stop);
    let mut outcome = Outcome::default();
    for blow in BLOWS {
        tokio::time::sleep(REST).await;
        watch.during(blow);
        if let Some(took) = strike(&mut fleet, &lines, blow).await.with_context(|| format!("{blow:?}"))? {
            outcome.whole_after.insert(blow, took);
        }
        whole(&lines, &fleet).await.with_context(|| format!("after {blow:?}"))?;
        outcome.held_after.insert(blow, fleet.held().await);
    }
    stop.cancel();
    let accepted = traffic::gather(sending).await?;
    let written = traffic::gather(writing).await?;
    ensure!(!accepted.is_empty() && !written.is_empty(), "there was no traffic to judge");
    evidence::calm(&doors[0], &accepted, &written, false, CALM).await?;

    let evidence = &mut outcome.evidence;
    (evidence.accepted, evidence.written) = (accepted, written);
    evidence.log = evidence::log(&doors[0]).await?;
    for phone in &strangers {
        evidence.arrived.extend(evidence::arrived(phone, &lines).await);
    }
    evidence.heard = vec![steady.heard(&[]), flaky.heard(&["message.received"])];
    outcome.replaced = watch.end();
    for worker in &mut fleet.workers {
        let printed = worker.terminate().await?;
        ensure!(!printed.contains("panicked"), "{} panicked:\n{printed}", worker.name);
    }
    Ok(outcome)
}

/// Everything that does not hold, in words.
pub fn judge(outcome: &Outcome) -> Vec<String> {
    let mut found = crate::chaos::judge(&outcome.evidence);
    let mut paused = BTreeMap::<&str, usize>::new();
    for replaced in &outcome.replaced {
        // A process that is stopped cannot close its sockets: the next holder's login ends each of them, once.
        if replaced.during == Blow::Paused {
            *paused.entry(&replaced.device).or_default() += 1;
        } else {
            found.push(format!("{} was held by two: {replaced:?}", replaced.device));
        }
    }
    for (device, times) in paused.into_iter().filter(|(_, times)| *times > 1) {
        found.push(format!("{device} was fought over: {times} logins replaced each other"));
    }
    found
}

/// Makes the channels, each through another worker, and links them all.
///
/// # Errors
/// When one does not connect.
pub async fn link(world: &World, doors: &[Rest], channels: usize) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    // A QR does not wait for ever.
    while lines.len() < channels {
        let some: Vec<usize> = (lines.len()..channels).take(AT_ONCE).collect();
        let mut fresh = Vec::new();
        for n in some {
            let door = &doors[n % doors.len()];
            let channel = door.create_channel(&format!("Line {n}")).await?;
            fresh.push(Line { n, channel, phone: world.phone(n)? });
        }
        for line in &fresh {
            // Shown at another door than it was made at.
            let door = &doors[(line.n + 1) % doors.len()];
            line.phone.scan(&shown(door, &line.channel).await?).await?;
        }
        lines.extend(fresh);
    }
    logged_in(&lines).await?;
    Ok(lines)
}

/// The QR of a channel, once there is one.
async fn shown(rest: &Rest, channel: &str) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match rest.qr(channel).await {
            Ok(code) => return Ok(code),
            Err(error) => ensure!(Instant::now() < deadline, "{channel} shows no QR: {error:#}"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until every channel's device is logged in, by the word of the far end.
///
/// # Errors
/// When one is not in a long time.
pub async fn logged_in(lines: &[Line]) -> Result<()> {
    let deadline = Instant::now() + LONG;
    let online = |line: &&Line| line.phone.linked_devices().iter().any(|device| device.online);
    loop {
        let missing: Vec<&str> = lines.iter().filter(|line| !online(line)).map(|line| line.channel.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "not logged in: {missing:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until that is so, and every worker says of every channel that it is connected.
async fn whole(lines: &[Line], fleet: &Fleet) -> Result<()> {
    if let Err(error) = logged_in(lines).await {
        let mut told = Vec::new();
        for line in lines.iter().filter(|line| !line.phone.linked_devices().iter().any(|device| device.online)) {
            for rest in fleet.doors() {
                told.push(format!("{} at {}: {:?}", line.channel, rest.base(), rest.state(&line.channel).await));
            }
        }
        // The last that each worker said about them.
        for worker in &fleet.workers {
            let printed = worker.app.as_ref().map(crate::Whatisup::printed).unwrap_or_default();
            let lines: Vec<&str> = printed.lines().collect();
            let tail = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n");
            told.push(format!("{} printed:\n{tail}", worker.name));
        }
        let told = told.join("\n");
        return Err(error.context(format!("the workers hold {:?};\n{told}", fleet.held().await)));
    }
    let deadline = Instant::now() + LONG;
    for rest in fleet.doors() {
        loop {
            let page = rest.get("/v1/channels?limit=500").await?;
            let items = page["items"].as_array().context("a list of channels")?;
            let other: Vec<String> = items
                .iter()
                .filter(|channel| channel["state"]["status"] != "connected")
                .map(|channel| format!("{} {}", channel["id"], channel["state"]))
                .collect();
            if other.is_empty() && items.len() >= lines.len() {
                break;
            }
            ensure!(Instant::now() < deadline, "{} shows {other:?}", rest.base());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}

/// Does it; how long the channels were away, where the far end can tell.
async fn strike(fleet: &mut Fleet, lines: &[Line], blow: Blow) -> Result<Option<Duration>> {
    match blow {
        Blow::Killed => {
            let began = Instant::now();
            fleet.worker_mut(1)?.kill().await?;
            // Others take its channels while it is away.
            logged_in(lines).await?;
            let took = began.elapsed();
            fleet.worker_mut(1)?.start().await?;
            Ok(Some(took))
        }
        Blow::Paused => {
            let paused = fleet.worker(2)?.running()?;
            paused.signal("STOP").await?;
            tokio::time::sleep(ABSENCE).await;
            paused.signal("CONT").await?;
            Ok(None)
        }
        Blow::RedisRestarted => {
            tokio::task::block_in_place(|| fleet.redis.restart());
            Ok(None)
        }
        Blow::PostgresRestarted => {
            tokio::task::block_in_place(|| fleet.postgres.restart());
            Ok(None)
        }
        Blow::CutFromRedis => {
            let cut = &fleet.worker(0)?.redis;
            cut.cut();
            tokio::time::sleep(ABSENCE).await;
            cut.mend();
            Ok(None)
        }
        Blow::Rolled => {
            for worker in &mut fleet.workers {
                worker.terminate().await?;
                worker.start().await?;
            }
            Ok(None)
        }
    }
}

/// Hears of every login that replaces another, and remembers what was going on.
struct Watch {
    shared: Arc<Mutex<(Blow, Vec<Replaced>)>>,
    task: JoinHandle<()>,
}

impl Watch {
    fn start(world: &World) -> Self {
        let mut events = world.network().milestones();
        let shared = Arc::new(Mutex::new((Blow::Killed, Vec::new())));
        let notes = shared.clone();
        let task = tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(NetworkEvent::Replaced { device, silent }) => {
                        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                        let during = notes.0;
                        notes.1.push(Replaced { during, device: device.to_string(), silent });
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Watch { shared, task }
    }

    fn during(&self, blow: Blow) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).0 = blow;
    }

    fn end(self) -> Vec<Replaced> {
        self.task.abort();
        std::mem::take(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(during: Blow, device: &str) -> Replaced {
        Replaced { during, device: device.to_owned(), silent: Duration::from_secs(12) }
    }

    #[test]
    fn only_the_sockets_of_a_paused_worker_may_be_replaced_and_each_once() {
        let judged = |replaced: Vec<Replaced>| judge(&Outcome { replaced, ..Outcome::default() });
        assert_eq!(judged(vec![replaced(Blow::Paused, "a"), replaced(Blow::Paused, "b")]), Vec::<String>::new());
        for blow in BLOWS.into_iter().filter(|blow| *blow != Blow::Paused) {
            let found = judged(vec![replaced(blow, "a")]);
            assert!(found.iter().any(|f| f.contains("a was held by two")), "{blow:?}: {found:?}");
        }
        let found = judged(vec![replaced(Blow::Paused, "a"), replaced(Blow::Paused, "a")]);
        assert!(found.iter().any(|f| f.contains("a was fought over")), "{found:?}");
    }
}
