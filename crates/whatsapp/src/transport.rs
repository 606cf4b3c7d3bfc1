//! whatsapp-rust's byte pipe: a WebSocket over the dialer, with deadlines and a measured pulse.
//!
//! We send no WebSocket pings. Whatever terminates the WebSocket answers those, so a pong says nothing of WhatsApp
//! behind it; the session pings WhatsApp itself (see `session::heartbeat`), and this pipe ends by itself when no
//! frame came in for so long that those pings, too, must have gone unanswered.

mod writer;

use crate::ack_gate::AckGate;
use crate::dialer::{DialError, Dialer, Wire};
use crate::endpoint::Endpoint;
use async_trait::async_trait;
use bytes::Bytes;
use domain::Cause;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::SplitStream;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::sync::CancellationToken;
use wacore::net::{DisconnectReason, Transport, TransportEvent, TransportFactory, WHATSAPP_WEB_ORIGIN};
use writer::{Tray, Writer};

/// Frames waiting for whatsapp-rust. When it is full we stop reading, and TCP makes WhatsApp wait.
const FRAMES: usize = 64;
/// WhatsApp's frames carry a 24-bit length.
const LARGEST_FRAME: usize = (1 << 24) + 1024;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The WebSocket's opening handshake.
    pub upgrade: Duration,
    /// Without any frame for so long, the connection counts as dead.
    pub idle: Duration,
    /// One write may be held up for so long by a peer that takes nothing.
    pub write: Duration,
    /// Saying good-bye.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            upgrade: Duration::from_secs(8),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(20),
            farewell: Duration::from_secs(1),
        }
    }
}

/// What is known of a connection from outside whatsapp-rust.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// Wall clock, milliseconds since the epoch; 0 before the first frame. To be shown.
    last_frame: AtomicI64,
    born: Instant,
    /// The same moment in milliseconds since `born`, on a clock that nobody sets. To be reckoned with.
    last_beat: AtomicU64,
    /// Why it could not be opened, or how it ended, whichever came first. Empty when we hung up.
    end: OnceLock<Cause>,
    hung_up: AtomicBool,
}

impl Default for Pulse {
    fn default() -> Self {
        Pulse {
            last_frame: AtomicI64::new(0),
            born: Instant::now(),
            last_beat: AtomicU64::new(0),
            end: OnceLock::new(),
            hung_up: AtomicBool::new(false),
        }
    }
}

impl Pulse {
    /// For how long nothing has come in; before the first frame, since the beginning.
    pub fn quiet(&self) -> Duration {
        self.born.elapsed().saturating_sub(Duration::from_millis(self.last_beat.load(Ordering::Relaxed)))
    }

    pub fn last_frame_millis(&self) -> Option<i64> {
        Some(self.last_frame.load(Ordering::Relaxed)).filter(|at| *at != 0)
    }

    /// Why it did not open or how it ended, as far as the pipe saw it.
    pub fn end(&self) -> Option<Cause> {
        self.end.get().copied()
    }

    fn beat(&self) {
        self.last_frame.store(crate::session::now().as_millis(), Ordering::Relaxed);
        let since = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_beat.store(since, Ordering::Relaxed);
    }

    fn ended(&self, cause: Cause) {
        // The first trouble is the one that counts, and what the other side does after our good-bye is none.
        if !self.hung_up.load(Ordering::Acquire) {
            let _ = self.end.set(cause);
        }
    }
}

/// Opens the one pipe of a session.
#[derive(Clone)]
pub(crate) struct Line {
    dialer: Dialer,
    endpoint: Arc<Endpoint>,
    pulse: Arc<Pulse>,
    gate: Arc<AckGate>,
    limits: Limits,
    last_look: Option<LastLook>,
}

/// Whether the channel is still ours, asked when the connection stands and nothing of the login has been said.
pub(crate) type LastLook = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Cause>> + Send + Sync>;

impl Line {
    pub fn new(dialer: Dialer, endpoint: Arc<Endpoint>, pulse: Arc<Pulse>, gate: Arc<AckGate>) -> Self {
        Line { dialer, endpoint, pulse, gate, limits: Limits::default(), last_look: None }
    }

    /// A process that slept since it opened the auth-state must not log in: whoever has the channel now would be thrown out.
    pub fn after(mut self, last_look: LastLook) -> Self {
        self.last_look = Some(last_look);
        self
    }

    #[cfg(test)]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "tungstenite's enum is open")]
    async fn open(&self) -> Result<WebSocketStream<Wire>, OpenError> {
        let wire = self.dialer.dial(self.endpoint.host(), self.endpoint.port(), self.endpoint.secure()).await?;
        let mut request = self.endpoint.url().into_client_request().map_err(|e| OpenError::Upgrade(Box::new(e)))?;
        request.headers_mut().insert("origin", HeaderValue::from_static(WHATSAPP_WEB_ORIGIN));
        // The defaults would keep 256 KiB of buffers per channel.
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(0)
            .max_write_buffer_size(2 * LARGEST_FRAME)
            .max_frame_size(Some(LARGEST_FRAME))
            .max_message_size(Some(LARGEST_FRAME));
        let (stream, _) = tokio::time::timeout(self.limits.upgrade, client_async_with_config(request, wire, Some(config)))
            .await
            .map_err(|_| OpenError::NoAnswer)?
            .map_err(|e| match e {
                tungstenite::Error::Http(answer) => OpenError::Status(answer.status().as_u16()),
                other => OpenError::Upgrade(Box::new(other)),
            })?;
        if let Some(look) = &self.last_look {
            look().await.map_err(OpenError::NotOurs)?;
        }
        Ok(stream)
    }
}

