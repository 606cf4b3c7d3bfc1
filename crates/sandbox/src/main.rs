//! `whatisup-sandbox`: a loopback WhatsApp with simulated phones, for authors of WhatsApp programs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use sandbox::phone::Phones;
use sandbox::{Sandbox, SandboxConfig, control};
use tokio_util::sync::CancellationToken;

/// A loopback WhatsApp with simulated phones. Nothing leaves this machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Where WhatsApp clients dial. Loopback only; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:9488", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where the control API answers. Loopback only; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:9489", value_name = "ADDRESS")]
    control: SocketAddr,
    /// Speak wss with a certificate of the sandbox's own CA.
    #[arg(long)]
    tls: bool,
    /// Write that CA to this file (PEM).
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// How many phones there are at the start: Ada, Grace, …
    #[arg(long, default_value_t = 2)]
    phones: usize,
    /// Keeps the phones, their keys and who is linked to them in this file, so that they survive a restart.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// Fixes the server's keys, so that clients which remember them survive a restart.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// The whole chain of causes in one line, without the backtrace that `main` would print.
#[allow(clippy::print_stderr, reason = "this is a command; its complaints go to its terminal")]
fn complain(error: &anyhow::Error) {
    eprintln!("whatisup-sandbox: {error:#}");
}

async fn run() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let options = Options::parse();
    let listener = control::bind(options.control).await.context("cannot open the control port")?;
    let config = SandboxConfig { listen: options.listen, tls: options.tls, seed: options.seed };
    let sandbox = Sandbox::start(config).await.context("cannot start")?;
    let network = sandbox.network().clone();
    let phones = match &options.keep {
        Some(file) => Phones::kept_in(network, file, options.phones).await.context("cannot bring the phones back")?,
        None => Phones::with_people(network, options.phones).await.context("cannot make phones")?,
    };
    if let (Some(path), Some(pem)) = (&options.ca_out, sandbox.ca_pem()) {
        std::fs::write(path, pem).with_context(|| format!("cannot write {}", path.display()))?;
    }
    announce(&sandbox, listener.local_addr()?, &phones);

    let stop = CancellationToken::new();
    let keeper = options.keep.map(|file| {
        let (phones, stop) = (phones.clone(), stop.clone());
        tokio::spawn(async move { phones.keep_in(&file, stop).await })
    });
    let panel = tokio::spawn(control::serve(listener, phones, stop.clone()));
    wait_for_signal().await?;
    stop.cancel();
    panel.await??;
    if let Some(keeper) = keeper {
        keeper.await?.context("cannot keep the phones")?;
    }
    sandbox.shutdown().await;
    Ok(())
}

/// One line of JSON when everything is ready, for whoever started this.
#[allow(clippy::print_stdout, reason = "the addresses are this program's output")]
fn announce(sandbox: &Sandbox, control: SocketAddr, phones: &Phones) {
    let numbers: Vec<String> = phones.all().iter().map(|phone| phone.number().to_owned()).collect();
    let line = serde_json::json!({
        "url": sandbox.url(),
        "control": format!("http://{control}"),
        "noise_root": hex::encode(sandbox.noise_root_public()),
        "phones": numbers,
    });
    println!("{line}");
}

#[cfg(unix)]
async fn wait_for_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_signal() -> anyhow::Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
