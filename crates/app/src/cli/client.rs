//! The running application, reached as any other program reaches it: over its API.

use anyhow::{Context, Result, bail};
use app::{Config, RunArgs, Sources};
use reqwest::Method;
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
        let key = app::admin_key(&config).await?;
        Ok(Client { base: running.base_url(), key, http: reqwest::Client::new() })
    }

    /// The JSON of a 2xx answer; anything else is an error in the API's own words.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        request = request.header("accept", "application/json");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.with_context(|| format!("no answer from {}", self.base))?;
        let status = answer.status();
        let text = answer.text().await?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if !status.is_success() {
            let detail = value["detail"].as_str().or(value["title"].as_str()).unwrap_or("no reason given");
            bail!("{status}: {detail}");
        }
        Ok(value)
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
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
