//! From a phone to a webhook receiver.

use super::figures::Sample;
use crate::hook::{Hook, Reply};
use crate::{PATIENCE, Rest};
use anyhow::{Context, Result};
use sandbox::phone::Phone;
use serde_json::json;
use std::time::Instant;

/// From a phone's send (its encryption and the sandbox's routing included) to the request at the receiver.
///
/// # Errors
/// When a request does not come.
pub async fn latency(rest: &Rest, from: &Phone, to: &Phone, times: usize) -> Result<Sample> {
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let hook = Hook::start(move |caught| {
        // Nobody there to take it: the measurement is over.
        let _ = arrived.send((Instant::now(), caught.json().unwrap_or_default()));
        Reply::Status(204, String::new())
    })
    .await?;
    let endpoint = rest.post("/v1/webhooks", json!({ "url": hook.url(), "types": ["message.received"] })).await?;
    let mut sample = Sample::default();
    for n in 0..times {
        let began = Instant::now();
        let id = from.send_text(to.number(), &format!("hook {n}")).await?;
        loop {
            let arrival = tokio::time::timeout(PATIENCE, arrivals.recv()).await.context("no request came")?;
            let (at, event) = arrival.context("the receiver is there")?;
            if event["data"]["message"]["whatsapp_id"] == id.as_str() {
                sample.add(at - began);
                break;
            }
        }
    }
    rest.delete(&format!("/v1/webhooks/{}", endpoint["id"].as_str().context("an endpoint has an id")?)).await?;
    Ok(sample)
}
