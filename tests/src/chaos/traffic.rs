//! Who writes what, while it lasts.

use super::evidence::{Accepted, Written};
use crate::Rest;
use anyhow::{Context, Result, bail};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::StatusCode;
use sandbox::phone::Phone;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A channel and the phone of its account.
#[derive(Clone, Debug)]
pub struct Line {
    pub n: usize,
    pub channel: String,
    pub phone: Phone,
}

/// Before a request is made again that the application was not there to answer.
const AGAIN: Duration = Duration::from_millis(40);
/// How long a request waits for its answer.
const ANSWER: Duration = Duration::from_secs(5);

/// How much of it.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Between two sends of a channel, in milliseconds.
    pub out_ms: std::ops::Range<u64>,
    /// Between two texts of a stranger.
    pub in_ms: std::ops::Range<u64>,
}

impl Pace {
    /// For a few channels.
    pub const LIVELY: Pace = Pace { out_ms: 20..200, in_ms: 20..200 };
}

/// One program per channel sends to the strangers until `stop`, each request under its own key and again until it is answered,
/// each time through another one of `doors`.
pub(crate) fn out(
    seed: u64,
    doors: &[Rest],
    lines: &[Line],
    strangers: &[Phone; 2],
    pace: &Pace,
    stop: &CancellationToken,
) -> JoinSet<Result<Vec<Accepted>>> {
    let mut programs = JoinSet::new();
    for line in lines {
        let (doors, channel, stop, pace) = (doors.to_vec(), line.channel.clone(), stop.clone(), pace.out_ms.clone());
        let to = strangers.each_ref().map(|phone| phone.number().to_owned());
        let mut random = StdRng::seed_from_u64(seed ^ (0x5e4d << 8) ^ line.n as u64);
        programs.spawn(async move {
            let mut accepted = Vec::new();
            while !stop.is_cancelled() {
                let to = &to[random.random_range(0..2)];
                let key = format!("chaos-{seed}-{}", accepted.len());
                let body = json!({ "to": to, "content": { "type": "text", "text": format!("out {}", accepted.len()) } });
                accepted.push(send(&doors, &mut random, &channel, to, &key, &body).await?);
                tokio::time::sleep(Duration::from_millis(random.random_range(pace.clone()))).await;
            }
            Ok(accepted)
        });
    }
    programs
}

/// Posts until there is an answer; the key makes the repetitions one send.
async fn send(
    doors: &[Rest],
    random: &mut StdRng,
    channel: &str,
    to: &str,
    key: &str,
    body: &serde_json::Value,
) -> Result<Accepted> {
    loop {
        let rest = doors.choose(random).context("there is a door")?;
        // Nobody there is no answer, and neither is silence.
        let answered = tokio::time::timeout(ANSWER, rest.send_once(channel, key, body)).await;
        if let Ok(Ok((status, answer))) = answered {
            match status {
                StatusCode::ACCEPTED => {
                    let text = |name: &str| answer[name].as_str().map(str::to_owned).context("a message has its ids");
                    return Ok(Accepted {
                        channel: channel.to_owned(),
                        to: to.to_owned(),
                        id: text("id")?,
                        whatsapp_id: text("whatsapp_id")?,
                    });
                }
                StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {}
                _ => bail!("a send was answered {status} {answer}"),
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The strangers write to the accounts of the channels until `stop`.
pub(crate) fn into(
    seed: u64,
    lines: &[Line],
    strangers: &[Phone; 2],
    pace: &Pace,
    stop: &CancellationToken,
) -> JoinSet<Result<Vec<Written>>> {
    let mut writers = JoinSet::new();
    for (n, stranger) in strangers.iter().enumerate() {
        let (stranger, lines, stop, pace) = (stranger.clone(), lines.to_vec(), stop.clone(), pace.in_ms.clone());
        let mut random = StdRng::seed_from_u64(seed ^ (0x1d0 << 8) ^ n as u64);
        writers.spawn(async move {
            let mut written = Vec::new();
            while !stop.is_cancelled() {
                let line = &lines[random.random_range(0..lines.len())];
                let whatsapp_id = stranger.send_text(line.phone.number(), &format!("in {}", written.len())).await?;
                written.push(Written { channel: line.channel.clone(), by: stranger.number().to_owned(), whatsapp_id });
                tokio::time::sleep(Duration::from_millis(random.random_range(pace.clone()))).await;
            }
            Ok(written)
        });
    }
    writers
}

/// What all of them did.
pub(crate) async fn gather<T: 'static>(mut tasks: JoinSet<Result<Vec<T>>>) -> Result<Vec<T>> {
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.extend(done??);
    }
    Ok(all)
}
