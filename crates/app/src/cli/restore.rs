//! Makes a data directory what a backup holds.

use super::now;
use anyhow::Result;
use app::{Config, RunArgs, Sources};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file that `whatisupd backup` has made.
    from: PathBuf,
    /// Move aside what the data directory holds; without it, the data directory has to be empty.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let config = Config::load(&Sources::from_args(args.run))?;
    let restored = Box::pin(app::restore(&config, &args.from, args.replace, now())).await?;
    println!(
        "Restored {} channels as they were at {}, into {}.",
        restored.channels,
        restored.made_at,
        config.data_dir.display()
    );
    for channel in &restored.without_key {
        println!("{channel} was logged out since: its key is gone, so it has to be paired again.");
    }
    if let Some(aside) = &restored.replaced {
        println!("What was there before is in {}.", aside.display());
    }
    println!("Start it with: whatisupd run");
    Ok(ExitCode::SUCCESS)
}
