//! Simulated phones: primary devices that live in this process and speak the real protocol.
//!
//! A [`Phone`] is device 0 of an account. It publishes keys, opens Signal sessions, encrypts for every device of the
//! people it writes to, decrypts what comes, sends receipts, and links companions the way the app does: by QR code or by
//! typed code. Nothing in here is told to the network in any other form than stanzas, but for the pairing answer that
//! the app gives on a connection of its own.
//!
//! Every phone has one task ([`attendance`]) that reads its link; calls on the handle and that task take turns on the
//! phone's [`memory`] under one lock.

mod app_state;
mod arrivals;
mod attendance;
mod companion;
mod content;
mod conversation;
mod error;
mod history;
mod inbound;
mod keepsake;
mod keys;
mod letter;
mod line;
mod link_code;
mod linking;
mod memory;
mod outbound;
mod padding;
mod peers;
mod phones;
mod sessions;
mod waiting;
mod writing;

use std::sync::{Arc, Mutex};

use tokio::sync::{MutexGuard, broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;

pub use arrivals::{Arrival, Arrivals, ChatArrivals};
pub use conversation::{Content, Conversation, Direction, MessageStatus, PhoneMessage};
pub use error::PhoneError;
pub use keepsake::KeepError;
pub use phones::Phones;

use crate::network::{Account, Network};
use attendance::Attendance;
use keys::iq;
use line::Line;
use memory::{Memory, Mishap, seconds};

/// What happened on a phone.
#[derive(Clone, Debug, PartialEq)]
pub enum PhoneEvent {
    /// A message came, went, or (a retry) became readable.
    Message { phone: Jid, message: PhoneMessage },
    /// A message got further.
    Status { phone: Jid, id: String, status: MessageStatus },
}

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptKind {
    Delivered,
    Read,
    Played,
}

impl ReceiptKind {
    fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Delivered => None,
            Self::Read => Some("read"),
            Self::Played => Some("played"),
        }
    }
}

/// Handle of one simulated phone; all clones are the same phone. It stays on the network as long as a handle of it or
/// of its [`Phones`] is left.
#[derive(Clone)]
pub struct Phone {
    inner: Arc<Inner>,
    /// Missing in the phone's own task, which must not keep itself alive.
    _alive: Option<Arc<DropGuard>>,
}

struct Inner {
    account: Account,
    line: Line,
    memory: tokio::sync::Mutex<Memory>,
    linking: tokio::sync::Mutex<()>,
    /// The task that attends the link, while the phone is online.
    attendance: Mutex<Option<Attendance>>,
    /// Moves whenever something in the memory that one may wait for has changed.
    changes: watch::Sender<u64>,
    news: broadcast::Sender<PhoneEvent>,
    stop: CancellationToken,
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phone").field("online", &self.is_online()).finish_non_exhaustive()
    }
}

impl Phone {
    fn new(
        network: Network,
        account: Account,
        news: broadcast::Sender<PhoneEvent>,
        stop: CancellationToken,
        alive: Arc<DropGuard>,
        memory: Memory,
    ) -> Self {
        let inner = Arc::new(Inner {
            memory: tokio::sync::Mutex::new(memory),
            line: Line::new(network, account.pn.clone()),
            account,
            linking: tokio::sync::Mutex::default(),
            attendance: Mutex::default(),
            changes: watch::Sender::new(0),
            news,
            stop,
        });
        Self { inner, _alive: Some(alive) }
    }

    /// Digits only, country code first.
    pub fn number(&self) -> &str {
        &self.inner.account.pn.user
    }

    /// Both addresses of the account. The push name is the one it was made with; see [`Phone::push_name`].
    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    pub async fn push_name(&self) -> String {
        self.memory().await.push_name.clone()
    }

    pub async fn auto_reply(&self) -> bool {
        self.memory().await.auto_reply
    }

    /// Answers every text from somebody else with `Echo: …`.
    pub async fn set_auto_reply(&self, on: bool) {
        self.memory().await.auto_reply = on;
    }

    /// Changes the display name, for companions too.
    pub async fn set_push_name(&self, name: &str) -> Result<(), PhoneError> {
        let mut memory = self.memory().await;
        memory.push_name = name.to_owned();
        memory.name_published = false;
        self.publish_name(&mut memory).await
    }

    /// Loses all Signal sessions, as an app that was restored from an old backup: what comes next on them cannot be
    /// decrypted until it is sent again.
    pub async fn forget_sessions(&self) {
        self.memory().await.sessions.forget_all();
    }

    /// Damages the next message that this phone sends, so that its receivers must ask for it again.
    pub async fn spoil_next_message(&self) {
        self.memory().await.mishap = Some(Mishap::Spoiled);
    }

    /// Encrypts the next message on sessions that its receivers do not have, so that they must ask for it again.
    pub async fn use_wrong_session_once(&self) {
        self.memory().await.mishap = Some(Mishap::WrongSession);
    }

    pub async fn answers_retries(&self) -> bool {
        self.memory().await.answers_retries
    }

