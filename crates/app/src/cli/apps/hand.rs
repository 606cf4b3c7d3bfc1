//! An app that a person makes, for a program that cannot ask.

use super::permits::Choice;
use super::span::Span;
use crate::cli::client::Client;
use anyhow::{Context, Result};
use serde_json::json;
use std::process::ExitCode;

pub async fn make(
    client: &Client,
    name: &str,
    choice: &Choice,
    expires_in: Option<Span>,
    origins: &[String],
) -> Result<ExitCode> {
    let mut body = json!({ "name": name, "permits": choice.alone(client).await? });
    if let Some(Span(seconds)) = expires_in {
        body["expires_in"] = seconds.into();
    }
    if !origins.is_empty() {
        body["origins"] = json!(origins);
    }
    let made = client.post("/v1/apps", Some(body)).await?;
    println!("{}", made["key"].as_str().context("an app that was just made has a key")?);
    eprintln!("This key is shown once. Whoever has it may do what was said; take it back with: whatisupd apps revoke {name:?}");
    Ok(ExitCode::SUCCESS)
}
