//! One file from which everything comes back, made while the program runs.

use super::now;
use anyhow::Result;
use app::{Config, RunArgs, Sources};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to make, or a directory, where it gets a name with the time.
    to: PathBuf,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let config = Config::load(&Sources::from_args(args.run))?;
    let made = app::back_up(&config, &args.to, now()).await?;
    for channel in &made.without_key {
        eprintln!("{channel} was left out: its key is not in the key store.");
    }
    println!("{}", made.path.display());
    eprintln!(
        "{} channels, {} KiB. The keys are not in it: it can be restored where they are.",
        made.channels,
        made.bytes.div_ceil(1024)
    );
    Ok(ExitCode::SUCCESS)
}
