//! What it costs a request to be let in, and what a flood of callers who are not costs those who are.

use super::figures::Sample;
use super::messages;
use crate::apps::App;
use crate::raw::{Place, Raw};
use crate::{Rest, Whatisup, World};
use anyhow::{Context, Result, ensure};
use sandbox::phone::Phone;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections over which the flood comes, all from one address, and as fast as it is answered.
const BAD: usize = 64;

/// Over one kept connection each, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// A route that asks for nothing: the server, the door and the socket.
    pub open: f64,
    /// A route that needs a key and does next to nothing, with the key of an app.
    pub keyed: f64,
}

/// Requests of each kind, in turns, so that both see the same machine.
const TIMES: usize = 6000;

/// # Errors
/// When a request is refused.
pub async fn cost(app: &Whatisup, admin: &Rest) -> Result<Cost> {
    let program = App::of(admin, json!({ "name": "Cost", "scopes": ["channels:read"], "limits": 100_000 })).await?;
    let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), app.options.port);
    let (mut one, mut other) = (Raw::to(at), Raw::to(at));
    let open = request(at, "/livez", None);
    let keyed = request(at, "/v1/me", Some(program.rest.key()));
    let (mut without, mut with) = (Sample::default(), Sample::default());
    for n in 0..TIMES + 500 {
        let (first, second) = (asked(&mut one, &open).await?, asked(&mut other, &keyed).await?);
        // The first ones warm up.
        if n >= 500 {
            without.add(first);
            with.add(second);
        }
    }
    Ok(Cost { open: without.median(), keyed: with.median() })
}

async fn asked(raw: &mut Raw, request: &[u8]) -> Result<Duration> {
    let began = Instant::now();
    let answer = raw.ask(request, false).await?.context("an answer")?;
    let took = began.elapsed();
    ensure!(answer.status == 200, "answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    Ok(took)
}

fn request(at: SocketAddr, path: &str, key: Option<&str>) -> Vec<u8> {
    let key = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: {at}\r\n{key}\r\n").into_bytes()
}

/// How long a send of a good program takes, from its POST to the frame at the sandbox.
#[derive(Debug)]
pub struct Flood {
    pub quiet: Sample,
    pub flooded: Sample,
    /// Answers per second that the flood got meanwhile.
    pub bad_per_second: f64,
}

/// A program sends over `channel`; then it does so again while others try keys that are none.
///
/// # Errors
/// When a good request is refused.
pub async fn flood(world: &World, app: &Whatisup, admin: &Rest, channel: &str, to: &Phone, times: usize) -> Result<Flood> {
    let body = json!({ "name": "Good", "scopes": ["messages:send", "messages:read"], "limits": 100_000 });
    let good = App::of(admin, body).await?.rest;
    messages::send_latency(world, &good, channel, to, messages::WARM_UP).await?;
    let quiet = messages::send_latency(world, &good, channel, to, times).await?;
    messages::breathe().await;

    let (stop, answered) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let mut bad = JoinSet::new();
    let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), app.options.port);
    for n in 0..BAD {
        let (stop, answered) = (stop.clone(), answered.clone());
        bad.spawn(async move {
            let from = Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)));
            let mut raw = Raw::at(Place::Tcp { to: at, from });
            let wrong = request(at, "/v1/channels", Some(&format!("wiu_{n:0>43}")));
            while !stop.is_cancelled() {
                // Being thrown out is an answer, too.
                let _ = raw.ask(&wrong, false).await;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    messages::breathe().await;
    let (began, before) = (Instant::now(), answered.load(Ordering::Relaxed));
    let flooded = messages::send_latency(world, &good, channel, to, times).await?;
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let bad_per_second = (answered.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    stop.cancel();
    bad.join_all().await;
    Ok(Flood { quiet, flooded, bad_per_second })
}
