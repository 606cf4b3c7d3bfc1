//! A webhook receiver: keeps what it said 200 to, and is as reliable as it is told to be.

use super::evidence::Heard;
use crate::Rest;
use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How a receiver behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    Steady,
    /// One request in a hundred is refused, and of one in five hundred the answer is lost. (Each holds the endpoint up for
    /// seconds, by the schedule of the sender.)
    Flaky,
}

/// Listens on a port of its own until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    name: &'static str,
    url: String,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    conduct: Conduct,
    random: StdRng,
    webhook: Option<Secret>,
    heard: Heard,
}

struct Secret(Webhook);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

/// What a request is answered.
enum Answer {
    Taken,
    Refused,
    /// The connection is cut.
    Nothing,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// # Errors
    /// When it cannot listen.
    pub async fn start(name: &'static str, conduct: Conduct, seed: u64) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let heard = Heard { receiver: name.to_owned(), ..Heard::default() };
        let random = StdRng::seed_from_u64(seed ^ 0xf1a);
        let shared = Arc::new(Mutex::new(Shared { conduct, random, webhook: None, heard }));
        let state = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(state.clone(), request));
                    // A connection that is cut is what we are here for.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Receiver { name, url, shared, task })
    }

    /// Makes itself an endpoint for these event types (none: all).
    ///
    /// # Errors
    /// When it is refused.
    pub async fn register(&self, rest: &Rest, types: &[&str]) -> Result<()> {
        let made = rest.post("/v1/webhooks", json!({ "url": self.url, "description": self.name, "types": types })).await?;
        let secret = made["secret"].as_str().context("a new endpoint shows its secret")?;
        let log = super::evidence::log(rest).await?;
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.webhook = Some(Secret(Webhook::new(secret)?));
        shared.heard.from_seq = log.last().and_then(|e| e["seq"].as_u64()).unwrap_or(0);
        Ok(())
    }

    /// What it took so far; `families`: the beginnings of the types that it asked for.
    pub fn heard(&self, families: &[&str]) -> Heard {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        Heard { families: families.iter().map(|f| (*f).to_owned()).collect(), ..shared.heard.clone() }
    }
}

async fn answer(state: Arc<Mutex<Shared>>, request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Err(std::io::Error::other("the request ended")) };
    let what = state.lock().unwrap_or_else(PoisonError::into_inner).take(&head.headers, &body.to_bytes());
    match what {
        Answer::Taken => Ok(Response::new(Empty::new())),
        Answer::Refused => {
            let mut response = Response::new(Empty::new());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            // So that a test does not last as long as the schedule would have it.
            response.headers_mut().insert("retry-after", hyper::header::HeaderValue::from_static("1"));
            Ok(response)
        }
        Answer::Nothing => Err(std::io::Error::other("the line is cut")),
    }
}

impl Shared {
    fn take(&mut self, headers: &hyper::HeaderMap, body: &[u8]) -> Answer {
        if self.conduct == Conduct::Flaky {
            match self.random.random_range(0..500) {
                0..=4 => return Answer::Refused,
                // Taken, but the sender does not learn it: the event comes again.
                5 if self.note(headers, body) => return Answer::Nothing,
                _ => {}
            }
        }
        if self.note(headers, body) { Answer::Taken } else { Answer::Refused }
    }

    /// Whether the request is in order.
    fn note(&mut self, headers: &hyper::HeaderMap, body: &[u8]) -> bool {
        let verified = self.webhook.as_ref().is_some_and(|w| w.0.verify(body, headers).is_ok());
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let named = headers.get("webhook-id").and_then(|id| id.to_str().ok()) == event["id"].as_str();
        match event["seq"].as_u64() {
            Some(seq) if verified && named => {
                self.heard.seqs.push(seq);
                true
            }
            Some(_) | None => {
                self.heard.forged += 1;
                false
            }
        }
    }
}
