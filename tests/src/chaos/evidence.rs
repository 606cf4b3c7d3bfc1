//! What a run leaves behind, collected from all sides.

use super::traffic::Line;
use crate::Rest;
use anyhow::{Context, Result, ensure};
use sandbox::phone::{Direction, Phone};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// A send that was answered 202.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub channel: String,
    /// The number that it is for.
    pub to: String,
    pub id: String,
    pub whatsapp_id: String,
}

/// A text that a phone sent to the account of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub channel: String,
    pub by: String,
    pub whatsapp_id: String,
}

/// What a webhook receiver took, in the order in which it said 200.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub receiver: String,
    /// Event types that it asked for, by their beginnings; empty: all.
    pub families: Vec<String>,
    /// Log positions below this are older than the endpoint.
    pub from_seq: u64,
    pub seqs: Vec<u64>,
    /// Requests whose signature did not fit, or that were not to be understood.
    pub forged: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// In the order of acceptance, per channel.
    pub accepted: Vec<Accepted>,
    /// In the order of writing, per phone and channel.
    pub written: Vec<Written>,
    /// By the number of the phone and the channel whose account wrote: WhatsApp ids in the order of arrival.
    pub arrived: HashMap<(String, String), Vec<String>>,
    /// The whole event log.
    pub log: Vec<Value>,
    pub heard: Vec<Heard>,
    pub restarts: usize,
}

/// How often the application is asked whether it has come to rest.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits, for `patience` at the most, until every accepted message was delivered, every written one received, and every delivery
/// made. With `losses` what came in is not waited for: some of it will never be there.
pub(crate) async fn calm(
    rest: &Rest,
    accepted: &[Accepted],
    written: &[Written],
    losses: bool,
    patience: Duration,
) -> Result<()> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let undone = undone(rest, accepted, written, losses).await?;
        if undone.is_empty() {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < deadline, "{patience:?} after the last blow this is not done: {undone:#?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What is still to come, the first few of it in words.
async fn undone(rest: &Rest, accepted: &[Accepted], written: &[Written], losses: bool) -> Result<Vec<String>> {
    let counts = rest.get("/v1/outbox?limit=1").await?["counts"].clone();
    if ["queued", "sending", "scheduled"].iter().any(|name| counts[name] != 0) {
        return Ok(vec![format!("the outbox has {counts}")]);
    }
    let webhooks = rest.get("/v1/webhooks").await?;
    let owing = |w: &&Value| w["pending"] != 0;
    if let Some(webhook) = webhooks["items"].as_array().context("a list of endpoints")?.iter().find(owing) {
        return Ok(vec![format!("a webhook is owed something: {webhook}")]);
    }
    let log = log(rest).await?;
    let (ended, received) = progress(&log);
    let mut undone = Vec::new();
    for send in accepted.iter().filter(|a| !ended.contains(a.id.as_str())).take(5) {
        let message = rest.get(&format!("/v1/messages/{}", send.id)).await?;
        undone.push(format!("send {} is {}", send.whatsapp_id, message["status"]));
    }
    if !losses {
        let missing = written.iter().filter(|w| !received.contains(&(w.channel.as_str(), w.whatsapp_id.as_str())));
        undone.extend(missing.take(5).map(|text| format!("text {} of {} did not come", text.whatsapp_id, text.by)));
    }
    if undone.is_empty() && log.last() != self::log(rest).await?.last() {
        undone.push("the log still grows".into());
    }
    Ok(undone)
}

type Names<'a> = (std::collections::HashSet<&'a str>, std::collections::HashSet<(&'a str, &'a str)>);

/// Which messages the log says were delivered (or ended otherwise), and which came in.
fn progress(log: &[Value]) -> Names<'_> {
    let (mut ended, mut received) = Names::default();
    for event in log {
        let message = &event["data"]["message"];
        match event["type"].as_str() {
            Some("message.delivered" | "message.read" | "message.failed") => ended.extend(message["id"].as_str()),
            Some("message.received") => {
                received.extend(message["channel_id"].as_str().zip(message["whatsapp_id"].as_str()));
            }
            Some(_) | None => {}
        }
    }
    (ended, received)
}

/// The whole log, page by page.
pub(crate) async fn log(rest: &Rest) -> Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = rest.page(&format!("/v1/events?after={after}&limit=1000")).await?;
        let items = page["items"].as_array().context("a page of events")?;
        if items.is_empty() {
            return Ok(all);
        }
        all.extend(items.iter().cloned());
        after = page["next_after"].as_u64().context("where the next page begins")?;
    }
}

/// What a phone got from the accounts of the channels.
pub(crate) async fn arrived(phone: &Phone, lines: &[Line]) -> HashMap<(String, String), Vec<String>> {
    let mut by_channel: HashMap<(String, String), Vec<String>> = HashMap::new();
    for message in phone.messages().await {
        let wrote = lines.iter().find(|line| message.chat.user == line.phone.number());
        if let (Direction::In, Some(line)) = (message.direction, wrote) {
            // One that never became readable has not arrived.
            if message.content.text().is_some() {
                by_channel.entry((phone.number().to_owned(), line.channel.clone())).or_default().push(message.id);
            }
        }
    }
    by_channel
}
