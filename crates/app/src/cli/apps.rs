//! The programs that may use the API: who asks, who has been let in, and with what.

mod answer;
mod hand;
mod keys;
mod list;
mod permits;
mod span;
mod words;

use super::client::Client;
use anyhow::{Context, Result, bail};
use app::RunArgs;
use permits::Choice;
use serde_json::{Value, json};
use span::Span;
use std::process::ExitCode;
pub use words::plain;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All apps: what they may do and when they last did anything. Without a command, this is it.
    List {
        /// The API's own answer.
        #[arg(long)]
        json: bool,
    },
    /// The programs that ask to be let in and wait for an answer.
    Requests {
        /// The API's own answer.
        #[arg(long)]
        json: bool,
    },
    /// One app with its keys.
    Show {
        /// The id or the name of the app.
        app: String,
        /// The API's own answer.
        #[arg(long)]
        json: bool,
    },
    /// Let the program in that shows this code. Without further options it gets what it asks for.
    Approve {
        /// The code that the program shows, as in ABC-DEF.
        code: String,
        #[command(flatten)]
        choice: Choice,
        /// Only until WhatIsUp is quit.
        #[arg(long)]
        once: bool,
        /// How long its key is good, as in 12h or 30d.
        #[arg(long, value_name = "TIME", conflicts_with = "once")]
        expires_in: Option<Span>,
        /// Call it so instead of what it calls itself.
        #[arg(long)]
        name: Option<String>,
        /// Do not ask once more.
        #[arg(long, short)]
        yes: bool,
    },
    /// Send the program away that shows this code.
    Deny {
        /// The code that the program shows, as in ABC-DEF.
        code: String,
    },
    /// Make an app and its first key by hand, for a program that cannot ask. The key is printed, once.
    New {
        /// What to call it.
        name: String,
        #[command(flatten)]
        choice: Choice,
        /// How long its key is good, as in 12h or 30d.
        #[arg(long, value_name = "TIME")]
        expires_in: Option<Span>,
        /// A page in a browser that may use the app's key, as in https://crm.example. May be given several times.
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
    },
    /// Take everything back from an app at once: its keys open nothing, its open streams close. The app stays in the list.
    Revoke {
        /// The id or the name of the app.
        app: String,
    },
    /// Let an app in again that was revoked.
    Enable {
        /// The id or the name of the app.
        app: String,
    },
    /// Remove an app with its keys. What it did stays in the audit log.
    Delete {
        /// The id or the name of the app.
        app: String,
    },
    /// The keys of an app.
    Keys(keys::Args),
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let client = Client::connect(args.run).await?;
    match args.command {
        None => list::apps(&client, false).await,
        Some(Command::List { json }) => list::apps(&client, json).await,
        Some(Command::Requests { json }) => answer::requests(&client, json).await,
        Some(Command::Show { app, json }) => list::show(&client, &app, json).await,
        Some(Command::Approve { code, choice, once, expires_in, name, yes }) => {
            let terms = answer::Terms { choice, once, expires_in, name, unasked: yes };
            answer::approve(&client, &code, terms).await
        }
        Some(Command::Deny { code }) => answer::deny(&client, &code).await,
        Some(Command::New { name, choice, expires_in, origins }) => {
            hand::make(&client, &name, &choice, expires_in, &origins).await
        }
        Some(Command::Revoke { app }) => revoke(&client, &app).await,
        Some(Command::Enable { app }) => enable(&client, &app).await,
        Some(Command::Delete { app }) => delete(&client, &app).await,
        Some(Command::Keys(args)) => keys::perform(&client, args).await,
    }
}

async fn revoke(client: &Client, wanted: &str) -> Result<ExitCode> {
    let app = find(client, wanted).await?;
    client.patch(&format!("/v1/apps/{}", id(&app)?), json!({ "disabled": true })).await?;
    println!("{} may do nothing any more. Let it in again with: whatisupd apps enable {}", words::name(&app), id(&app)?);
    Ok(ExitCode::SUCCESS)
}

async fn enable(client: &Client, wanted: &str) -> Result<ExitCode> {
    let app = find(client, wanted).await?;
    client.patch(&format!("/v1/apps/{}", id(&app)?), json!({ "disabled": false })).await?;
    println!("{} is let in again, with the keys that were not revoked themselves.", words::name(&app));
    Ok(ExitCode::SUCCESS)
}

async fn delete(client: &Client, wanted: &str) -> Result<ExitCode> {
    let app = find(client, wanted).await?;
    client.delete(&format!("/v1/apps/{}", id(&app)?)).await?;
    println!("{} is removed.", words::name(&app));
    Ok(ExitCode::SUCCESS)
}

fn id(thing: &Value) -> Result<&str> {
    thing["id"].as_str().context("what the API lists has an id")
}

/// An app by its id, or by a name that only one has.
async fn find(client: &Client, wanted: &str) -> Result<Value> {
    let apps = client.all("/v1/apps", usize::MAX).await?;
    let mut fitting = apps.into_iter().filter(|app| app["id"] == wanted || app["name"] == wanted);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => bail!("several apps are called {wanted:?}; give the id that `whatisupd apps` shows"),
        (None, _) => bail!("there is no app {wanted:?}; `whatisupd apps` shows all"),
    }
}