#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("the websocket was answered with HTTP {0}")]
    Status(u16),
    #[error("the websocket could not be opened")]
    Upgrade(#[source] Box<tungstenite::Error>),
    #[error("the websocket was not answered in time")]
    NoAnswer,
    #[error("nothing says that the channel is still ours")]
    NotOurs(Cause),
}

impl OpenError {
    #[allow(clippy::wildcard_enum_match_arm, reason = "tungstenite's enum is open")]
    fn cause(&self) -> Cause {
        match self {
            OpenError::Dial(e) => e.cause(),
            OpenError::Status(429 | 500..=599) => Cause::ServiceUnavailable,
            OpenError::Status(_) => Cause::Unreachable,
            OpenError::Upgrade(e) => match e.as_ref() {
                // Accepted and closed at once: somebody is there and does not want us.
                tungstenite::Error::Io(_) | tungstenite::Error::Protocol(_) | tungstenite::Error::ConnectionClosed => {
                    Cause::Unreachable
                }
                _ => Cause::HandshakeFailed,
            },
            OpenError::NoAnswer => Cause::NoAnswer,
            OpenError::NotOurs(cause) => *cause,
        }
    }
}

#[async_trait]
impl TransportFactory for Line {
    async fn create_transport(&self) -> anyhow::Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        let stream = self.open().await.inspect_err(|e| {
            tracing::debug!(error = %chain(e), "no connection");
            self.pulse.ended(e.cause());
        })?;
        let (sink, stream) = stream.split();
        let (frames, received) = async_channel::bounded(FRAMES);
        let hang_up = CancellationToken::new();
        let reader =
            Reader { stream, frames, pulse: Arc::clone(&self.pulse), idle: self.limits.idle, hang_up: hang_up.clone() };
        tokio::spawn(reader.run());
        let (pulse, gate) = (Arc::clone(&self.pulse), Arc::clone(&self.gate));
        let writer = Writer { sink, pulse: Arc::clone(&pulse), hang_up: hang_up.clone(), within: self.limits.write };
        let pipe = Pipe { tray: writer.start(), limits: self.limits, pulse, gate, hang_up };
        Ok((Arc::new(pipe), received))
    }
}

/// An error with what caused it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

struct Pipe {
    tray: Tray,
    limits: Limits,
    pulse: Arc<Pulse>,
    gate: Arc<AckGate>,
    hang_up: CancellationToken,
}

#[async_trait]
impl Transport for Pipe {
    async fn send(&self, data: Bytes) -> anyhow::Result<()> {
        if self.hang_up.is_cancelled() {
            anyhow::bail!("the connection is closed");
        }
        // whatsapp-rust has one task that sends, one run of frames after the other.
        let owed = self.gate.owed(&data);
        Ok(self.tray.write(data, owed).await?)
    }

    async fn disconnect(&self) {
        if self.hang_up.is_cancelled() {
            return;
        }
        self.pulse.hung_up.store(true, Ordering::Release);
        self.tray.close(self.limits.farewell).await;
        self.hang_up.cancel();
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.hang_up.cancel();
    }
}

/// Reads until the end; lives as long as the connection.
struct Reader {
    stream: SplitStream<WebSocketStream<Wire>>,
    frames: async_channel::Sender<TransportEvent>,
    pulse: Arc<Pulse>,
    idle: Duration,
    hang_up: CancellationToken,
}

impl Reader {
    async fn run(mut self) {
        let hang_up = self.hang_up.clone();
        let reason = tokio::select! {
            () = hang_up.cancelled() => return,
            reason = self.read() => reason,
        };
        tokio::select! {
            () = hang_up.cancelled() => {}
            // A closed channel means that whatsapp-rust has let go already.
            _ = self.frames.send(TransportEvent::Disconnected(reason)) => {}
        }
        hang_up.cancel();
    }

    async fn read(&mut self) -> DisconnectReason {
        let _ = self.frames.send(TransportEvent::Connected).await;
        loop {
            let next = match tokio::time::timeout(self.idle, self.stream.next()).await {
                Ok(next) => next,
                Err(_) => {
                    self.pulse.ended(Cause::NoAnswer);
                    return DisconnectReason::ReadError("nothing came in within the deadline".into());
                }
            };
            match next {
                Some(Ok(Message::Binary(data))) => {
                    self.pulse.beat();
                    if self.frames.send(TransportEvent::DataReceived(data)).await.is_err() {
                        return DisconnectReason::Unknown;
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    self.pulse.ended(Cause::ClosedByServer);
                    return match frame {
                        Some(f) => DisconnectReason::ServerClose { code: Some(f.code.into()), reason: f.reason.to_string() },
                        None => DisconnectReason::ServerClose { code: None, reason: String::new() },
                    };
                }
                // WhatsApp sends no text; pings are answered by tungstenite as we read on.
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(e)) => {
                    self.pulse.ended(Cause::ConnectionLost);
                    return DisconnectReason::ReadError(e.to_string());
                }
                None => {
                    self.pulse.ended(Cause::ConnectionLost);
                    return DisconnectReason::StreamEnded;
                }
            }
        }
    }
}

#[cfg(all(test, feature = "sandbox"))]
mod tests;
