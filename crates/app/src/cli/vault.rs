//! The keys: how they stand, another master key, new keys for what is sealed.

use anyhow::Result;
use app::{Config, RunArgs, Sources};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a master key, for machines without a keychain and for workers that share their keys.
    NewKey {
        /// A new file for it (0600); without one it is printed.
        file: Option<PathBuf>,
    },
    /// Where the keys are and which master key wraps them. Changes nothing.
    Status {
        #[command(flatten)]
        run: RunArgs,
    },
    /// Wrap the keys by another master key; with --channels, give every channel and the database a new key.
    Rotate {
        /// The new master key, while the present one is configured. Without it: the configured one, where the one before is
        /// given as vault.previous_master_key_file.
        #[arg(long, value_name = "FILE", conflicts_with = "channels")]
        to: Option<PathBuf>,
        /// New keys for what is sealed. Nothing may run on this data directory, and no worker may hold a channel.
        #[arg(long)]
        channels: bool,
        #[command(flatten)]
        run: RunArgs,
    },
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    match args.command {
        Command::NewKey { file } => new_key(file),
        Command::Status { run } => status(&Config::load(&Sources::from_args(run))?).await,
        Command::Rotate { to, channels: false, run } => master(&Config::load(&Sources::from_args(run))?, to).await,
        Command::Rotate { channels: true, run, .. } => Box::pin(channels(&Config::load(&Sources::from_args(run))?)).await,
    }
}

fn new_key(file: Option<PathBuf>) -> Result<ExitCode> {
    let made = app::new_master_key(file.as_deref())?;
    match (made.text, file) {
        (Some(text), _) => println!("{}", text.as_str()),
        (None, Some(file)) => println!("Master key {} is in {}.", made.mark, file.display()),
        (None, None) => {}
    }
    eprintln!("Keep a copy where it outlives this machine: without the master key no session and no database opens again.");
    Ok(ExitCode::SUCCESS)
}

async fn status(config: &Config) -> Result<ExitCode> {
    let status = app::vault_status(config).await?;
    println!("The keys are in {}.", status.place);
    if let Some(wrapping) = &status.wrapping {
        let given = match &wrapping.previous {
            Some(previous) => format!("key {}, and key {previous} before it", wrapping.current),
            None => format!("key {}", wrapping.current),
        };
        println!("Given here: {given}.");
        match &wrapping.in_force {
            None => println!("Nothing is wrapped yet."),
            Some(mark) => println!("{} keys are wrapped by key {mark}.", wrapping.entries),
        }
        if wrapping.in_force.as_ref().is_some_and(|mark| *mark != wrapping.current) {
            println!("A change of the master key is under way. Bring it to its end with: whatisupd vault rotate");
        }
    }
    if !status.ledger_key {
        println!("The database has no key yet; the first start makes it.");
    }
    for key in &status.changing {
        println!(
            "A change of the key of {} was interrupted. The next start is not hindered; repeat it with: whatisupd vault rotate --channels",
            match key {
                app::KeyOf::Ledger => "the database".to_owned(),
                app::KeyOf::Channel(id) => id.to_string(),
            }
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn master(config: &Config, to: Option<PathBuf>) -> Result<ExitCode> {
    let count = app::rotate_master(config, to.as_deref()).await?;
    let status = app::vault_status(config).await;
    match (to, status) {
        (Some(file), _) => println!(
            "{count} keys are wrapped by the master key in {}. Give that to every process now; the one before opens nothing any more.",
            file.display()
        ),
        (None, Ok(status)) => {
            let mark = status.wrapping.and_then(|wrapping| wrapping.in_force).unwrap_or_default();
            println!("{count} keys are wrapped by master key {mark}. The one before it can be taken away everywhere.");
        }
        (None, Err(_)) => println!("{count} keys are wrapped by the master key."),
    }
    Ok(ExitCode::SUCCESS)
}

async fn channels(config: &Config) -> Result<ExitCode> {
    let done = app::rotate_keys(config, |line| println!("{line}")).await?;
    for (channel, error) in &done.left {
        println!("{channel} has the key that it had: {error}");
    }
    println!("{} channels have new keys{}.", done.channels, if done.ledger { ", and so has the database" } else { "" });
    if done.left.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} were left out. Stop what uses them and do it again.", done.left.len());
    Ok(ExitCode::FAILURE)
}
