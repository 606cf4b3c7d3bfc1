//! The event stream as a program reads it.

use crate::{PATIENCE, leaks};
use anyhow::{Context, Result, bail};
use futures::StreamExt;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// One server-sent event.
#[derive(Clone, Debug)]
pub struct Event {
    /// `snapshot`, `gap`, or an event type.
    pub name: String,
    pub id: Option<u64>,
    pub data: Value,
}

/// An open stream. What was read while waiting for something else is kept in [`Events::seen`].
#[derive(Debug)]
pub struct Events {
    incoming: mpsc::UnboundedReceiver<Event>,
    pub seen: Vec<Event>,
}

impl Events {
    /// # Errors
    /// When the stream is refused.
    pub async fn open(base: &str, key: &str, after: Option<u64>) -> Result<Self> {
        let mut request =
            reqwest::Client::new().get(format!("{base}/v1/events")).bearer_auth(key).header("accept", "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let answer = request.send().await?.error_for_status()?;
        let (send, incoming) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut bytes = answer.bytes_stream();
            let mut text = String::new();
            while let Some(Ok(chunk)) = bytes.next().await {
                text.push_str(&String::from_utf8_lossy(&chunk));
                while let Some(end) = text.find("\n\n") {
                    let block: String = text.drain(..end + 2).collect();
                    if let Some(event) = parse(&block)
                        && send.send(event).is_err()
                    {
                        return;
                    }
                }
            }
        });
        Ok(Events { incoming, seen: Vec::new() })
    }

    /// Waits for the first event from here on for which `wanted` holds.
    ///
    /// # Errors
    /// When the stream ends or it does not come in time; names what came instead.
    pub async fn wait(&mut self, what: &str, mut wanted: impl FnMut(&Event) -> bool) -> Result<Event> {
        let deadline = Instant::now() + PATIENCE;
        let from = self.seen.len();
        loop {
            match timeout_at(deadline, self.incoming.recv()).await {
                Ok(Some(event)) => {
                    self.seen.push(event.clone());
                    if wanted(&event) {
                        return Ok(event);
                    }
                }
                Ok(None) => bail!("the stream ended while waiting for {what}; it said {:?}", names(&self.seen[from..])),
                Err(_) => bail!("{what} did not come; instead came {:?}", names(&self.seen[from..])),
            }
        }
    }

    /// Waits until events of this type have come so many times from here on.
    ///
    /// # Errors
    /// As [`Events::wait`].
    pub async fn times(&mut self, name: &str, count: usize) -> Result<Event> {
        let mut come = 0;
        let wanted = |e: &Event| {
            come += usize::from(e.name == name);
            come == count
        };
        self.wait(&format!("{name}, {count} times"), wanted).await
    }

    /// Waits for an event of this type for this channel.
    ///
    /// # Errors
    /// As [`Events::wait`].
    pub async fn of(&mut self, name: &str, channel: &str) -> Result<Event> {
        self.wait(&format!("{name} of {channel}"), |e| e.name == name && e.data["channel_id"] == channel).await
    }
}

fn names(events: &[Event]) -> Vec<String> {
    let detail = |e: &Event| match (&e.data["data"]["channel"]["state"]["reason"], &e.data["data"]["channel"]["state"]["cause"])
    {
        (Value::String(word), _) | (_, Value::String(word)) => format!("{}({word})", e.name),
        _ => e.name.clone(),
    };
    events.iter().map(detail).collect()
}

fn parse(block: &str) -> Option<Event> {
    let mut name = "message".to_owned();
    let (mut id, mut data) = (None, String::new());
    for line in block.lines() {
        match line.split_once(':').map(|(k, v)| (k, v.strip_prefix(' ').unwrap_or(v))) {
            Some(("event", v)) => name = v.to_owned(),
            Some(("id", v)) => id = v.parse().ok(),
            Some(("data", v)) => data.push_str(v),
            Some(_) | None => {}
        }
    }
    if data.is_empty() {
        return None; // a heartbeat comment
    }
    leaks::told(&name, &data);
    let data = serde_json::from_str(&data).context(data).ok()?;
    Some(Event { name, id, data })
}
