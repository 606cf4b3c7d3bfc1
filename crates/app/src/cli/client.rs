//! The running application, reached as any other program reaches it: over its API.

use anyhow::{Result, anyhow, bail};
use app::{Config, RunArgs, Sources};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

pub struct Client {
    pub base: String,
    key: String,
    http: reqwest::Client,
}

impl Client {
    /// Finds the running application by its data directory and the admin key in its vault.
    pub async fn connect(args: RunArgs) -> Result<Self> {
        let config = Config::load(&Sources::from_args(args))?;
        let Some(running) = app::Running::find(&config.data_dir) else {
            bail!("nothing runs on {}; start it with: whatisupd run", config.data_dir.display());
        };
        if running.lives() == Some(false) {
            // Nor is its port ours any more: whoever has it now must not be sent the key.
            bail!(
                "nothing runs on {}: process {} did not stop in order; start it again with: whatisupd run",
                config.data_dir.display(),
                running.pid
            );
        }
        let key = app::admin_key(&config).await?;
        // Never through a proxy of the environment: it would get the admin key.
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Client { base: running.base_url(), key, http })
    }

    /// The JSON of a 2xx answer; anything else is an error in the API's own words.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.request(method, path).header("accept", "application/json");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = self.send(request).await?;
        let text = answer.text().await.map_err(|_| self.gone())?;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The event stream at `path`, as a bell: whoever hears it looks again.
    pub async fn news(&self, path: &str) -> Result<News> {
        let answer = self.send(self.request(Method::GET, path).header("accept", "text/event-stream")).await?;
        let pieces = answer.bytes_stream().map(|piece| piece.map(drop)).boxed();
        Ok(News { pieces, base: self.base.clone() })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        // Who reads the audit log is told that it was a person in a terminal.
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key).header("x-whatisup", "cli")
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let answer = request.send().await.map_err(|error| match error.is_connect() {
            true => anyhow!("nothing answers at {}; start it with: whatisupd run", self.base),
            false => self.gone(),
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let problem: Value = answer.json().await.unwrap_or(Value::Null);
        let detail = problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or("no reason given");
        bail!("{status}: {detail}");
    }

    /// The pieces of a 2xx answer of this media type as they come, for what may be long.
    pub async fn pieces(&self, path: &str, kind: &str, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> Result<()> {
        let answer = self.send(self.request(Method::GET, path).header("accept", kind)).await?;
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            take(&piece.map_err(|_| self.gone())?)?;
        }
        Ok(())
    }

    /// Everything of a list that comes in pages, up to `most` entries.
    pub async fn all(&self, path: &str, most: usize) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = match &cursor {
                None => self.get(path).await?,
                Some(cursor) => {
                    self.get(&format!("{path}{}cursor={cursor}", if path.contains('?') { '&' } else { '?' })).await?
                }
            };
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() || items.len() >= most {
                items.truncate(most);
                return Ok(items);
            }
        }
    }

    fn gone(&self) -> anyhow::Error {
        gone(&self.base)
    }

    /// The bytes of a 2xx answer, and the name that it suggests for a file of them.
    pub async fn file(&self, path: &str, body: &Value) -> Result<(Vec<u8>, Option<String>)> {
        let answer = self.send(self.request(Method::POST, path).json(body)).await?;
        let suggested = answer.headers().get("content-disposition").and_then(|value| value.to_str().ok());
        let name = suggested.and_then(|text| text.split("filename=\"").nth(1)?.strip_suffix('"')).map(str::to_owned);
        let bytes = answer.bytes().await.map_err(|_| self.gone())?;
        Ok((bytes.to_vec(), name))
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    pub async fn post(&self, path: &str, body: Option<Value>) -> Result<Value> {
        self.call(Method::POST, path, body).await
    }

    /// All channels.
    pub async fn channels(&self) -> Result<Vec<Value>> {
        let page = self.get("/v1/channels?limit=500").await?;
        Ok(page["items"].as_array().cloned().unwrap_or_default())
    }
}

/// That something has happened, not what.
pub struct News {
    pieces: BoxStream<'static, reqwest::Result<()>>,
    base: String,
}

impl News {
    /// Returns when something may have changed: an event came, or a heartbeat.
    pub async fn wait(&mut self) -> Result<()> {
        match self.pieces.next().await {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(gone(&self.base)),
        }
    }
}

fn gone(base: &str) -> anyhow::Error {
    anyhow!("the application at {base} hung up: it has stopped, or is stopping; start it with: whatisupd run")
}
