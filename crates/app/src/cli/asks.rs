//! Messages that programs may only send when a person says so, one by one.

use super::apps::plain;
use super::client::Client;
use anyhow::{Context, Result};
use app::RunArgs;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The messages that wait: who wants to send what to whom. Without a command, this is it.
    List {
        /// The API's own answer.
        #[arg(long)]
        json: bool,
    },
    /// Let a message go.
    Approve {
        /// The id of the message.
        message: String,
        /// Send the text in this file instead; `-` is standard input. Not an option of its own: other users can read those.
        #[arg(long, value_name = "FILE")]
        text_from: Option<PathBuf>,
        /// Ask no more about this app and this chat.
        #[arg(long)]
        always: bool,
    },
    /// Do not let a message go.
    Deny {
        /// The id of the message.
        message: String,
    },
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let client = Client::connect(args.run).await?;
    match args.command {
        None => list(&client, false).await,
        Some(Command::List { json }) => list(&client, json).await,
        Some(Command::Approve { message, text_from, always }) => {
            let mut body = json!({ "always": always });
            if let Some(file) = text_from {
                body["content"] = json!({ "type": "text", "text": read(&file)? });
            }
            client.post(&format!("/v1/messages/{message}/approve"), Some(body)).await?;
            println!("{message} goes out.{}", if always { " The app is not asked about in this chat any more." } else { "" });
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Deny { message }) => {
            client.post(&format!("/v1/messages/{message}/deny"), None).await?;
            println!("{message} does not go out.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(client: &Client, as_json: bool) -> Result<ExitCode> {
    let asks = client.all("/v1/asks", usize::MAX).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&asks)?);
        return Ok(ExitCode::SUCCESS);
    }
    if asks.is_empty() {
        println!("No message waits for you.");
        return Ok(ExitCode::SUCCESS);
    }
    for ask in &asks {
        tell(ask);
    }
    println!("\nLet one go with: whatisupd asks approve MESSAGE (or deny MESSAGE)");
    Ok(ExitCode::SUCCESS)
}

fn tell(ask: &Value) {
    let message = &ask["message"];
    let app =
        ask["app"]["name"].as_str().map_or_else(|| "an app that was removed".to_owned(), |name| format!("\"{}\"", plain(name)));
    println!("{}  {app} to {}", text(&message["id"]), plain(text(&message["chat"])));
    let content = &message["content"];
    println!("  says      {}", content["text"].as_str().map_or_else(|| plain(&content.to_string()), plain));
    println!("  channel   {}", text(&message["channel_id"]));
    println!("  until     {}", text(&ask["expires_at"]));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read")?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    // The end of the last line is the file's, not the message's.
    Ok(text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).to_owned()).unwrap_or(text))
}
