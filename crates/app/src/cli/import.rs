//! A session out of a file, or out of a directory of Baileys.

use super::client::Client;
use super::passphrase::PassphraseArgs;
use anyhow::{Context, Result, anyhow, bail};
use app::RunArgs;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use whatsapp::baileys;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file that `whatisupd export` or the dashboard has made.
    #[arg(required_unless_present = "baileys", conflicts_with = "baileys")]
    file: Option<PathBuf>,
    /// The directory in which Baileys keeps a session (useMultiFileAuthState). Stop the program that uses it first.
    #[arg(long, value_name = "DIR")]
    baileys: Option<PathBuf>,
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
    let mut body = match (&args.baileys, &args.file) {
        (Some(directory), _) => json!({ "baileys": { "files": files_of(directory)? } }),
        (None, Some(file)) => {
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            json!({ "file": BASE64_STANDARD.encode(bytes), "passphrase": args.passphrase.given()?.expose_secret() })
        }
        (None, None) => bail!("give a file, or a directory of Baileys with --baileys DIR"),
    };
    body["name"] = args.name.into();
    body["start"] = (!args.no_start).into();
    body["duplicate"] = args.duplicate.into();
    let channel = client.post("/v1/channels/import", Some(body)).await?;
    let text = |key: &str| channel[key].as_str().unwrap_or("?").to_owned();
    println!("{}", text("id"));
    eprintln!(
        "\"{}\" ({}) is here{}. Do not start it where it came from: the newest of two sessions lives, the other one ends as replaced.",
        text("name"),
        channel["account"]["phone"].as_str().unwrap_or("number not known"),
        if args.no_start { ", stopped; start it when the other side is" } else { " and starts" },
    );
    for note in channel["notes"].as_array().into_iter().flatten() {
        eprintln!("Stayed behind: {}", note.as_str().unwrap_or("?"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What stands in the files, once it is clear that a session does.
fn files_of(directory: &Path) -> Result<BTreeMap<String, String>> {
    let files = baileys::read_directory(directory)?;
    baileys::read(&files).map_err(|error| anyhow!("{}/{error}", directory.display()))?;
    // What is no text is none of Baileys' files.
    Ok(files.into_iter().filter_map(|(name, bytes)| Some((name, String::from_utf8(bytes.to_vec()).ok()?))).collect())
}
