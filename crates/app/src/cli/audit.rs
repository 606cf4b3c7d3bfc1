//! The audit log: each entry carries the hash of the one before, so that nothing can be taken out or changed unnoticed.

use super::apps::plain;
use super::client::Client;
use anyhow::{Context, Result, bail};
use app::RunArgs;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Reckon the chain of hashes over the whole log, and fail when it is broken.
    #[arg(long)]
    verify: bool,
    /// Write the whole log into this new file, one JSON object a line; `-` is standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    export: Option<PathBuf>,
    /// How many of the newest entries to show.
    #[arg(long, value_name = "N", default_value_t = 50)]
    last: usize,
    /// The API's own answer.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let client = Client::connect(args.run).await?;
    if let Some(file) = &args.export {
        export(&client, file).await?;
    }
    if args.verify {
        return verify(&client).await;
    }
    if args.export.is_none() {
        show(&client, args.last, args.json).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn verify(client: &Client) -> Result<ExitCode> {
    let found = client.get("/v1/audit?verify=true").await?;
    let verified = &found["verified"];
    if let Some(at) = verified["broken_at"].as_u64() {
        eprintln!("The chain of the audit log is broken: entry {at} is not, or not where, it was written.");
        return Ok(ExitCode::FAILURE);
    }
    let Some(entries) = verified["entries"].as_u64() else { bail!("the answer does not say whether the audit log is whole") };
    println!("The audit log is as it was written: {entries} entries.");
    if let Some(hash) = verified["hash"].as_str() {
        // Who notes it elsewhere can tell later that nothing before it was changed.
        println!("Its newest entry has the hash {hash}.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn export(client: &Client, file: &Path) -> Result<()> {
    if file == Path::new("-") {
        let mut out = std::io::stdout().lock();
        client.pieces("/v1/audit", "application/x-ndjson", |piece| out.write_all(piece)).await?;
        return Ok(out.flush()?);
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(file).with_context(|| format!("cannot write {}", file.display()))?;
    client.pieces("/v1/audit", "application/x-ndjson", |piece| out.write_all(piece)).await?;
    out.sync_all()?;
    println!("{}", file.display());
    Ok(())
}

async fn show(client: &Client, last: usize, as_json: bool) -> Result<()> {
    // The newest come first; a person reads downwards.
    let mut entries = client.all(&format!("/v1/audit?limit={}", last.clamp(1, 1000)), last).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&entries)?);
        return Ok(());
    }
    entries.reverse();
    if entries.is_empty() {
        println!("Nothing has been written down yet.");
    }
    for entry in &entries {
        println!("{}", line(entry));
    }
    Ok(())
}

/// `41  2026-…  app "CRM"  messages.send  ch_…  allowed`
fn line(entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str().map(plain).unwrap_or_default();
    let mut line = format!(
        "{:>6}  {}  {:<24}  {:<22}  {:<10}  {}",
        entry["seq"].as_u64().unwrap_or(0),
        text("at"),
        actor(&entry["actor"]),
        text("action"),
        text("outcome"),
        text("target"),
    );
    if let Some(detail) = entry["detail"].as_str().filter(|detail| !detail.is_empty()) {
        line.push_str(&format!("  {}", plain(detail)));
    }
    line.trim_end().to_owned()
}

fn actor(actor: &Value) -> String {
    let kind = actor["kind"].as_str().or(actor.as_str()).unwrap_or("?");
    match (actor["name"].as_str(), actor["via"].as_str()) {
        (Some(name), _) => format!("{kind} \"{}\"", plain(name)),
        (None, Some(via)) => format!("{kind} ({via})"),
        (None, None) => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_says_who_did_what_to_what_and_how_it_went() {
        let entry = json!({ "seq": 41, "at": "2026-11-22T08:00:00Z", "actor": { "kind": "app", "name": "CRM\u{1b}" },
                            "action": "message.send", "target": "ch_1", "outcome": "refused", "detail": "scope_missing" });
        let line = line(&entry);
        for part in ["41", "2026-11-22T08:00:00Z", "app \"CRM\u{fffd}\"", "message.send", "refused", "ch_1", "scope_missing"] {
            assert!(line.contains(part), "no {part:?} in: {line}");
        }
        assert_eq!(actor(&json!({ "kind": "person", "via": "cli" })), "person (cli)");
        assert_eq!(actor(&json!("admin")), "admin");
    }
}
