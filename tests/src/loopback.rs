//! `whatisup-sandbox` as authors of WhatsApp programs run it: a process of its own, driven over its control port.

use crate::{PATIENCE, Rest, binaries};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A running sandbox that speaks wss, killed when dropped.
#[derive(Debug)]
pub struct Loopback {
    pub url: String,
    /// The CA of its certificate, as PEM.
    pub ca: PathBuf,
    /// The numbers of its phones.
    pub phones: Vec<String>,
    control: Rest,
    _process: Child,
}

impl Loopback {
    /// # Errors
    /// When the program is not built or does not say where it is.
    pub async fn start(ca: &Path) -> Result<Self> {
        let mut process = Command::new(binaries::program("whatisup-sandbox")?)
            .args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--tls", "--phones", "2", "--ca-out"])
            .arg(ca)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start whatisup-sandbox")?;
        let mut lines = BufReader::new(process.stdout.take().context("stdout is piped")?).lines();
        let line =
            timeout(PATIENCE, lines.next_line()).await.context("the sandbox says nothing")??.context("the sandbox ended")?;
        let said: Value = serde_json::from_str(&line)?;
        let word = |value: &Value| value.as_str().map(str::to_owned).context("addresses and numbers are text");
        Ok(Loopback {
            url: word(&said["url"])?,
            ca: ca.to_owned(),
            phones: said["phones"].as_array().context("it lists its phones")?.iter().map(word).collect::<Result<_>>()?,
            // The control port asks for no key.
            control: Rest::new(word(&said["control"])?, String::new()),
            _process: process,
        })
    }

    /// # Errors
    /// When the phone does not take the QR.
    pub async fn scan(&self, number: &str, qr: &str) -> Result<()> {
        self.control.post(&format!("/phones/{number}/scan"), json!({ "qr": qr })).await.map(drop)
    }

    /// # Errors
    /// When the network does not take it.
    pub async fn send_text(&self, from: &str, to: &str, text: &str) -> Result<()> {
        self.control.post(&format!("/phones/{from}/messages"), json!({ "to": to, "text": text })).await.map(drop)
    }

    /// The texts that a phone has decrypted or sent.
    ///
    /// # Errors
    /// When there is no such phone.
    pub async fn texts(&self, number: &str) -> Result<Vec<String>> {
        let messages = self.control.get(&format!("/phones/{number}/messages")).await?;
        let texts = messages.as_array().into_iter().flatten().filter_map(|m| m["text"].as_str());
        Ok(texts.map(str::to_owned).collect())
    }

    /// # Errors
    /// When the control port does not answer.
    pub async fn counters(&self) -> Result<Value> {
        self.control.get("/counters").await
    }
}
