//! Accepts connections and speaks HTTP/1.1 on them until they end or the API stops.

mod deadline;

use axum::Router;
use deadline::WriteDeadline;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a request's head may take to arrive, and how long a connection may rest between two requests.
const HEAD_DEADLINE: Duration = Duration::from_secs(60);
/// How long a peer may refuse to take what we write.
const WRITE_DEADLINE: Duration = Duration::from_secs(20);
/// How long an answer that is under way may go on when the API stops.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// What the system holds of an answer that the peer has not taken yet, in bytes: left to itself it holds megabytes for each
/// peer that takes nothing.
const SEND_BUFFER: usize = 128 * 1024;
/// What is read or written ahead on one connection, in bytes.
const BUFFER: usize = 64 * 1024;
/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// Serves what connects to `listener` until `shutdown`. Each connection is a task of `tasks`.
pub(crate) async fn accept(listener: TcpListener, router: Router, tasks: TaskTracker, shutdown: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(serve(stream, router.clone(), shutdown.clone()));
            }
            Err(error) => {
                // A peer that has gone already, or no file descriptors left: neither ends the API.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router, shutdown: CancellationToken) {
    // Without it, small answers wait for the peer's delayed acknowledgements.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    if let Err(error) = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER) {
        tracing::debug!(%error, "the send buffer could not be bounded");
    }
    let io = TokioIo::new(WriteDeadline::new(stream, WRITE_DEADLINE));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(BUFFER)
        .serve_connection(io, TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(LAST_WORDS, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
