//! The same sends by the library alone: `crates/whatsapp/examples/bare.rs` in a process of its own.

use crate::desktop::memory::pss_mib;
use crate::{World, binaries};
use anyhow::{Context, Result, bail};
use sandbox::NetworkEvent;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What the library alone does.
#[derive(Clone, Copy, Debug)]
pub struct Bare {
    pub per_second: f64,
}

struct Running {
    child: Child,
    ask: ChildStdin,
    says: Lines<BufReader<ChildStdout>>,
}

async fn start(world: &World, clients: usize, each: usize, in_flight: usize) -> Result<Running> {
    let program = binaries::program("examples/bare")?;
    let phones = world.phones.all();
    let to = phones.last().context("there are phones")?;
    let directory = world.path("bare");
    std::fs::create_dir_all(&directory)?;
    let mut child = Command::new(program)
        .arg(world.url())
        .arg(&directory)
        .args([clients.to_string(), each.to_string(), in_flight.to_string()])
        .arg(format!("{}@s.whatsapp.net", to.number()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let says = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
    let ask = child.stdin.take().context("stdin is piped")?;
    let mut running = Running { child, ask, says };
    let mut unpaired = phones.into_iter();
    loop {
        let line = running.line().await?;
        if let Some(code) = line.strip_prefix("qr ") {
            unpaired.next().context("a phone for each client")?.scan(code).await?;
        } else if line == "ready" {
            return Ok(running);
        }
    }
}

impl Running {
    async fn line(&mut self) -> Result<String> {
        self.says.next_line().await?.context("the bare program ended")
    }

    async fn go(&mut self) -> Result<()> {
        self.ask.write_all(b"\n").await.map_err(Into::into)
    }
}

/// Memory of one more idle client, in MiB: with so many against with one.
///
/// # Errors
/// When the program does not run.
pub async fn memory(clients: usize) -> Result<f64> {
    let mut totals = Vec::new();
    for count in [1, clients] {
        let world = World::with_phones(count + 1).await?;
        let running = start(&world, count, 0, 1).await?;
        tokio::time::sleep(Duration::from_secs(8)).await;
        totals.push(pss_mib(running.child.id().context("it runs")?)?);
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of clients")]
    Ok((totals[1] - totals[0]) / (clients - 1) as f64)
}

/// Messages per second, from the word to go until the last one is at the sandbox.
///
/// # Errors
/// When the program does not run.
pub async fn rate(clients: usize, each: usize, in_flight: usize) -> Result<Bare> {
    let world = World::with_phones(clients + 1).await?;
    let mut running = start(&world, clients, each, in_flight).await?;
    running.go().await?;
    while running.line().await? != "warm" {}
    let mut network = world.network().events();
    let began = Instant::now();
    running.go().await?;
    let mut left = clients * each;
    while left > 0 {
        match tokio::time::timeout(crate::PATIENCE, network.recv()).await.context("messages never left")? {
            Ok(NetworkEvent::MessageRouted { .. }) => left -= 1,
            Ok(_) => {}
            Err(error) => bail!("cannot count: {error}"),
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
    Ok(Bare { per_second: (clients * each) as f64 / began.elapsed().as_secs_f64() })
}
