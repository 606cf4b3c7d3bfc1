//! The same work with auth-state and ledger in files, and in Redis and Postgres; several workers; death of one; a thousand
//! channels in one process.

use super::figures::Sample;
use super::idle::SETTLE;
use super::messages;
use crate::chaos::traffic::Line;
use crate::desktop::memory::pss_mib;
use crate::failover::{link, logged_in};
use crate::fleet::Fleet;
use crate::{Options, Rest, Whatisup, World};
use anyhow::{Context, Result};
use servers::{Redis, RedisOptions};
use std::time::{Duration, Instant};

/// Channels whose memory is measured.
const CHANNELS: usize = 50;

/// What one process does with one kind of store.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// REST send to its 202, in milliseconds.
    pub accept: f64,
    /// On one channel.
    pub sends_per_second: f64,
    /// MiB per idle channel, resumed.
    pub per_channel: f64,
}

/// Auth-state and ledger in files.
///
/// # Errors
/// When anything does not work.
pub async fn on_disk() -> Result<Kept> {
    let world = World::with_phones(CHANNELS + 1).await?;
    let options = world.options("disk");
    one(&world, options).await
}

/// Auth-state in Redis, the ledger in a file.
///
/// # Errors
/// When anything does not work.
pub async fn in_redis() -> Result<Kept> {
    let world = World::with_phones(CHANNELS + 1).await?;
    let redis = tokio::task::block_in_place(|| Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() }));
    let mut options = world.options("redis");
    options.env.push(("WHATISUP_SESSIONS".to_owned(), redis.url()));
    one(&world, options).await
}

async fn one(world: &World, options: Options) -> Result<Kept> {
    let app = Whatisup::start(options).await?;
    let lines = link(world, &[app.rest().await?], CHANNELS).await?;
    let app = Whatisup::start(app.terminate().await?).await?;
    let rest = app.rest().await?;
    logged_in(&lines).await?;
    let kept = kept(world, &[rest], &lines, app.pid().context("it runs")?).await?;
    app.terminate().await?;
    Ok(kept)
}

/// Both in shared stores: a fleet of one.
///
/// # Errors
/// When anything does not work.
pub async fn shared() -> Result<Kept> {
    let world = World::with_phones(CHANNELS + 1).await?;
    let mut fleet = Fleet::start(&world, 1).await?;
    let lines = link(&world, &fleet.doors(), CHANNELS).await?;
    fleet.worker_mut(0)?.terminate().await?;
    fleet.worker_mut(0)?.start().await?;
    logged_in(&lines).await?;
    let pid = fleet.worker(0)?.running()?.pid().context("it runs")?;
    kept(&world, &fleet.doors(), &lines, pid).await
}

async fn kept(world: &World, doors: &[Rest], lines: &[Line], pid: u32) -> Result<Kept> {
    tokio::time::sleep(SETTLE).await;
    let memory = pss_mib(pid)?;
    let to = world.phones.all().pop().context("there are phones")?;
    let channel = &lines.first().context("there are channels")?.channel;
    let rest = doors.first().context("there is a door")?;
    messages::send_latency(world, rest, channel, &to, messages::WARM_UP).await?;
    let accept = messages::accept_latency(rest, channel, &to, 300).await?.median();
    messages::breathe().await;
    let sends_per_second = messages::send_rate(world, doors, std::slice::from_ref(channel), &to, 1500, 16).await?;
    #[expect(clippy::cast_precision_loss, reason = "a count of channels")]
    let per_channel = memory / lines.len() as f64;
    Ok(Kept { accept, sends_per_second, per_channel })
}

/// Messages per second of so many workers, with the same channels and the same writers.
///
/// # Errors
/// When anything does not work.
pub async fn scale(workers: usize) -> Result<f64> {
    const BUSY: usize = 30;
    let world = World::with_phones(BUSY + 1).await?;
    let fleet = Fleet::start(&world, workers).await?;
    let lines = link(&world, &fleet.doors(), BUSY).await?;
    let to = world.phones.all().pop().context("there are phones")?;
    let channels: Vec<String> = lines.iter().map(|line| line.channel.clone()).collect();
    messages::send_rate(&world, &fleet.doors(), &channels, &to, 5, 1).await?;
    messages::send_rate(&world, &fleet.doors(), &channels, &to, 60, 2).await
}

/// From the kill of one of three workers until every device of sixty channels is logged in again; so many times.
///
/// # Errors
/// When anything does not work.
pub async fn fail_over(times: usize) -> Result<Sample> {
    const CHANNELS: usize = 60;
    let world = World::with_phones(CHANNELS).await?;
    let mut fleet = Fleet::start(&world, 3).await?;
    let lines = link(&world, &fleet.doors(), CHANNELS).await?;
    let mut sample = Sample::default();
    for n in 0..times {
        let victim = fleet.worker_mut(n % 3)?;
        let began = Instant::now();
        victim.kill().await?;
        // What it held is gone at once, by the word of the system; then the others take it.
        logged_in(&lines).await?;
        sample.add(began.elapsed());
        fleet.worker_mut(n % 3)?.start().await?;
        tokio::time::sleep(REST).await;
        logged_in(&lines).await?;
    }
    Ok(sample)
}

/// A worker that has come back takes its share again within this time.
const REST: Duration = Duration::from_secs(10);

/// A thousand idle channels.
#[derive(Clone, Copy, Debug)]
pub struct Thousand {
    /// MiB per channel, the process itself included.
    pub per_channel: f64,
    /// From the start of the process until all devices are logged in.
    pub resumed: Duration,
    /// MiB that Redis holds for them.
    pub redis: f64,
}

/// # Errors
/// When anything does not work.
pub async fn thousand() -> Result<Thousand> {
    const MANY: usize = 1000;
    let world = World::with_phones(MANY).await?;
    let mut fleet = Fleet::start(&world, 1).await?;
    let lines = link(&world, &fleet.doors(), MANY).await?;
    fleet.worker_mut(0)?.terminate().await?;
    let began = Instant::now();
    fleet.worker_mut(0)?.start().await?;
    logged_in(&lines).await?;
    let resumed = began.elapsed();
    tokio::time::sleep(SETTLE).await;
    let pid = fleet.worker(0)?.running()?.pid().context("it runs")?;
    #[expect(clippy::cast_precision_loss, reason = "a count of channels")]
    let per_channel = pss_mib(pid)? / MANY as f64;
    let memory = tokio::task::block_in_place(|| fleet.redis.cli(&["info", "memory"]));
    let used = memory.lines().find_map(|line| line.strip_prefix("used_memory:")?.trim().parse::<f64>().ok());
    Ok(Thousand { per_channel, resumed, redis: used.context("Redis tells its memory")? / f64::from(1 << 20) })
}
