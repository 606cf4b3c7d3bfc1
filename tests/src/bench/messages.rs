//! Sends and receives: how long, and how many.

use super::figures::Sample;
use crate::{Events, PATIENCE, Rest, World};
use anyhow::{Context, Result, bail};
use sandbox::NetworkEvent;
use sandbox::phone::Phone;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

/// From the start of the POST to the `<message>` at the sandbox, one after the other.
///
/// # Errors
/// When a message does not arrive.
pub async fn send_latency(world: &World, rest: &Rest, channel: &str, to: &Phone, times: usize) -> Result<Sample> {
    let mut network = world.network().events();
    let mut sample = Sample::default();
    for n in 0..times {
        let began = Instant::now();
        let message = rest.send_text(channel, to.number(), &format!("latency {n}")).await?;
        let id = message["whatsapp_id"].as_str().context("a message has its WhatsApp id")?.to_owned();
        routed(&mut network, |routed| routed == id).await?;
        sample.add(began.elapsed());
    }
    Ok(sample)
}

/// Messages per second from the first POST until the last one is at the sandbox, with `writers` requests in flight per channel;
/// each channel is written to through another of `doors`.
///
/// # Errors
/// When a message does not arrive.
pub async fn send_rate(
    world: &World,
    doors: &[Rest],
    channels: &[String],
    to: &Phone,
    each: usize,
    writers: usize,
) -> Result<f64> {
    let mut network = world.network().events();
    let total = each * channels.len();
    let counted = tokio::spawn(async move {
        let mut left = total;
        while left > 0 {
            match tokio::time::timeout(PATIENCE, network.recv()).await {
                Ok(Ok(NetworkEvent::MessageRouted { .. })) => left -= 1,
                Ok(Ok(_)) => {}
                Ok(Err(broadcast::error::RecvError::Lagged(n))) => bail!("the sandbox told {n} events too fast to count"),
                Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => bail!("{left} of {total} messages never left"),
            }
        }
        Ok(Instant::now())
    });
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for (channel, rest) in channels.iter().zip(doors.iter().cycle()) {
        for writer in 0..writers {
            let (rest, channel, to) = (rest.clone(), channel.clone(), to.number().to_owned());
            let share = each / writers + usize::from(writer < each % writers);
            tasks.spawn(async move {
                for n in 0..share {
                    rest.send_text(&channel, &to, &format!("rate {writer} {n}")).await?;
                }
                anyhow::Ok(())
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let ended = counted.await??;
    #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
    Ok(total as f64 / (ended - began).as_secs_f64())
}

/// From a phone's send (its encryption and the sandbox's routing included) to the event on the stream.
///
/// # Errors
/// When an event does not come.
pub async fn receive_latency(events: &mut Events, from: &Phone, to: &Phone, times: usize) -> Result<Sample> {
    let mut sample = Sample::default();
    for n in 0..times {
        let began = Instant::now();
        let id = from.send_text(to.number(), &format!("inbound {n}")).await?;
        events
            .wait("the message", |e| e.name == "message.received" && e.data["data"]["message"]["whatsapp_id"] == id.as_str())
            .await?;
        sample.add(began.elapsed());
    }
    Ok(sample)
}

async fn routed(network: &mut broadcast::Receiver<NetworkEvent>, wanted: impl Fn(&str) -> bool) -> Result<()> {
    let search = async {
        loop {
            match network.recv().await {
                Ok(NetworkEvent::MessageRouted { id, .. }) if wanted(&id) => return Ok(()),
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => bail!("the sandbox ended"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.context("the message never left")?
}

/// How long a warm-up lasts in messages: the first ones open Signal sessions.
pub const WARM_UP: usize = 50;

/// A pause between measurements, so that one does not pay for the other's backlog.
pub async fn breathe() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

/// From the start of the POST to its 202, which says that the message is on disk; one after the other.
///
/// # Errors
/// When a send is refused.
pub async fn accept_latency(rest: &Rest, channel: &str, to: &Phone, times: usize) -> Result<Sample> {
    let mut sample = Sample::default();
    for n in 0..times {
        let began = Instant::now();
        rest.send_text(channel, to.number(), &format!("accept {n}")).await?;
        sample.add(began.elapsed());
    }
    Ok(sample)
}
