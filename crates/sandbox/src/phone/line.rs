//! A phone's line to the network: questions that wait for their answer, and stanzas that do not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::PhoneError;
use crate::network::{Network, NetworkError};

/// The network answers at once; this is only a stop for tests that have broken it.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

pub(super) struct Line {
    pub network: Network,
    pub device: Jid,
    waiting: Mutex<HashMap<String, oneshot::Sender<Node>>>,
    next: AtomicU64,
}

impl Line {
    pub fn new(network: Network, device: Jid) -> Self {
        Self { network, device, waiting: Mutex::default(), next: AtomicU64::new(1) }
    }

    /// Sends a stanza that nobody answers.
    pub fn tell(&self, stanza: Node) -> Result<(), PhoneError> {
        self.network.submit(&self.device, stanza).map_err(|error| match error {
            NetworkError::NotConnected => PhoneError::Offline,
            NetworkError::BadNumber(_)
            | NetworkError::AccountExists
            | NetworkError::NoAccount
            | NetworkError::NoDevice
            | NetworkError::Primary => PhoneError::Refused(error.to_string()),
        })
    }

    /// Sends an iq and waits for its result; an error result is [`PhoneError::Refused`].
    pub async fn ask(&self, iq: NodeBuilder) -> Result<Node, PhoneError> {
        let id = format!("p.{}", self.next.fetch_add(1, Ordering::Relaxed));
        let answer = self.send(&id, iq.attr("id", id.as_str()).build()).await?;
        match answer.attrs.get("type") {
            Some(kind) if *kind == "error" => {
                let error = answer.get_optional_child("error");
                let attr = |name| error.and_then(|node| node.attrs.get(name)).map(ToString::to_string);
                let text = attr("text").unwrap_or_else(|| "error".to_owned());
                Err(PhoneError::Refused(format!("{} {text}", attr("code").unwrap_or_default())))
            }
            Some(_) | None => Ok(answer),
        }
    }

    /// Sends a stanza with this id and waits for the iq result or the ack that carries the same one.
    pub async fn send(&self, id: &str, stanza: Node) -> Result<Node, PhoneError> {
        let answer = self.begin(id, stanza)?;
        self.finish(id, answer).await
    }

    /// The first half of [`Self::send`], for those who have more to send before they wait.
    pub fn begin(&self, id: &str, stanza: Node) -> Result<oneshot::Receiver<Node>, PhoneError> {
        let (answer, waiting) = oneshot::channel();
        self.waiting().insert(id.to_owned(), answer);
        match self.tell(stanza) {
            Ok(()) => Ok(waiting),
            Err(error) => {
                self.waiting().remove(id);
                Err(error)
            }
        }
    }

    pub async fn finish(&self, id: &str, waiting: oneshot::Receiver<Node>) -> Result<Node, PhoneError> {
        let outcome = match tokio::time::timeout(ANSWER_DEADLINE, waiting).await {
            Ok(Ok(node)) => Ok(node),
            Ok(Err(_)) => Err(PhoneError::Offline),
            Err(_) => Err(PhoneError::Timeout),
        };
        self.waiting().remove(id);
        outcome
    }

    /// Gives a stanza to the question it answers; returns it when it answers none.
    pub fn settle(&self, stanza: Node) -> Option<Node> {
        if stanza.tag != "iq" && stanza.tag != "ack" {
            return Some(stanza);
        }
        let id = stanza.attrs.get("id").map(ToString::to_string)?;
        match self.waiting().remove(&id) {
            Some(question) => {
                // The asker may have given up; then nobody misses the answer.
                let _ = question.send(stanza);
                None
            }
            None => Some(stanza),
        }
    }

    /// Nobody will answer any more: the link is gone.
    pub fn hang_up(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Node>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
