//! The REST API as a program uses it.

use crate::leaks::{self, Kind};
use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A client with a key.
#[derive(Clone, Debug)]
pub struct Rest {
    base: String,
    key: String,
    http: reqwest::Client,
}

impl Rest {
    pub fn new(base: String, key: String) -> Self {
        leaks::know(Kind::Secret, "a key", &key);
        Rest { base, key, http: reqwest::Client::new() }
    }

    /// A client without any key.
    pub fn nobody(base: String) -> Self {
        Rest { base, key: String::new(), http: reqwest::Client::new() }
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// Status and JSON (or text, as a JSON string) of any request.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<(StatusCode, Value)> {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = body {
            leaks::harvest(&body);
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| format!("no answer to {path}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        leaks::answered(method.as_str(), path, &text);
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok((status, value))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.key.is_empty() { request } else { request.bearer_auth(&self.key) }
    }

    async fn good(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let (status, value) = self.call(method.clone(), path, body).await?;
        if !status.is_success() {
            bail!("{method} {path}: {status} {value}");
        }
        Ok(value)
    }

    /// # Errors
    /// When the answer is not 2xx.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.good(Method::GET, path, None).await
    }

    /// # Errors
    /// When the answer is not 2xx.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.good(Method::POST, path, Some(body)).await
    }

    /// A POST without a body, such as `…/start`.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn act(&self, path: &str) -> Result<Value> {
        self.good(Method::POST, path, None).await
    }

    /// # Errors
    /// When the answer is not 2xx.
    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.good(Method::DELETE, path, None).await
    }

    /// Makes a channel, which starts pairing, and returns its id.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn create_channel(&self, name: &str) -> Result<String> {
        let channel = self.post("/v1/channels", json!({ "name": name })).await?;
        Ok(channel["id"].as_str().context("a channel has an id")?.to_owned())
    }

    /// Sends a text and returns the accepted message.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn send_text(&self, channel: &str, to: &str, text: &str) -> Result<Value> {
        let body = json!({ "to": to, "content": { "type": "text", "text": text } });
        self.post(&format!("/v1/channels/{channel}/messages"), body).await
    }

    /// One try of a send under an `Idempotency-Key`: its status and answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send_once(&self, channel: &str, key: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let path = format!("/v1/channels/{channel}/messages");
        leaks::harvest(body);
        let answer = self.request(Method::POST, &path).header("idempotency-key", key).json(body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        leaks::answered("POST", &path, &text);
        Ok((status, serde_json::from_str(&text)?))
    }

    /// A page of events as JSON, where the same address would also give a stream.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn page(&self, path: &str) -> Result<Value> {
        let request = self.request(Method::GET, path).header("accept", "application/json");
        let text = request.send().await?.error_for_status()?.text().await?;
        leaks::answered("GET", path, &text);
        Ok(serde_json::from_str(&text)?)
    }

    /// The text that the QR of a channel encodes.
    ///
    /// # Errors
    /// When there is no QR to scan now.
    pub async fn qr(&self, channel: &str) -> Result<String> {
        let request = self.request(Method::GET, &format!("/v1/channels/{channel}/qr"));
        let answer = request.header("accept", "application/json").send().await?;
        let status = answer.status();
        let value: Value = answer.json().await?;
        match value["text"].as_str() {
            Some(text) if status.is_success() => {
                // Among them is the secret that the phone's answer is proven with.
                text.split(',')
                    .filter(|part| part.len() > 40)
                    .for_each(|part| leaks::know(Kind::Secret, "a part of a QR", part));
                Ok(text.to_owned())
            }
            Some(_) | None => bail!("no QR: {status} {value}"),
        }
    }

    /// Asks for the state of a channel until it is as wanted: for what cannot be written, and so is no event yet.
    ///
    /// # Errors
    /// When it does not become so; says what it is instead.
    pub async fn until(&self, what: &str, channel: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let deadline = tokio::time::Instant::now() + crate::PATIENCE;
        loop {
            let state = self.state(channel).await?;
            if wanted(&state) {
                return Ok(());
            }
            if tokio::time::Instant::now() >= deadline {
                bail!("{what}: not so; the channel is {state}");
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The state of a channel.
    ///
    /// # Errors
    /// When there is no such channel.
    pub async fn state(&self, channel: &str) -> Result<Value> {
        Ok(self.get(&format!("/v1/channels/{channel}")).await?["state"].clone())
    }
}
