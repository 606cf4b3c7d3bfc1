use super::client::Client;
use app::RunArgs;
use std::process::ExitCode;

pub async fn perform(args: RunArgs) -> anyhow::Result<ExitCode> {
    let link = Client::connect(args).await?.post("/v1/sign-in-links", None).await?;
    println!("{}", link["url"].as_str().unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}
