//! Accepts connections and speaks HTTP/1.1 on them until they end or the API stops. Each request carries the
//! [`Peer`] at the other end and by which door it came, the [`Seat`] of its connection, and where that is needed its [`Ends`] and
//! the [`Names`] of the address that it came to.

mod crowd;
mod deadline;
#[cfg(target_os = "linux")]
mod owner;
#[cfg(unix)]
mod program;
mod turned_away;

pub(crate) use crowd::{Crowd, Room, Seat, Source, Vouched};

use crate::bind::LocalSocket;
use crate::far_end::Ends;
use crate::guard::Names;
use crate::serve::doors::PublicNames;
use crate::tls::Tls;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use deadline::WriteDeadline;
use domain::{DoorKind, Peer};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long the head of a connection's first request may take to arrive, TLS included.
const FIRST_HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How long a later request's head may take to arrive, and how long a connection may rest between two requests.
const HEAD_DEADLINE: Duration = Duration::from_secs(60);
/// How long a peer may refuse to take what we write.
const WRITE_DEADLINE: Duration = Duration::from_secs(20);
/// How long an answer that is under way may go on when the API stops.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// What the system holds of an answer that the peer has not taken yet, in bytes: left to itself it holds megabytes for each
/// peer that takes nothing.
const SEND_BUFFER: usize = 128 * 1024;
/// What is read or written ahead on one connection, in bytes, before the next read or write.
const BUFFER: usize = crate::guard::HEAD_LIMIT;
/// How many fields a head may have.
const FIELDS: usize = 100;
/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);
/// After how many accepted connections those that are there get their turn: who comes must be heard before others press in.
const AT_ONCE: usize = 16;
/// How many may be told at the same time that there is no room; further ones are just let go.
const TOLD: usize = 64;

/// What all doors lead to.
#[derive(Debug)]
pub(crate) struct Reception {
    router: Router,
    crowd: Arc<Crowd>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    told: Arc<Semaphore>,
}

impl Reception {
    pub fn new(router: Router, crowd: Arc<Crowd>, tasks: TaskTracker, shutdown: CancellationToken) -> Arc<Self> {
        Arc::new(Reception { router, crowd, tasks, shutdown, told: Arc::new(Semaphore::new(TOLD)) })
    }

    /// Serves what connects to this loopback address until the shutdown.
    pub async fn at_loopback(self: Arc<Self>, listener: TcpListener) {
        self.each(&listener, |(stream, from)| {
            let Some(seat) = self.seat(local_source(&stream, from)) else { return self.turn_away(stream) };
            tune(&stream);
            let peer = Peer { door: DoorKind::Tcp, address: Some(from.ip().to_canonical().to_string()), program: None };
            let ends = stream.local_addr().ok().map(|own| Ends { peer: from, own });
            self.tasks.spawn(self.clone().speak(stream, Entrance { peer, seat, ends, names: None }));
        })
        .await;
    }

