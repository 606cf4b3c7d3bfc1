//! The port to a live WhatsApp socket.
//!
//! One [`Socket`] is one connection attempt and, when it succeeds, one connection: it never reconnects
//! by itself. The engine decides when to open the next one. Two real things stand behind the port: the
//! crate `whatsapp`, and the [`scripted`] socket of the tests.

mod event;
mod kept;
mod outbound;
pub mod scripted;

pub use event::{Close, Invalidation, ReceiptKind, Secret, SocketEvent, VaultTrouble};
pub use kept::{Kept, Promise};
pub use outbound::{InboundMessage, Outbound, SendError, new_message_id};

use async_trait::async_trait;
use domain::{ChannelId, Phone, Proxy, Timestamp};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Capacity of a socket's event channel. When it is full the socket waits: frames stay with WhatsApp, unacknowledged.
pub const EVENT_CAPACITY: usize = 256;

/// How a socket is to be opened.
#[derive(Clone)]
pub struct Opening {
    pub channel: ChannelId,
    pub proxy: Option<Proxy>,
    /// Link by a code typed on this phone instead of a QR; only used when the auth-state is not paired yet.
    pub pair_by_code: Option<Phone>,
    /// Where everything that happens on this socket goes, in order. The last event is always [`SocketEvent::Closed`].
    pub events: mpsc::Sender<SocketEvent>,
    /// Commits inbound messages before WhatsApp gets its ack.
    pub inbox: Arc<dyn Inbox>,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("channel", &self.channel).field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

/// Opens live sockets from auth-state, wherever that is kept.
#[async_trait]
pub trait SocketFactory: Send + Sync {
    /// Starts a socket. Returns as soon as the attempt is under way; what becomes of it is told as events.
    /// With no auth-state, or an unpaired one, the socket pairs. Never wipes anything.
    async fn open(&self, opening: Opening) -> Box<dyn Socket>;

    /// Whether paired auth-state exists for the channel; `Err` when that cannot be known now.
    async fn is_paired(&self, channel: ChannelId) -> Result<bool, StoreError>;

    /// Destroys a channel's auth-state for good: the key in the vault first, then the files. Succeeds when there is none.
    async fn shred(&self, channel: ChannelId) -> Result<(), StoreError>;
}

/// A live connection (or an attempt at one). When its last handle is dropped the connection ends at once, whatever
/// state it is in: that is how a socket that does not close in time is abandoned.
#[async_trait]
pub trait Socket: Send + Sync {
    /// Hands a message to WhatsApp under the id it carries. `Ok` means that it was written to the connection;
    /// the server's word on it comes as [`SocketEvent::ServerAck`].
    async fn send(&self, message: Outbound) -> Result<(), SendError>;

    /// Asks for a pairing code while the socket is pairing; the code comes as an event.
    async fn request_pairing_code(&self, phone: Phone) -> Result<(), SendError>;

    /// Tells WhatsApp that this device is leaving the account. The auth-state is useless afterwards.
    async fn logout(&self) -> Result<(), SendError>;

    /// Closes the connection in good order: buffered writes reach the auth-state first. `Closed` follows as an event.
    async fn close(&self);

    /// What was measured of the connection.
    fn liveness(&self) -> Liveness;
}

/// What is known of a connection by measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Liveness {
    /// When the last frame came in.
    pub last_frame_at: Option<Timestamp>,
    /// Since when a ping has been without an answer.
    pub ping_unanswered_since: Option<Timestamp>,
}

/// Takes inbound messages durably. Called before WhatsApp gets its ack; an error means no ack, so the message comes again.
/// Must be idempotent on (chat, sender, WhatsApp id).
#[async_trait]
pub trait Inbox: Send + Sync {
    async fn commit(&self, messages: Vec<InboundMessage>) -> Result<(), InboxError>;
}

/// The message could not be made durable; it stays with WhatsApp.
#[derive(Debug, thiserror::Error)]
#[error("inbound message not stored: {0}")]
pub struct InboxError(pub String);

/// The auth-state store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the vault cannot give the key: {0:?}")]
    Vault(VaultTrouble),
    #[error("the key does not open the auth-state")]
    WrongKey,
    #[error("the auth-state is damaged: {0}")]
    Damaged(String),
    #[error("the auth-state cannot be read or written: {0}")]
    Io(String),
}
