//! Starting, resuming, and what an idle channel costs.

use super::figures::Sample;
use crate::desktop::memory::pss_mib;
use crate::{Options, Whatisup, World};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long memory settles before it is read: the allocator gives back, caches are filled.
pub const SETTLE: Duration = Duration::from_secs(8);

/// From the start of the process to the first answer of `/livez`, in milliseconds.
///
/// # Errors
/// When the application does not start.
pub async fn start_to_api(world: &World, times: usize) -> Result<Sample> {
    let options = world.options("start");
    // The first start makes keys and database; the figure is that of every later one.
    Whatisup::start(options.clone()).await?.terminate().await?;
    let mut sample = Sample::default();
    for _ in 0..times {
        let began = Instant::now();
        let app = Whatisup::spawn(options.clone())?;
        let http = reqwest::Client::new();
        let url = format!("{}/livez", app.base());
        while !http.get(&url).send().await.is_ok_and(|a| a.status().is_success()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sample.add(began.elapsed());
        app.terminate().await?;
    }
    Ok(sample)
}

/// Memory with so many idle connected channels, in MiB.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    pub none: f64,
    pub ten: f64,
    pub hundred: f64,
}

impl Idle {
    /// What one more channel costs, in MiB.
    pub fn per_channel(&self) -> f64 {
        (self.hundred - self.none) / 100.0
    }
}

/// Pairs a hundred channels one after the other; leaves them paired for [`resume`].
///
/// # Errors
/// When a channel does not connect.
pub async fn memory(world: &World) -> Result<(Idle, Options, Vec<String>)> {
    let app = Whatisup::start(world.options("idle")).await?;
    let pid = app.pid().context("it runs")?;
    let rest = app.rest().await?;
    let mut events = app.events(None).await?;
    tokio::time::sleep(SETTLE).await;
    let mut idle = Idle { none: pss_mib(pid)?, ten: 0.0, hundred: 0.0 };
    let mut channels = Vec::new();
    for (index, phone) in world.phones.all().into_iter().take(100).enumerate() {
        channels.push(world.pair(&rest, &mut events, &phone, &format!("channel {index}")).await?);
        if index == 9 {
            tokio::time::sleep(SETTLE).await;
            idle.ten = pss_mib(pid)?;
        }
    }
    tokio::time::sleep(SETTLE).await;
    idle.hundred = pss_mib(pid)?;
    Ok((idle, app.kill().await?, channels))
}

/// Memory after a fresh start with all of them resumed, and how long that took from the start of the process.
///
/// # Errors
/// When a channel does not resume.
pub async fn resume(options: Options, channels: &[String]) -> Result<(Duration, f64, Options)> {
    let began = Instant::now();
    let mut app = Whatisup::spawn(options)?;
    app.ready().await?;
    let rest = app.rest().await?;
    let mut events = app.events(None).await?;
    let mut missing: BTreeSet<_> = channels.iter().cloned().collect();
    let page = rest.get("/v1/channels?limit=500").await?;
    for channel in page["items"].as_array().into_iter().flatten() {
        if channel["state"]["status"] == "connected" {
            missing.remove(channel["id"].as_str().unwrap_or_default());
        }
    }
    while !missing.is_empty() {
        let event = events.wait("the last channel", |e| e.name == "channel.connected" || e.name == "snapshot").await?;
        missing.remove(event.data["channel_id"].as_str().unwrap_or_default());
    }
    let took = began.elapsed();
    tokio::time::sleep(SETTLE).await;
    let memory = pss_mib(app.pid().context("it runs")?)?;
    Ok((took, memory, app.terminate().await?))
}
