use app::{Config, RunArgs, Sources};
use std::process::ExitCode;

pub async fn perform(args: RunArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(&Sources::from_args(args))?;
    println!("{}", app::admin_key(&config).await?);
    Ok(ExitCode::SUCCESS)
}
