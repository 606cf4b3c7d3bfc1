//! A session into a file, for another machine; or into a directory, for Baileys.

use super::client::Client;
use super::passphrase::PassphraseArgs;
use anyhow::{Context, Result, bail};
use app::RunArgs;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use whatsapp::baileys;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id or the name of the channel.
    channel: String,
    /// The file to make; without it, one in this directory that is named after the channel and the day.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Make this directory instead, with which Baileys goes on (useMultiFileAuthState). It is sealed with nothing.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "passphrase_file"])]
    baileys: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let client = Client::connect(args.run).await?;
    let channel = find(&client.channels().await?, &args.channel)?;
    let id = channel["id"].as_str().context("a channel has an id")?;
    if let Some(directory) = &args.baileys {
        return for_baileys(&client, id, directory).await;
    }
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

async fn for_baileys(client: &Client, id: &str, directory: &Path) -> Result<ExitCode> {
    // Before anything is stopped.
    if directory.symlink_metadata().is_ok() {
        bail!("{} is there already; give a directory that is not there yet", directory.display());
    }
    let answer = client.post(&format!("/v1/channels/{id}/export"), Some(json!({ "format": "baileys" }))).await?;
    let files = answer["files"].as_object().context("the answer has files")?;
    let bytes = |text: &Value| text.as_str().unwrap_or_default().as_bytes().to_vec().into();
    let files = files.iter().map(|(name, text)| (name.clone(), bytes(text))).collect();
    baileys::write_directory(directory, &files)?;
    println!("{}", directory.display());
    for note in answer["notes"].as_array().into_iter().flatten() {
        eprintln!("Stays behind: {}", note.as_str().unwrap_or("?"));
    }
    eprintln!(
        "The channel is stopped here; leave it so once Baileys has started with {}: what one side has used, the other must not \
         use again. Whoever can read the directory is this linked device.",
        directory.display()
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
