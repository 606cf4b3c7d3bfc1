//! What a container or an orchestrator runs to see whether the process beside it still answers.

use app::{Config, RunArgs, Sources};
use std::process::ExitCode;

pub async fn perform(args: RunArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(&Sources::from_args(args))?;
    Ok(if app::alive(&config.data_dir).await { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