    /// Whether it sends another copy to whoever could not decrypt the first. Requests of a time when it did not are
    /// answered as soon as it does again.
    pub async fn set_answers_retries(&self, on: bool) -> Result<(), PhoneError> {
        let mut memory = self.memory().await;
        memory.answers_retries = on;
        if on {
            for (request, device) in std::mem::take(&mut memory.unanswered) {
                self.send_again(&mut memory, &request, &device).await?;
            }
        }
        Ok(())
    }

    /// Opens a message on the phone: the sender gets a read receipt.
    pub async fn read(&self, id: &str) -> Result<(), PhoneError> {
        let mut memory = self.memory().await;
        let message = memory.messages.find(id, Direction::In).ok_or_else(|| PhoneError::NoSuchMessage(id.to_owned()))?.clone();
        let receipt = NodeBuilder::new("receipt")
            .attr("to", &message.from)
            .attr("id", id)
            .attr("type", "read")
            .attr("t", seconds())
            .build();
        self.line().tell(receipt)?;
        self.raise(&mut memory, id, Direction::In, MessageStatus::Read);
        Ok(())
    }

    /// Says of messages what became of them here, whether they have arrived or not: a receipt may come before its message.
    pub fn tell_receipt(&self, to: &str, ids: &[String], kind: ReceiptKind) -> Result<(), PhoneError> {
        let chat = peers::resolve(&self.line().network, to)?.pn;
        let Some((first, further)) = ids.split_first() else { return Ok(()) };
        let mut receipt = NodeBuilder::new("receipt").attr("to", chat).attr("id", first.as_str()).attr("t", seconds());
        if let Some(kind) = kind.attribute() {
            receipt = receipt.attr("type", kind);
        }
        if !further.is_empty() {
            let items = further.iter().map(|id| NodeBuilder::new("item").attr("id", id.as_str()).build());
            receipt = receipt.children([NodeBuilder::new("list").children(items).build()]);
        }
        self.line().tell(receipt.build())
    }

    /// Says `available` or `unavailable` to whoever watches.
    pub async fn set_presence(&self, available: bool) -> Result<(), PhoneError> {
        let name = self.push_name().await;
        let kind = if available { "available" } else { "unavailable" };
        self.line().tell(NodeBuilder::new("presence").attr("type", kind).attr("name", name).build())
    }

    /// Shows `typing …` to somebody, or stops it.
    pub fn set_typing(&self, to: &str, typing: bool) -> Result<(), PhoneError> {
        let chat = peers::resolve(&self.line().network, to)?.pn;
        let state = NodeBuilder::new(if typing { "composing" } else { "paused" }).build();
        self.line().tell(NodeBuilder::new("chatstate").attr("to", chat).children([state]).build())
    }

    /// All messages, oldest first.
    pub async fn messages(&self) -> Vec<PhoneMessage> {
        self.memory().await.messages.all().to_vec()
    }

    /// What has reached the phone, how often, and in which order; see [`Arrivals`].
    pub async fn arrivals(&self) -> Arrivals {
        Arrivals::of(self.memory().await.messages.all())
    }

    pub async fn conversations(&self) -> Vec<Conversation> {
        self.memory().await.messages.conversations()
    }

    async fn reset(&self) -> Result<(), PhoneError> {
        self.go_online().await?;
        for view in self.linked_devices() {
            self.unlink(&view.device).await?;
        }
        let mut memory = self.memory().await;
        memory.messages.clear();
        memory.sent.clear();
        memory.held.clear();
        memory.mishap = None;
        memory.answers_retries = true;
        memory.unanswered.clear();
        memory.auto_reply = false;
        self.tick();
        Ok(())
    }

    async fn publish_keys(&self, memory: &mut Memory) -> Result<(), PhoneError> {
        let batch = memory.keys.publish_batch()?;
        self.line().ask(iq("set", "encrypt", batch)).await?;
        memory.keys_published = true;
        Ok(())
    }

    async fn publish_name(&self, memory: &mut Memory) -> Result<(), PhoneError> {
        let name = memory.push_name.clone();
        self.line().tell(NodeBuilder::new("presence").attr("type", "available").attr("name", name.as_str()).build())?;
        memory.app_state.publish_push_name(self.line(), &name, seconds()).await?;
        memory.name_published = true;
        Ok(())
    }

    /// Keeps a message and tells about it; false when it was there already.
    fn record(&self, memory: &mut Memory, message: PhoneMessage) -> bool {
        let new = memory.messages.add(message.clone());
        if new {
            self.announce(PhoneEvent::Message { phone: self.jid(), message });
        }
        new
    }

    fn raise(&self, memory: &mut Memory, id: &str, direction: Direction, status: MessageStatus) {
        if memory.messages.advance(id, direction, status) {
            self.announce(PhoneEvent::Status { phone: self.jid(), id: id.to_owned(), status });
        }
    }

    fn announce(&self, event: PhoneEvent) {
        // Nobody may be listening.
        let _ = self.inner.news.send(event);
        self.tick();
    }

    fn tick(&self) {
        self.inner.changes.send_modify(|count| *count += 1);
    }

    fn jid(&self) -> Jid {
        self.inner.account.pn.clone()
    }

    fn line(&self) -> &Line {
        &self.inner.line
    }

    fn linking(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.linking
    }

    async fn memory(&self) -> MutexGuard<'_, Memory> {
        self.inner.memory.lock().await
    }
}
