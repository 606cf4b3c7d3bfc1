//! What a run leaves behind, collected from all sides.

use super::traffic::Line;
use crate::Rest;
use anyhow::{Context, Result};
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

/// Waits until every accepted message was delivered, every written one received, and every delivery made. With
/// `losses` what came in is not waited for: some of it will never be there.
pub(super) async fn calm(rest: &Rest, accepted: &[Accepted], written: &[Written], losses: bool) -> Result<()> {
    loop {
        let counts = rest.get("/v1/outbox?limit=1").await?["counts"].clone();
        let waiting: u64 = ["queued", "sending", "scheduled"].iter().filter_map(|name| counts[name].as_u64()).sum();
        let webhooks = rest.get("/v1/webhooks").await?;
        let owed: u64 =
            webhooks["webhooks"].as_array().context("a list of endpoints")?.iter().filter_map(|w| w["pending"].as_u64()).sum();
        let done = waiting == 0 && owed == 0 && {
            let log = log(rest).await?;
            let last = log.last().and_then(|e| e["seq"].as_u64());
            let (delivered, received) = progress(&log);
            let all_out = accepted.iter().all(|a| delivered.contains(a.id.as_str()));
            let all_in = losses || written.iter().all(|w| received.contains(&(w.channel.as_str(), w.whatsapp_id.as_str())));
            // Nothing moved while we looked.
            all_out && all_in && last == self::last(rest).await?
        };
        if done {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
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

async fn last(rest: &Rest) -> Result<Option<u64>> {
    Ok(log(rest).await?.last().and_then(|e| e["seq"].as_u64()))
}

/// The whole log, page by page.
pub(super) async fn log(rest: &Rest) -> Result<Vec<Value>> {
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
pub(super) async fn arrived(phone: &Phone, lines: &[Line]) -> HashMap<(String, String), Vec<String>> {
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
