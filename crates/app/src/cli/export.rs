//! A session into a file, for another machine.

use super::client::Client;
use super::passphrase::PassphraseArgs;
use anyhow::{Context, Result, bail};
use app::RunArgs;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id or the name of the channel.
    channel: String,
    /// The file to make; without it, one in this directory that is named after the channel and the day.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let client = Client::connect(args.run).await?;
    let channel = find(&client.channels().await?, &args.channel)?;
    let id = channel["id"].as_str().context("a channel has an id")?;
    if let Some(to) = &args.to
        && to.exists()
    {
        bail!("{} exists already", to.display());
    }
    let passphrase = args.passphrase.chosen()?;
    let body = json!({ "passphrase": passphrase.expose_secret() });
    let (file, suggested) = client.file(&format!("/v1/channels/{id}/export"), &body).await?;
    let to = args.to.unwrap_or_else(|| PathBuf::from(suggested.unwrap_or_else(|| format!("whatisup-{id}.age"))));
    write_new(&to, &file).with_context(|| format!("cannot write {}", to.display()))?;
    println!("{}", to.display());
    eprintln!(
        "The channel is stopped here. Import the file elsewhere with: whatisupd import {}\n\
         After that, do not start it here again: the newest of two sessions lives, the other one ends as replaced.",
        to.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// By id, or by a name that only one has.
pub fn find(channels: &[Value], wanted: &str) -> Result<Value> {
    let mut fitting = channels.iter().filter(|c| c["id"] == wanted || c["name"] == wanted);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => bail!("several channels are called {wanted:?}; give the id that `whatisupd channels` shows"),
        (None, _) => bail!("there is no channel {wanted:?}; `whatisupd channels` shows all"),
    }
}

/// A file for its owner alone; one that exists is left alone.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
