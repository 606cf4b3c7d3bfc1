//! A channel's present socket as its driver holds it, and the tasks that serve it.

use crate::clock::Clock;
use crate::outbox::flight::Ticket;
use crate::outbox::verdict::Verdict;
use domain::Phone;
use socket::{EVENT_CAPACITY, Opening, Socket, SocketEvent, SocketFactory};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A socket on its way up holds its place at the gate until it is up (or down), but not longer than this: sockets
/// that hang must not keep the others from trying.
const AT_THE_GATE: Duration = Duration::from_secs(1);

/// One socket from the decision to open it to its end. Its own event channel keeps it apart from every other one:
/// when the line is dropped, nothing of this socket comes through any more and its tasks end.
pub(crate) struct Line {
    pub generation: u64,
    pub socket: Option<Arc<dyn Socket>>,
    events: mpsc::Receiver<SocketEvent>,
    closing: bool,
    /// Cancels the courier.
    courier: Option<DropGuard>,
    /// Cancelled when it is to be closed before it was opened.
    unwanted: CancellationToken,
    /// Cancelled when it is up, or shows something.
    settled: CancellationToken,
    /// Cancelled with the line.
    ended: CancellationToken,
    _end: DropGuard,
}

/// What a task tells its driver.
pub(crate) enum Done {
    Opened {
        generation: u64,
        socket: Arc<dyn Socket>,
    },
    /// Closed before it was opened.
    NeverOpened {
        generation: u64,
    },
    LogoutTold {
        generation: u64,
    },
    CodeRefused {
        generation: u64,
    },
    Shred {
        ok: bool,
    },
    /// The ledger knows of another holder of the channel.
    Fenced,
    /// The courier's try to send a message came to nothing.
    Judged {
        ticket: Ticket,
        verdict: Verdict,
    },
}

/// Results that may wait for a busy driver; there is hardly ever more than one. When it is full whoever has one waits.
pub(crate) const DONE_WAITING: usize = 16;

/// What a line needs of the engine.
#[derive(Clone)]
pub(crate) struct Yard {
    pub factory: Arc<dyn SocketFactory>,
    pub gate: Arc<Semaphore>,
    pub tracker: TaskTracker,
    pub done: mpsc::Sender<Done>,
    pub clock: Clock,
}

impl Line {
    /// Starts to open a socket. `opening` gets its event channel here.
    pub fn open(yard: &Yard, generation: u64, make: impl FnOnce(mpsc::Sender<SocketEvent>) -> Opening) -> Self {
        let (sender, events) = mpsc::channel(EVENT_CAPACITY);
        let opening = make(sender);
        let (unwanted, settled, ended) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let line = Line {
            generation,
            socket: None,
            events,
            closing: false,
            courier: None,
            unwanted: unwanted.clone(),
            settled: settled.clone(),
            _end: ended.clone().drop_guard(),
            ended: ended.clone(),
        };
        let Yard { factory, gate, tracker, done, clock } = yard.clone();
        tracker.spawn(async move {
            let place = tokio::select! {
                place = gate.acquire_owned() => place.ok(),
                () = unwanted.cancelled() => {
                    // The driver has gone; so has the need to tell it.
                    let _ = done.send(Done::NeverOpened { generation }).await;
                    return;
                }
                () = ended.cancelled() => return,
            };
            // Not cut short: a socket half made would be nobody's.
            let socket: Arc<dyn Socket> = Arc::from(factory.open(opening).await);
            if ended.is_cancelled() || done.send(Done::Opened { generation, socket: socket.clone() }).await.is_err() {
                socket.close().await;
                return;
            }
            drop(socket);
            // A longer stay is cut short.
            clock.timeout(AT_THE_GATE, ended.run_until_cancelled(settled.cancelled())).await;
            drop(place);
        });
        line
    }

    /// The next events, appended to `into`; 0 when the socket has gone without a word. Waits for ever without a line.
    pub async fn next(line: &mut Option<Line>, into: &mut Vec<SocketEvent>) -> usize {
        match line {
            Some(line) => line.events.recv_many(into, EVENT_CAPACITY).await,
            None => pending().await,
        }
    }

    /// It needs no place at the gate any more.
    pub fn settle(&self) {
        self.settled.cancel();
    }

    /// The factory's answer. One that is not wanted any more is closed at once.
    pub fn opened(&mut self, yard: &Yard, socket: Arc<dyn Socket>) {
        self.socket = Some(socket);
        if self.closing {
            self.call_close(yard);
        }
    }

    /// Closes in good order; `Closed` follows as an event (or [`Done::NeverOpened`]).
    pub fn close(&mut self, yard: &Yard) {
        self.closing = true;
        self.unwanted.cancel();
        self.call_close(yard);
    }

    fn call_close(&self, yard: &Yard) {
        if let Some(socket) = self.socket.clone() {
            self.spawn(yard, async move { socket.close().await });
        }
    }

    pub fn log_out(&self, yard: &Yard) {
        let (done, generation, socket) = (yard.done.clone(), self.generation, self.socket.clone());
        self.spawn(yard, async move {
            if let Some(socket) = socket
                && let Err(error) = socket.logout().await
            {
                tracing::info!(%error, "WhatsApp could not be told of the logout");
            }
            let _ = done.send(Done::LogoutTold { generation }).await;
        });
    }

    pub fn ask_code(&self, yard: &Yard, phone: Phone) {
        let (done, generation, socket) = (yard.done.clone(), self.generation, self.socket.clone());
        self.spawn(yard, async move {
            let asked = match socket {
                Some(socket) => socket.request_pairing_code(phone).await.is_ok(),
                None => false,
            };
            if !asked {
                let _ = done.send(Done::CodeRefused { generation }).await;
            }
        });
    }

    /// The socket for a courier, and what ends it: the line's end, or [`Line::dismiss_courier`]. `None` when there is
    /// one already, or nothing to serve.
    pub fn engage_courier(&mut self) -> Option<(Arc<dyn Socket>, CancellationToken)> {
        if self.closing || self.courier.is_some() {
            return None;
        }
        let socket = self.socket.clone()?;
        let dismissed = CancellationToken::new();
        self.courier = Some(dismissed.clone().drop_guard());
        Some((socket, dismissed))
    }

    /// Nothing more is sent. What was not answered goes out with a later socket.
    pub fn dismiss_courier(&mut self) {
        self.courier = None;
    }

    /// Runs `task` until its end or that of the line.
    fn spawn(&self, yard: &Yard, task: impl Future<Output = ()> + Send + 'static) {
        let ended = self.ended.clone();
        yard.tracker.spawn(async move { ended.run_until_cancelled(task).await });
    }
}
