//! What an app is to get: all that a request asks for, or less; or what a person writes down.

use super::words;
use crate::cli::client::Client;
use crate::cli::export;
use anyhow::{Context, Result, bail};
use domain::Scope;
use serde_json::{Value, json};

#[derive(Clone, Debug, Default, clap::Args)]
pub struct Choice {
    /// A scope to give, as in messages:send:ask. May be given several times; without it, all that is asked for.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// A channel to give them for, by id or name. May be given several times; without it, all that are asked for.
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<String>,
    /// Somebody to whom messages may go, as in +15550100101. May be given several times; without it, all that are asked for.
    #[arg(long = "to", value_name = "RECIPIENT")]
    recipients: Vec<String>,
}

impl Choice {
    fn is_everything(&self) -> bool {
        self.scopes.is_empty() && self.channels.is_empty() && self.recipients.is_empty()
    }

    /// What is left of what a request asks for; `None` where that is all of it. Whether it is less is the API's to judge.
    pub async fn of(&self, client: &Client, request: &Value) -> Result<Option<Value>> {
        if self.is_everything() {
            return Ok(None);
        }
        let asked = request["permits"].as_array().cloned().unwrap_or_default();
        let scopes = self.scopes()?;
        let mut kept = if scopes.is_empty() { asked.clone() } else { Vec::new() };
        for scope in &scopes {
            // Asking for a wide scope is asking for the narrow one in it.
            let implies =
                |permit: &Value| words::text(permit, "scope").parse::<Scope>().is_ok_and(|asked| asked.implies(*scope));
            let before = kept.len();
            kept.extend(asked.iter().filter(|permit| implies(permit)).cloned().map(|mut permit| {
                permit["scope"] = scope.as_str().into();
                permit
            }));
            if kept.len() == before {
                let words = words::permits(request).join("; ");
                bail!("the program does not ask for {scope}; it asks for: {words}", scope = scope.as_str());
            }
        }
        let channels = self.channels(client).await?;
        Ok(Some(kept.into_iter().map(|permit| self.bound(permit, channels.as_deref())).collect()))
    }

    /// What an app that is made by hand gets.
    pub async fn alone(&self, client: &Client) -> Result<Value> {
        let scopes = self.scopes()?;
        if scopes.is_empty() {
            let all = Scope::ALL.map(|scope| format!("  {:<18}  {}", scope.as_str(), scope.words())).join("\n");
            bail!("say what it may do, with --scope; there are:\n{all}");
        }
        let channels = self.channels(client).await?;
        let whole = |scope: &Scope| json!({ "scope": scope.as_str(), "channels": null, "recipients": null });
        Ok(scopes.iter().map(|scope| self.bound(whole(scope), channels.as_deref())).collect())
    }

    fn bound(&self, mut permit: Value, channels: Option<&[String]>) -> Value {
        let scope: Option<Scope> = words::text(&permit, "scope").parse().ok();
        if let Some(channels) = channels
            && scope.is_some_and(Scope::is_by_channel)
        {
            permit["channels"] = json!(channels);
        }
        if !self.recipients.is_empty() && scope.is_some_and(Scope::is_by_chat) {
            permit["recipients"] = json!(self.recipients);
        }
        permit
    }

    fn scopes(&self) -> Result<Vec<Scope>> {
        let read = |text: &String| {
            text.parse().map_err(|_| {
                let all = Scope::ALL.map(Scope::as_str).join(", ");
                anyhow::anyhow!("there is no scope {text:?}; there are: {all}")
            })
        };
        self.scopes.iter().map(read).collect()
    }

    async fn channels(&self, client: &Client) -> Result<Option<Vec<String>>> {
        if self.channels.is_empty() {
            return Ok(None);
        }
        let all = client.channels().await?;
        let id = |wanted: &String| {
            let channel = export::find(&all, wanted)?;
            channel["id"].as_str().map(str::to_owned).context("a channel has an id")
        };
        self.channels.iter().map(id).collect::<Result<_>>().map(Some)
    }
}
