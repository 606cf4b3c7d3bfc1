//! Programs that have been let in, and programs that ask to be.

use crate::{PATIENCE, Rest};
use anyhow::{Context, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// An app that a person made by hand, with its first key.
#[derive(Clone, Debug)]
pub struct App {
    pub id: String,
    pub key_id: String,
    /// A client with its key.
    pub rest: Rest,
}

impl App {
    /// With these permits: `[{"scope": "channels:read", "channels": null, "recipients": null}]`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn make(admin: &Rest, name: &str, permits: Value) -> Result<Self> {
        Self::of(admin, json!({ "name": name, "permits": permits })).await
    }

    /// As the body says.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn of(admin: &Rest, body: Value) -> Result<Self> {
        let made = admin.post("/v1/apps", body).await?;
        let app = &made["app"];
        let id = app["id"].as_str().with_context(|| format!("an app has an id: {app}"))?.to_owned();
        let word = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in the answer"));
        Ok(App { id, key_id: word("key_id")?, rest: Rest::new(admin.base().to_owned(), word("key")?) })
    }

    /// A further key of the same app: its id, and a client with it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn another_key(&self, admin: &Rest) -> Result<(String, Rest)> {
        let made = admin.post(&format!("/v1/apps/{}/keys", self.id), json!({})).await?;
        further(admin, &made)
    }

    /// A key in another one's place, which is good for so many seconds more.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn rotate_key(&self, admin: &Rest, key: &str, overlap: u64) -> Result<(String, Rest)> {
        let path = format!("/v1/apps/{}/keys/{key}/rotate", self.id);
        further(admin, &admin.post(&path, json!({ "overlap_seconds": overlap })).await?)
    }

    /// # Errors
    /// When there is no such key.
    pub async fn revoke_key(&self, admin: &Rest, key: &str) -> Result<()> {
        admin.act(&format!("/v1/apps/{}/keys/{key}/revoke", self.id)).await.map(drop)
    }
}

fn further(admin: &Rest, made: &Value) -> Result<(String, Rest)> {
    let id = made["id"].as_str().context("a key has an id")?.to_owned();
    let key = made["key"].as_str().context("a key that was just made is shown")?.to_owned();
    Ok((id, Rest::new(admin.base().to_owned(), key)))
}

/// A program that asks to be let in.
#[derive(Clone, Debug)]
pub struct Asking {
    pub id: String,
    /// What it shows to the person, as in `ABC-DEF`.
    pub code: String,
    status_url: String,
    poll: Rest,
}

impl Asking {
    /// Asks, without any key: `{"name": …, "reason": …, "scopes": […]}`.
    ///
    /// # Errors
    /// When the request is not accepted.
    pub async fn to_be_let_in(base: &str, body: Value) -> Result<Self> {
        let nobody = Rest::nobody(base.to_owned());
        let accepted = nobody.post("/v1/apps/requests", body).await?;
        let word = |name: &str| accepted[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in the answer"));
        let poll = Rest::new(base.to_owned(), word("poll_token")?);
        Ok(Asking { id: word("id")?, code: word("code")?, status_url: word("status_url")?, poll })
    }

    /// Status and answer of one poll that waits for so many seconds.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn poll(&self, wait: u64) -> Result<(StatusCode, Value)> {
        let path = self.status_url.strip_prefix(self.poll.base()).unwrap_or(&self.status_url);
        self.poll.call(Method::GET, &format!("{path}?wait={wait}"), None).await
    }

    /// Waits until it is no longer waiting, as a program does; the answer.
    ///
    /// # Errors
    /// When nobody answers in time, or the API refuses the question.
    pub async fn answered(&self) -> Result<Value> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let (status, answer) = self.poll(5).await?;
            anyhow::ensure!(status.is_success(), "{status} {answer}");
            if answer["state"] != "waiting" {
                return Ok(answer);
            }
            anyhow::ensure!(tokio::time::Instant::now() < deadline, "nobody answered: {answer}");
        }
    }

    /// Waits until it is allowed; a client with its key.
    ///
    /// # Errors
    /// When it is not.
    pub async fn allowed(&self) -> Result<Rest> {
        let answer = self.answered().await?;
        let key = answer["key"].as_str().with_context(|| format!("it was let in: state {}", answer["state"]))?;
        Ok(Rest::new(self.poll.base().to_owned(), key.to_owned()))
    }
}
