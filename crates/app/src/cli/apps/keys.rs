//! The keys of an app. Their text is known to nobody but the program: only when one is made it is printed.

use super::span::Span;
use super::{find, id, words};
use crate::cli::client::Client;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All keys of an app: when made, last used, from where, how often today.
    List {
        /// The id or the name of the app.
        app: String,
        /// The API's own answer.
        #[arg(long)]
        json: bool,
    },
    /// Make a further key. It is printed, once.
    New {
        /// The id or the name of the app.
        app: String,
        /// What the key is for, to tell it from others.
        #[arg(long)]
        label: Option<String>,
        /// How long it is good, as in 12h or 30d.
        #[arg(long, value_name = "TIME")]
        expires_in: Option<Span>,
    },
    /// Make a key in another one's place. It is printed, once; the other one is good for a while longer.
    Rotate {
        /// The id or the name of the app.
        app: String,
        /// The id or the label of the key.
        key: String,
        /// How long both are good; without it, a day.
        #[arg(long, value_name = "TIME")]
        overlap: Option<Span>,
    },
    /// Make a key open nothing from now on. Streams that it has open close.
    Revoke {
        /// The id or the name of the app.
        app: String,
        /// The id or the label of the key.
        key: String,
    },
}

pub async fn perform(client: &Client, args: Args) -> Result<ExitCode> {
    match args.command {
        Command::List { app, json } => list(client, &find(client, &app).await?, json).await,
        Command::New { app, label, expires_in } => {
            let app = find(client, &app).await?;
            let mut body = json!({});
            if let Some(label) = label {
                body["label"] = label.into();
            }
            if let Some(Span(seconds)) = expires_in {
                body["expires_in"] = seconds.into();
            }
            shown_once(&client.post(&format!("/v1/apps/{}/keys", id(&app)?), Some(body)).await?)
        }
        Command::Rotate { app, key, overlap } => {
            let app = find(client, &app).await?;
            let key = key_of(client, &app, &key).await?;
            let body = overlap.map_or_else(|| json!({}), |Span(seconds)| json!({ "overlap_seconds": seconds }));
            shown_once(&client.post(&format!("/v1/apps/{}/keys/{}/rotate", id(&app)?, id(&key)?), Some(body)).await?)
        }
        Command::Revoke { app, key } => {
            let app = find(client, &app).await?;
            let key = key_of(client, &app, &key).await?;
            client.post(&format!("/v1/apps/{}/keys/{}/revoke", id(&app)?, id(&key)?), None).await?;
            println!("{} of {} opens nothing any more.", words::text(&key, "id"), words::name(&app));
            Ok(ExitCode::SUCCESS)
        }
    }
}

pub async fn list(client: &Client, app: &Value, as_json: bool) -> Result<ExitCode> {
    let keys = all(client, app).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&keys)?);
        return Ok(ExitCode::SUCCESS);
    }
    if keys.is_empty() {
        println!("{} has no key.", words::name(app));
    }
    for key in &keys {
        println!("{}", line(key));
    }
    Ok(ExitCode::SUCCESS)
}

async fn all(client: &Client, app: &Value) -> Result<Vec<Value>> {
    client.all(&format!("/v1/apps/{}/keys", id(app)?), usize::MAX).await
}

async fn key_of(client: &Client, app: &Value, wanted: &str) -> Result<Value> {
    let keys = all(client, app).await?;
    let mut fitting = keys.into_iter().filter(|key| key["id"] == wanted || key["label"] == wanted);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => bail!("{} has several keys {wanted:?}; give the id", words::name(app)),
        (None, _) => bail!("{} has no key {wanted:?}; `whatisupd apps keys list {}` shows all", words::name(app), id(app)?),
    }
}

fn line(key: &Value) -> String {
    let stands = match (key["revoked_at"].as_str(), key["expires_at"].as_str(), key["until_quit"].as_bool()) {
        (Some(at), _, _) => format!("revoked {at}"),
        (None, Some(at), _) => format!("good until {at}"),
        (None, None, Some(true)) => "good until WhatIsUp is quit".to_owned(),
        (None, None, _) => "good".to_owned(),
    };
    let used = match key["last_used_at"].as_str() {
        None => "never used".to_owned(),
        Some(at) => {
            let from = key["last_from"].as_str().map(|from| format!(" from {}", words::plain(from))).unwrap_or_default();
            format!("last used {at}{from}, {} requests today", key["requests_today"].as_u64().unwrap_or(0))
        }
    };
    let label = words::plain(words::text(key, "label"));
    format!("{}  {label:<16}  made {}  {stands}  {used}", words::text(key, "id"), words::text(key, "made_at"))
}

fn shown_once(made: &Value) -> Result<ExitCode> {
    println!("{}", made["key"].as_str().context("a key that was just made is shown")?);
    eprintln!("This key is shown once.");
    Ok(ExitCode::SUCCESS)
}
