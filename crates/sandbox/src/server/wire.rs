//! Frames over one WebSocket, at the pace that a fault allows.

use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::frame::{Deframer, FrameError, frame};
use crate::network::Pace;

/// What a WebSocket runs over, plain or TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes closing look like a cut cable: TCP reset.
    fn cut(&self);
}

impl Stream for TcpStream {
    fn cut(&self) {
        // If it fails the connection is gone already.
        let _ = self.set_zero_linger();
    }
}

impl Stream for TlsStream<TcpStream> {
    fn cut(&self) {
        self.get_ref().0.cut();
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("websocket")]
    WebSocket(#[from] Box<Error>),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl From<Error> for WireError {
    fn from(error: Error) -> Self {
        Self::WebSocket(Box::new(error))
    }
}

pub struct Wire<S> {
    socket: WebSocketStream<S>,
    deframer: Deframer,
    pub pace: Option<Pace>,
}

impl<S: Stream> Wire<S> {
    pub fn new(socket: WebSocketStream<S>) -> Self {
        Self { socket, deframer: Deframer::default(), pace: None }
    }

    /// The next whole frame; `None` when the other side has gone. Safe to drop while it waits for data.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, WireError> {
        loop {
            if let Some(frame) = self.deframer.next_frame()? {
                return Ok(Some(frame));
            }
            match self.socket.next().await {
                Some(Ok(Message::Binary(bytes))) => self.deframer.push(&bytes),
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Frames the payload into what is sent with the next [`Self::flush`].
    pub async fn feed(&mut self, payload: &[u8]) -> Result<(), WireError> {
        let framed = frame(payload)?;
        self.wait(framed.len()).await;
        self.socket.feed(Message::Binary(framed.into())).await?;
        Ok(())
    }

    pub async fn flush(&mut self) -> Result<(), WireError> {
        Ok(self.socket.flush().await?)
    }

    pub async fn send(&mut self, payload: &[u8]) -> Result<(), WireError> {
        self.feed(payload).await?;
        self.flush().await
    }

    /// What a slow link takes for so many bytes.
    pub async fn wait(&self, bytes: usize) {
        let Some(pace) = self.pace else { return };
        let transfer = pace.bytes_per_second.map_or(0.0, |rate| bytes as f64 / f64::from(rate.max(1)));
        tokio::time::sleep(pace.latency + std::time::Duration::from_secs_f64(transfer)).await;
    }

    /// Says goodbye and closes.
    pub async fn close(mut self) {
        // The other side may have gone; then there is nobody to say it to.
        let _ = self.socket.close(None).await;
    }

    pub fn cut(self) {
        self.socket.get_ref().cut();
    }
}
