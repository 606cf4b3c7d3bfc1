//! The same figures with a small ledger and with a large one, and what a message costs on disk.

use super::messages;
use crate::{Options, PATIENCE, Whatisup, World, binaries};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What is asked of a ledger of one size.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Milliseconds from the start of the process to the API answering.
    pub start: f64,
    /// Milliseconds, p50.
    pub accept: f64,
    pub receive: f64,
    /// Milliseconds for a page of messages and one of events, from the newest end.
    pub page: f64,
    pub sends_per_second: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub small: Figures,
    pub large: Figures,
    /// Bytes on disk per message that came in, its event included.
    pub bytes_per_message: f64,
}

/// # Errors
/// When anything does not work.
pub async fn measure(messages: usize, events: usize) -> Result<Growth> {
    let world = World::with_phones(2).await?;
    let app = Whatisup::start(world.options("growth")).await?;
    let rest = app.rest().await?;
    let mut stream = app.events(None).await?;
    let channel = world.pair(&rest, &mut stream, &world.phone(0)?, "Front desk").await?;
    let options = app.terminate().await?;

    let (small, options) = figures(&world, options, &channel).await?;
    let before = size(&options.data_dir)?;
    fill(&options, messages, messages).await?;
    let after = size(&options.data_dir)?;
    #[expect(clippy::cast_precision_loss, reason = "sizes and counts")]
    let bytes_per_message = (after.saturating_sub(before)) as f64 / messages as f64;
    fill(&options, 0, events - messages).await?;
    let (large, _) = figures(&world, options, &channel).await?;
    Ok(Growth { small, large, bytes_per_message })
}

async fn figures(world: &World, options: Options, channel: &str) -> Result<(Figures, Options)> {
    let began = Instant::now();
    let mut app = Whatisup::spawn(options)?;
    let http = reqwest::Client::new();
    let url = format!("{}/livez", app.base());
    while !http.get(&url).send().await.is_ok_and(|a| a.status().is_success()) {
        ensure!(began.elapsed() < PATIENCE, "it does not start");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let start = began.elapsed().as_secs_f64() * 1000.0;
    app.ready().await?;
    let rest = app.rest().await?;
    let mut events = app.events(None).await?;
    let snapshot = events.wait("the snapshot", |e| e.name == "snapshot").await?;
    if snapshot.data["channels"][0]["state"]["status"] != "connected" {
        events.of("channel.connected", channel).await?;
    }
    let (ours, theirs) = (world.phone(0)?, world.phone(1)?);
    messages::send_latency(world, &rest, channel, &theirs, messages::WARM_UP).await?;
    let accept = messages::accept_latency(&rest, channel, &theirs, 300).await?.median();
    messages::breathe().await;
    let receive = messages::receive_latency(&mut events, &theirs, &ours, 200).await?.median();
    let tip = snapshot.data["seq"].as_u64();
    let mut pages = super::figures::Sample::default();
    for _ in 0..30 {
        let began = Instant::now();
        rest.get(&format!("/v1/channels/{channel}/messages?limit=100")).await?;
        rest.page(&format!("/v1/events?after={}&limit=100", tip.unwrap_or(0).saturating_sub(100))).await?;
        pages.add(began.elapsed());
    }
    let rate =
        messages::send_rate(world, std::slice::from_ref(&rest), std::slice::from_ref(&channel.to_owned()), &theirs, 1000, 16)
            .await?;
    messages::breathe().await;
    let figures = Figures { start, accept, receive, page: pages.median(), sends_per_second: rate };
    Ok((figures, app.terminate().await?))
}

/// Has the ledger's own example write into it, while nobody has it open.
async fn fill(options: &Options, messages: usize, events: usize) -> Result<()> {
    let program = binaries::program("examples/fill")?;
    let mut child = Command::new(program)
        .arg(&options.data_dir)
        .args([messages.to_string(), events.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let key = ledger_key(options.key_file.as_deref().context("keys are in a file")?)?;
    child.stdin.take().context("stdin is piped")?.write_all(format!("{key}\n").as_bytes()).await?;
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { bail!("the ledger was not filled: {status}") }
}

fn ledger_key(file: &Path) -> Result<String> {
    let keys: serde_json::Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let secrets = keys["secrets"].as_object().context("a key file has secrets")?;
    let (_, key) = secrets.iter().find(|(name, _)| name.ends_with("/ledger")).context("the ledger has a key")?;
    let key = base64::engine::general_purpose::STANDARD.decode(key.as_str().context("keys are texts")?)?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn size(data_dir: &Path) -> Result<u64> {
    Ok(std::fs::metadata(data_dir.join("ledger.db"))?.len())
}
