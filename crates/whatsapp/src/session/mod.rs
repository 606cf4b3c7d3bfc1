//! One run of whatsapp-rust's client, from dialling to the end, as a [`Socket`].
//!
//! whatsapp-rust would reconnect by itself; here it must not (the engine decides when), so its automatism is off and
//! its run ends with the connection. A task of ours ([`life`]) owns that run: it puts deadlines on every phase, measures
//! the connection, translates events in the order in which they were dispatched, and closes in good order. When it is
//! over, for whatever reason and even by a panic, `Closed` is told, once and last.

mod client;
mod close;
mod ear;
mod heartbeat;
mod inbound;
mod life;
mod pairing;
mod receipt;
mod send;
mod shared;

pub(crate) use client::Parts;

use async_trait::async_trait;
use domain::{Cause, Phone, Timestamp};
use shared::Shared;
use socket::{Close, Liveness, Opening, Outbound, SendError, Socket, SocketEvent};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `close` returns at the latest after this; the session gives up its good manners sooner.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// A socket in the hands of the engine. Dropping it ends the session as `close` does, without waiting.
struct Live {
    shared: Arc<Shared>,
}

/// Starts a session; what becomes of it is told as events.
pub(crate) fn start(parts: Arc<Parts>, opening: Opening) -> impl Socket {
    let shared = Arc::new(Shared::new(&opening));
    let events = opening.events.clone();
    let life = tokio::spawn(life::live(parts, opening, Arc::clone(&shared)));
    let task = Arc::clone(&shared);
    tokio::spawn(async move {
        let close = life.await.unwrap_or_else(|e| {
            tracing::error!(channel.id = %task.channel, error = %e, "a session ended by a fault of ours");
            Close::Lost(Cause::ConnectionLost)
        });
        task.over();
        tracing::debug!(channel.id = %task.channel, ?close, "session over");
        // Nobody listening is no reason to keep anything.
        let _ = events.send(SocketEvent::Closed(close)).await;
    });
    Live { shared }
}

#[async_trait]
impl Socket for Live {
    async fn send(&self, message: Outbound) -> Result<(), SendError> {
        send::send(&self.shared, message).await
    }

    async fn request_pairing_code(&self, phone: Phone) -> Result<(), SendError> {
        pairing::request_code(&self.shared, phone).await
    }

    async fn logout(&self) -> Result<(), SendError> {
        send::logout(&self.shared).await
    }

    async fn close(&self) {
        self.shared.decide(Close::Asked);
        // Not until `Closed` is taken: the caller may be the one who takes it.
        if tokio::time::timeout(CLOSE_WITHIN, self.shared.ended()).await.is_err() {
            tracing::warn!(channel.id = %self.shared.channel, "a session takes long to close");
        }
    }

    fn liveness(&self) -> Liveness {
        self.shared.liveness()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.decide(Close::Asked);
    }
}

/// The wall clock.
#[allow(clippy::disallowed_methods, reason = "this crate is an edge: what WhatsApp tells is stamped as it comes in")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(all(test, not(feature = "sandbox")))]
mod tests;
