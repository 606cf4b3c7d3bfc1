//! A program that webhooks call: it records what comes and answers as it is told.

use crate::rig::PATIENCE;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::sync::mpsc;

pub struct Receiver {
    pub url: String,
    answers: Arc<AtomicU16>,
    came: mpsc::UnboundedReceiver<Call>,
}

#[derive(Debug)]
pub struct Call {
    pub headers: HeaderMap,
    pub body: Value,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let (send, came) = mpsc::unbounded_channel();
        let answers = Arc::new(AtomicU16::new(200));
        let status = answers.clone();
        let take = move |headers: HeaderMap, body: Bytes| {
            let body = serde_json::from_slice(&body).unwrap();
            send.send(Call { headers, body }).unwrap();
            let status = StatusCode::from_u16(status.load(Ordering::Relaxed)).unwrap();
            async move { (status, "taken note of") }
        };
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hooks", post(take))).await });
        Receiver { url, answers, came }
    }

    /// With which status it answers from now on.
    pub fn answers(&self, status: u16) {
        self.answers.store(status, Ordering::Relaxed);
    }

    pub async fn next(&mut self) -> Call {
        tokio::time::timeout(PATIENCE, self.came.recv()).await.expect("it is called").unwrap()
    }

    /// What came and was not looked at.
    pub fn rest(&mut self) -> usize {
        let mut many = 0;
        while self.came.try_recv().is_ok() {
            many += 1;
        }
        many
    }
}
