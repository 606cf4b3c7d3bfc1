use super::client::Client;
use super::terminal;
use anyhow::{Context, Result};
use app::RunArgs;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to call the channel; an unpaired channel of this name or id is taken instead of a new one.
    #[arg(default_value = "WhatsApp")]
    channel: String,
    /// Link by a code typed on this phone instead of a QR.
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let client = Client::connect(args.run).await?;
    let id = channel(&client, &args.channel).await?;
    if let Some(phone) = &args.phone {
        let code = client.post(&format!("/v1/channels/{id}/pairing-code"), Some(json!({ "phone": phone }))).await?;
        println!(
            "On {phone}: WhatsApp > Linked devices > Link with phone number, then type\n\n    {}\n",
            code["code"].as_str().unwrap_or("?")
        );
    } else {
        println!("On the phone: WhatsApp > Linked devices > Link a device, then scan\n");
    }
    // Opened before the first look, so that no change falls between the two.
    let mut news = client.news(&format!("/v1/events?channel={id}&types=channel.*")).await?;
    let (mut said, mut shown) = (String::new(), String::new());
    loop {
        let channel = client.get(&format!("/v1/channels/{id}")).await?;
        let state = &channel["state"];
        say(state, &mut said);
        match state["status"].as_str().unwrap_or_default() {
            "connected" => {
                println!("Connected as {}.", channel["account"]["phone"].as_str().unwrap_or("this account"));
                return Ok(ExitCode::SUCCESS);
            }
            "disconnected" => return Ok(ExitCode::FAILURE),
            "pairing" if state["method"] == "passkey" && state["step"] == "shown" => {
                passkey(&client, &id).await?;
                return Ok(ExitCode::FAILURE);
            }
            "pairing" if args.phone.is_none() && state["step"] == "shown" => show(&client, &id, &mut shown).await?,
            _ => {}
        }
        news.wait().await?;
    }
}

/// What the channel is doing and what to do, once for each change of that.
fn say(state: &Value, said: &mut String) {
    let mut sentence = state["summary"].as_str().unwrap_or_default().to_owned();
    if let Some(next) = state["next_attempt_at"].as_str() {
        sentence.push_str(&format!(" Next try at {next}."));
    }
    if state["status"] != "connected" && sentence != *said {
        println!("{sentence}");
    }
    *said = sentence;
}

/// A terminal has no passkey to offer: all it can do is to show what WhatsApp wants, for a program that has one.
async fn passkey(client: &Client, id: &str) -> Result<()> {
    let path = format!("/v1/channels/{id}/passkey");
    let wanted = client.get(&path).await?;
    println!("It asks for this to be signed by the account's passkey, which cannot be done in a terminal (GET {path}):\n");
    println!("{}\n", serde_json::to_string_pretty(&wanted["challenge"])?);
    if let Some(until) = wanted["expires_at"].as_str() {
        println!("good until {until}");
    }
    Ok(())
}

async fn channel(client: &Client, wanted: &str) -> Result<String> {
    let channels = client.channels().await?;
    let known = channels.iter().find(|c| c["id"] == wanted || (c["name"] == wanted && c["paired"] == false));
    let id = |c: &Value| c["id"].as_str().map(str::to_owned).context("a channel has an id");
    if let Some(channel) = known {
        let id = id(channel)?;
        if channel["state"]["status"] == "disconnected" {
            client.post(&format!("/v1/channels/{id}/start"), None).await?;
        }
        return Ok(id);
    }
    id(&client.post("/v1/channels", Some(json!({ "name": wanted }))).await?)
}

async fn show(client: &Client, id: &str, shown: &mut String) -> Result<()> {
    // Between the state and this question the QR may have been scanned: then there is none, and the next glance tells.
    let Ok(qr) = client.get(&format!("/v1/channels/{id}/qr")).await else { return Ok(()) };
    let text = qr["text"].as_str().unwrap_or_default();
    if text != shown.as_str() {
        println!(
            "{}\ngood until {}\n",
            terminal::qr(text, terminal::ground()).unwrap_or_default(),
            qr["expires_at"].as_str().unwrap_or("?")
        );
        text.clone_into(shown);
    }
    Ok(())
}
