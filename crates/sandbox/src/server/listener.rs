//! Accepts connections, and meets each with what the faults at the door have for it.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::certificate::NoiseIdentity;
use super::connection::{serve, stay_silent};
use super::wire::{Stream, Wire};
use crate::network::{Door, Network};

/// Everything that a connection needs to know of its sandbox.
pub struct House {
    pub network: Network,
    pub identity: NoiseIdentity,
    pub tls: Option<TlsAcceptor>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

/// Accepts until stopped.
pub async fn listen(listener: TcpListener, house: Arc<House>) {
    loop {
        let accepted = tokio::select! {
            () = house.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let guest = Arc::clone(&house);
                house.tasks.spawn(async move { Box::pin(receive(stream, &guest)).await });
            }
            Err(error) => {
                // Out of file descriptors, most likely: let some connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn receive(stream: TcpStream, house: &House) {
    // Small frames, each waited for.
    let _ = stream.set_nodelay(true);
    let door = house.network.door();
    if matches!(door, Door::Refused(_)) {
        stream.cut();
        return;
    }
    match &house.tls {
        None => upgrade(stream, door, house).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => Box::pin(upgrade(stream, door, house)).await,
            Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
        },
    }
}

async fn upgrade<S: Stream>(stream: S, door: Door, house: &House) {
    let unavailable = matches!(door, Door::Unavailable(_));
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(64 << 20)
        .max_message_size(Some(32 << 20))
        .max_frame_size(Some(32 << 20));
    // Any path is good: clients differ in theirs.
    #[allow(clippy::result_large_err)]
    let answer = |_: &Request, response: Response| {
        if unavailable {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return Err(refusal);
        }
        Ok(response)
    };
    let upgraded = tokio::select! {
        () = house.stop.cancelled() => return,
        upgraded = accept_hdr_async_with_config(stream, answer, Some(config)) => upgraded,
    };
    let wire = match upgraded {
        Ok(socket) => Wire::new(socket),
        Err(error) => {
            tracing::debug!(%error, "an upgrade failed");
            return;
        }
    };
    if matches!(door, Door::Silent(_)) {
        stay_silent(wire, &house.stop).await;
    } else {
        serve(wire, &house.network, &house.identity, &house.stop).await;
    }
}
