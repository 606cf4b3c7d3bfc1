use super::client::Client;
use app::RunArgs;
use serde_json::Value;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the ids, one a line, for scripts.
    #[arg(long, conflicts_with = "json")]
    ids: bool,
    /// The API's own answer.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> anyhow::Result<ExitCode> {
    let channels = Client::connect(args.run).await?.channels().await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&channels)?);
        return Ok(ExitCode::SUCCESS);
    }
    if channels.is_empty() && !args.ids {
        println!("No channel yet. Make one with: whatisupd pair \"Front desk\"");
    }
    for channel in &channels {
        println!("{}", if args.ids { text(&channel["id"]).to_owned() } else { line(channel) });
    }
    Ok(ExitCode::SUCCESS)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// `ch_…  Front desk  connected  +1555…  since 2026-…  Connected.`
fn line(channel: &Value) -> String {
    let state = &channel["state"];
    format!(
        "{}  {:<20}  {:<12}  {:<16}  since {}  {}",
        text(&channel["id"]),
        text(&channel["name"]),
        text(&state["status"]),
        channel["account"]["phone"].as_str().unwrap_or("-"),
        text(&state["since"]),
        text(&state["summary"]),
    )
}