    /// Serves what connects to the Unix socket until the shutdown.
    #[cfg(unix)]
    pub async fn at_socket(self: Arc<Self>, socket: LocalSocket) {
        let us = rustix::process::geteuid().as_raw();
        self.each(&socket.listener, |(stream, _)| {
            let credentials = match program::of(&stream) {
                Ok(credentials) => credentials,
                Err(error) => return tracing::warn!(%error, "who connected to the socket cannot be told; it is let go"),
            };
            // The file's mode says so already, but for who may do anything.
            if credentials.uid != us && credentials.uid != 0 {
                return tracing::warn!(peer.uid = credentials.uid, "another user connected to the socket; it is let go");
            }
            let Some(seat) = self.seat(Source::User(credentials.uid)) else { return self.turn_away(stream) };
            if let Err(error) = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER) {
                tracing::debug!(%error, "the send buffer could not be bounded");
            }
            let peer = Peer { door: DoorKind::Unix, address: None, program: credentials.program };
            self.tasks.spawn(self.clone().speak(stream, Entrance { peer, seat, ends: None, names: None }));
        })
        .await;
    }

    /// Serves what opens the pipe until the shutdown. Who opens it is a process of this machine; the system would tell which
    /// one only through calls that are not safe.
    #[cfg(windows)]
    pub async fn at_socket(self: Arc<Self>, mut socket: LocalSocket) {
        loop {
            let opened = tokio::select! {
                () = self.shutdown.cancelled() => return,
                opened = socket.accept() => opened,
            };
            match opened {
                Ok(stream) => {
                    // Nothing to be told to: a pipe that is closed is an answer that programs on Windows know.
                    let Some(seat) = self.seat(Source::Loopback) else { continue };
                    let peer = Peer { door: DoorKind::Unix, address: None, program: None };
                    self.tasks.spawn(self.clone().speak(stream, Entrance { peer, seat, ends: None, names: None }));
                }
                Err(error) => {
                    tracing::warn!(%error, "the pipe could not be opened for somebody");
                    tokio::time::sleep(NO_ROOM).await;
                }
            }
        }
    }

    /// Serves what connects to a public address, with TLS, until the shutdown.
    pub async fn at_public(self: Arc<Self>, listener: TcpListener, tls: Tls, names: Arc<PublicNames>) {
        self.each(&listener, |(stream, from)| {
            // Nobody who has not begun with TLS could read what we would say.
            let Some(seat) = self.seat(Source::address(from.ip())) else { return };
            let Ok(here) = stream.local_addr() else { return };
            tune(&stream);
            let peer = Peer { door: DoorKind::Tls, address: Some(from.ip().to_canonical().to_string()), program: None };
            let ends = Some(Ends { peer: from, own: here });
            let entrance = Entrance { peer, seat, ends, names: Some(names.at(here)) };
            let (reception, tls) = (self.clone(), tls.clone());
            self.tasks.spawn(async move {
                let shaken = tokio::select! {
                    () = reception.shutdown.cancelled() => return,
                    () = entrance.seat.asked_to_leave() => return,
                    shaken = tokio::time::timeout(FIRST_HEAD_DEADLINE, tls.accept(stream)) => shaken,
                };
                match shaken {
                    Ok(Ok(stream)) => Box::pin(reception.speak(stream, entrance)).await,
                    Ok(Err(error)) => tracing::debug!(%error, "TLS was not agreed on"),
                    Err(_) => tracing::debug!("TLS was not agreed on in time"),
                }
            });
        })
        .await;
    }

    async fn each<L: Listens>(&self, listener: &L, meet: impl Fn(L::Arrival) + Send) {
        let mut in_a_row: usize = 0;
        loop {
            let accepted = tokio::select! {
                () = self.shutdown.cancelled() => return,
                accepted = listener.arrive() => accepted,
            };
            match accepted {
                Ok(one) => meet(one),
                Err(error) => {
                    // A peer that has gone already, or no file descriptors left: neither ends the API.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(NO_ROOM).await;
                }
            }
            in_a_row = in_a_row.wrapping_add(1);
            if in_a_row.is_multiple_of(AT_ONCE) {
                tokio::task::yield_now().await;
            }
        }
    }

    fn seat(&self, source: Source) -> Option<Arc<Seat>> {
        let seat = self.crowd.enter(source);
        if seat.is_none() {
            tracing::debug!("no room for another connection");
        }
        seat
    }

    fn turn_away<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S) {
        if let Ok(turn) = self.told.clone().try_acquire_owned() {
            self.tasks.spawn(async move {
                turned_away::turn_away(stream).await;
                drop(turn);
            });
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self: Arc<Self>, stream: S, entrance: Entrance) {
        let io = TokioIo::new(WriteDeadline::new(stream, WRITE_DEADLINE));
        let seat = entrance.seat.clone();
        let heard = Arc::new(AtomicBool::new(false));
        let hears = heard.clone();
        let router = self.router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            hears.store(true, Ordering::Relaxed);
            router.clone().oneshot(entrance.mark(request.map(Body::new)))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .max_headers(FIELDS)
            .max_buf_size(BUFFER)
            .serve_connection(io, service);
        let mut connection = pin!(connection);
        let mut first_head = pin!(tokio::time::sleep(FIRST_HEAD_DEADLINE));
        let mut waits = true;
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                () = self.shutdown.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    break tokio::time::timeout(LAST_WORDS, connection).await.unwrap_or(Ok(()));
                }
                () = seat.asked_to_leave() => return tracing::debug!("a caller without a key made room for another one"),
                () = first_head.as_mut(), if waits => {
                    waits = false;
                    if !heard.load(Ordering::Relaxed) {
                        return tracing::debug!("a connection was let go: nothing was asked in time");
                    }
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

/// Where connections come in one after the other.
trait Listens: Sync {
    type Arrival: Send;

    fn arrive(&self) -> impl Future<Output = io::Result<Self::Arrival>> + Send;
}

impl Listens for TcpListener {
    type Arrival = (TcpStream, SocketAddr);

    fn arrive(&self) -> impl Future<Output = io::Result<Self::Arrival>> + Send {
        self.accept()
    }
}

#[cfg(unix)]
impl Listens for tokio::net::UnixListener {
    type Arrival = (tokio::net::UnixStream, tokio::net::unix::SocketAddr);

    fn arrive(&self) -> impl Future<Output = io::Result<Self::Arrival>> + Send {
        self.accept()
    }
}

/// How a connection came in.
#[derive(Debug)]
struct Entrance {
    peer: Peer,
    seat: Arc<Seat>,
    /// Of a TCP connection, from which its program can be found.
    ends: Option<Ends>,
    /// By which we may be asked here, where that depends on the address.
    names: Option<Arc<Names>>,
}

impl Entrance {
    fn mark(&self, mut request: Request) -> Request {
        let marks = request.extensions_mut();
        marks.insert(self.peer.clone());
        marks.insert(self.seat.clone());
        if let Some(ends) = self.ends {
            marks.insert(ends);
        }
        if let Some(names) = &self.names {
            marks.insert(names.clone());
        }
        request
    }
}

fn tune(stream: &TcpStream) {
    // Without it, small answers wait for the peer's delayed acknowledgements.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    if let Err(error) = SockRef::from(stream).set_send_buffer_size(SEND_BUFFER) {
        tracing::debug!(%error, "the send buffer could not be bounded");
    }
}

/// Whose connection it is, where the system tells.
#[cfg(target_os = "linux")]
fn local_source(stream: &TcpStream, from: SocketAddr) -> Source {
    let owner = stream.local_addr().ok().and_then(|here| owner::uid(from, here));
    owner.map_or_else(|| Source::address(from.ip()), Source::User)
}

#[cfg(not(target_os = "linux"))]
fn local_source(_: &TcpStream, from: SocketAddr) -> Source {
    Source::address(from.ip())
}
