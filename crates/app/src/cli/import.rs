//! A session out of a file.

use super::client::Client;
use super::passphrase::PassphraseArgs;
use anyhow::{Context, Result};
use app::RunArgs;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file that `whatisupd export` or the dashboard has made.
    file: PathBuf,
    /// What to call the channel here; without it, as where it comes from.
    #[arg(long)]
    name: Option<String>,
    /// Leave the channel stopped.
    #[arg(long)]
    no_start: bool,
    /// Also when the account is a channel here already.
    #[arg(long)]
    duplicate: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let client = Client::connect(args.run).await?;
    let file = std::fs::read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let passphrase = args.passphrase.given()?;
    let body = json!({
        "file": BASE64_STANDARD.encode(file),
        "passphrase": passphrase.expose_secret(),
        "name": args.name,
        "start": !args.no_start,
        "duplicate": args.duplicate,
    });
    let channel = client.post("/v1/channels/import", Some(body)).await?;
    let text = |key: &str| channel[key].as_str().unwrap_or("?").to_owned();
    println!("{}", text("id"));
    eprintln!(
        "\"{}\" ({}) is here{}. Do not start it where it came from: the newest of two sessions lives, the other one ends as replaced.",
        text("name"),
        channel["account"]["phone"].as_str().unwrap_or("number not known"),
        if args.no_start { ", stopped; start it when the other side is" } else { " and starts" },
    );
    Ok(ExitCode::SUCCESS)
}
