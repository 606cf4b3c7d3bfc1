//! The apps that there are.

use super::{find, id, keys, words};
use crate::cli::client::Client;
use anyhow::Result;
use serde_json::Value;
use std::process::ExitCode;

pub async fn apps(client: &Client, as_json: bool) -> Result<ExitCode> {
    let apps = client.all("/v1/apps", usize::MAX).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&apps)?);
        return Ok(ExitCode::SUCCESS);
    }
    if apps.is_empty() {
        println!(
            "No app yet. A program asks with POST /v1/apps/requests; for one that cannot: whatisupd apps new NAME --scope SCOPE"
        );
    }
    for app in &apps {
        println!("{}", line(app));
        for permit in words::permits(app) {
            println!("    {permit}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn show(client: &Client, wanted: &str, as_json: bool) -> Result<ExitCode> {
    let found = find(client, wanted).await?;
    let app = client.get(&format!("/v1/apps/{}", id(&found)?)).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&app)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", line(&app));
    println!("  made      {}", words::text(&app, "created_at"));
    println!("  may       {}", words::permits(&app).join("\n            "));
    for (title, key) in [("pages", "origins"), ("programs", "programs")] {
        let listed: Vec<_> = app[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(words::plain).collect();
        if !listed.is_empty() {
            println!("  {title:<8}  {}", listed.join("\n            "));
        }
    }
    println!();
    keys::list(client, &app, false).await
}

fn line(app: &Value) -> String {
    let stands = match app["disabled_at"].as_str() {
        Some(at) => format!("revoked {at}"),
        None => "allowed".to_owned(),
    };
    let used = app["last_used_at"].as_str().map_or_else(|| "never used".to_owned(), |at| format!("last used {at}"));
    format!("{}  {:<24}  {stands}  {used}", words::text(app, "id"), words::plain(words::text(app, "name")))
}
