use super::shared::Shared;
use socket::Kept;
use std::sync::Arc;
use tokio::sync::mpsc;
use wacore::types::events::{Event, EventHandler, EventInterest, EventKind};

/// An event, and what holds its ack back if it has one that we must wait with.
pub(super) struct Heard {
    pub event: Arc<Event>,
    pub kept: Kept,
}

/// Hears whatsapp-rust's events in the order of their dispatch: it is called inline, where its own callbacks would run
/// beside each other or be dropped.
///
/// The queue behind it has no bound of its own, because the caller cannot wait. What keeps it short: messages come
/// through the durability hook, which does wait while the backlog is long, and everything else is a few bytes per
/// message.
pub(super) struct Ear {
    heard: mpsc::UnboundedSender<Heard>,
    shared: Arc<Shared>,
}

impl Ear {
    pub fn new(shared: Arc<Shared>) -> (Self, mpsc::UnboundedReceiver<Heard>) {
        let (heard, hearing) = mpsc::unbounded_channel();
        (Ear { heard, shared }, hearing)
    }
}

impl EventHandler for Ear {
    fn handle_event(&self, event: Arc<Event>) {
        self.shared.event_came();
        // whatsapp-rust queues the ack when we return. A receipt with several people in it comes as several events.
        let kept = if matches!(*event, Event::Receipt(_)) { self.shared.gate.receipt() } else { Kept::default() };
        // Nobody listens any more once the session is over.
        let _ = self.heard.send(Heard { event, kept });
    }

    fn interest(&self) -> EventInterest {
        EventInterest::of(&[
            EventKind::Connected,
            EventKind::Disconnected,
            EventKind::PairSuccess,
            EventKind::PairError,
            EventKind::LoggedOut,
            EventKind::PairingQrCode,
            EventKind::PairingCode,
            EventKind::PairingCodeRefresh,
            EventKind::PairingCodeError,
            EventKind::PairingQrCodesExhausted,
            EventKind::PairPasskeyRequest,
            EventKind::PairPasskeyError,
            EventKind::ClientOutdated,
            EventKind::Messages,
            EventKind::Receipt,
            EventKind::ServerAck,
            EventKind::UndecryptableMessage,
            EventKind::SelfPushNameUpdated,
            EventKind::StreamReplaced,
            EventKind::TemporaryBan,
            EventKind::ConnectFailure,
        ])
    }
}
